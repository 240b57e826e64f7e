"""What there is of a deployment: in its stacks, made at run time, and left behind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from tenantry.operate.teardown.names import Form
from tenantry.operate.teardown.removal import REMOVALS, WITH_ANOTHER, Hand
from tenantry.operate.teardown.removal.buckets import regional
from tenantry.operate.teardown.removal.devices import attached, thing_types, things
from tenantry.operate.teardown.removal.hand import ABSENT, code, if_there

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tenantry.model.stores import Store
    from tenantry.operate.stacks import Resource
    from tenantry.operate.teardown.deployment import Deployment

UNKNOWN_KIND: Final = "this version cannot remove this type; remove it manually"
_NO_LONGER: Final = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
#: Kinds of which each thing says by its tag whose it is.
TAGGED: Final = frozenset({"AWS::ApiGateway::ApiKey", "AWS::IoT::ThingType", "AWS::S3::Bucket"})
STACK: Final = "AWS::CloudFormation::Stack"
UNFILLED: Final = "nothing was ever deployed into it, so its owner is unknown; if it is not in use, delete it"
UNCLEAR: Final = "its name matches another application in this account too, so its owner is unknown"


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that is there.

    Attributes
    ----------
    kind
        Its CloudFormation type.
    id
        What its service finds it by.
    name
        What people call it.
    holds
        What it holds, as far as it was declared.
    amount
        How much.
    """

    kind: str
    id: str
    name: str
    holds: str = ""
    amount: str = ""


@dataclass(frozen=True, kw_only=True)
class Left:
    """Something that stays, and why."""

    kind: str
    name: str
    why: str


def in_stacks(hand: Hand, deployment: Deployment) -> list[Item]:
    """List the stores that the stacks have made."""
    found = [
        (resource, _holds(stack.stores(), resource))
        for stack in deployment.live
        for resource in stack.resources
        if resource.kind in REMOVALS
    ]
    return _there(hand, [Item(kind=one.kind, id=one.id, name=_name(one.id), holds=holds) for one, holds in found])


def left_behind(hand: Hand, deployment: Deployment) -> tuple[list[Item], list[Left]]:
    """List what stacks have left behind when they were updated, rolled back or deleted, and what nobody can remove."""
    now = {resource.id for stack in deployment.live for resource in stack.resources}
    items = dict[tuple[str, str], Item]()
    left = [Left(kind=STACK, name=name, why=UNFILLED) for name in deployment.unfilled]
    for stack in (*deployment.live, *deployment.gone):
        for resource in stack.kept:
            if resource.id in now or resource.kind in WITH_ANOTHER:
                continue
            if resource.kind not in REMOVALS:
                if not _is_gone(hand, resource):
                    left.append(Left(kind=resource.kind, name=resource.id, why=UNKNOWN_KIND))
                continue
            holds = _holds(stack.stores(), resource)
            items[resource.kind, resource.id] = Item(
                kind=resource.kind, id=resource.id, name=_name(resource.id), holds=holds
            )
    there = _there(hand, items.values())
    # One that another stack has taken over by an import is that stack's.
    return [item for item in there if not _is_anothers(hand, deployment, item.id)], left


def made_later(hand: Hand, deployment: Deployment) -> tuple[list[Item], list[Left]]:
    """List what was made at run time, by the declared forms of names, and what may be another application's."""
    stacks = (*deployment.live, *deployment.gone)
    own = {resource.id for stack in stacks for resource in stack.resources}
    declared = dict.fromkeys((of, store) for stack in stacks for of, store in stack.stores() if store.kind)
    candidates = _Candidates(hand, deployment.mark.name)
    items, left = dict[tuple[str, str], Item](), list[Left]()
    for of, store in declared:
        if store.kind in WITH_ANOTHER:
            continue
        if store.kind not in REMOVALS:
            left.append(Left(kind=store.kind, name=store.name, why=UNKNOWN_KIND))
            continue
        form = Form.of(store.kind, store.name, {**deployment.known, **({"id": of} if of else {})})
        for found_id, name in candidates.of(store, of, form):
            owner = _owner(hand, deployment, form, found_id, name)
            if found_id in own or owner is _Owner.ANOTHER:
                continue
            if owner is _Owner.UNCLEAR:
                if not _is_anothers(hand, deployment, found_id):
                    left.append(Left(kind=store.kind, name=name, why=_unclear(store.kind, deployment.mark.name)))
                continue
            items[store.kind, found_id] = Item(kind=store.kind, id=found_id, name=name, holds=store.holds)
    there = _there(hand, items.values())
    # A name of the form that some stack has made was not made at run time.
    return [item for item in there if not _is_anothers(hand, deployment, item.id)], left


class _Owner(Enum):
    """Whose something is."""

    SELF = auto()
    ANOTHER = auto()
    UNCLEAR = auto()


def _owner(hand: Hand, deployment: Deployment, form: Form, found_id: str, name: str) -> _Owner:
    """Return whose something is: its tag decides, and where it has none, the form that says more of its name.

    Of a kind that carries tags, one without is nobody's who could prove it: an older version has made it, perhaps a
    neighbour's, or a person.
    """
    rivals = [other for other in deployment.neighbours if other.kind == form.kind and other.matches(name)]
    tagged = _application(hand, deployment, form.kind, found_id)
    if tagged:
        return _Owner.SELF if tagged == deployment.mark.name else _Owner.ANOTHER
    if any(other.fixed > form.fixed for other in rivals):
        return _Owner.ANOTHER
    is_unclear = form.kind in TAGGED or any(other.fixed == form.fixed for other in rivals)
    return _Owner.UNCLEAR if is_unclear else _Owner.SELF


def _unclear(kind: str, app: str) -> str:
    if kind not in TAGGED:
        return UNCLEAR
    return (
        f"it carries no tag 'application', so its owner is unknown. If it is {app}'s, tag it "
        f"application={app} and run this again; if not, tag it with another name"
    )


def _application(hand: Hand, deployment: Deployment, kind: str, found_id: str) -> str:
    """Return the application that something is tagged with, where the kind has such tags."""
    place = f"{deployment.partition}:iot:{deployment.region}:{deployment.account}"
    try:
        match kind:
            case "AWS::ApiGateway::ApiKey":
                return hand.aws.apigateway.get_api_key(apiKey=found_id).get("tags", {}).get("application", "")
            case "AWS::S3::Bucket":
                tags = hand.aws.s3.get_bucket_tagging(Bucket=found_id, ExpectedBucketOwner=hand.account)["TagSet"]
                return next((tag["Value"] for tag in tags if tag["Key"] == "application"), "")
            case "AWS::IoT::ThingType":
                arn = f"arn:{place}:thingtype/{found_id}"
                listing = hand.aws.iot.get_paginator("list_tags_for_resource").paginate(resourceArn=arn)
                found = (tag for page in listing for tag in page["tags"] if tag["Key"] == "application")
                return next((tag.get("Value", "") for tag in found), "")
    except ClientError as error:
        # Who may not ask cannot prove it either.
        if code(error) not in ABSENT | {"NoSuchTagSet", "AccessDenied"}:
            raise
    return ""


class _Candidates:
    """Lists what is in the account, each kind once."""

    def __init__(self, hand: Hand, app: str) -> None:
        self._hand = hand
        self._app = app
        self._listed = dict[str, list[tuple[str, str]]]()

    def of(self, store: Store, of: str, form: Form) -> list[tuple[str, str]]:
        """List the ids and names of what has the form."""
        match store.kind:
            case "AWS::IAM::AccessKey":
                return _access_keys(self._hand, of)
            case "AWS::IoT::Certificate":
                return [(found, found) for found in attached(self._hand, of)]
            case "AWS::Logs::LogGroup":
                return [(form.text, form.text)]  # whether it is there is asked later
        if store.kind not in self._listed:
            self._listed[store.kind] = list(self._all(store.kind))
        return [(found, name) for found, name in self._listed[store.kind] if form.matches(name)]

    def _all(self, kind: str) -> Iterator[tuple[str, str]]:
        hand, aws = self._hand, self._hand.aws
        match kind:
            case "AWS::S3::Bucket":
                yield from ((name, name) for name in regional(hand))
            case "AWS::IoT::Thing":
                yield from ((name, name) for name in things(hand))
            case "AWS::IoT::ThingType":
                yield from ((name, name) for name in thing_types(hand, self._app))
            case "AWS::KMS::Alias":
                for aliases in aws.kms.get_paginator("list_aliases").paginate():
                    yield from ((alias["AliasName"], alias["AliasName"]) for alias in aliases["Aliases"])
            case "AWS::SNS::Topic":
                for topics in aws.sns.get_paginator("list_topics").paginate():
                    yield from ((topic["TopicArn"], _name(topic["TopicArn"])) for topic in topics["Topics"])
            case "AWS::ApiGateway::ApiKey":
                for keys in aws.apigateway.get_paginator("get_api_keys").paginate():
                    yield from ((key["id"], key["name"]) for key in keys["items"])


def _access_keys(hand: Hand, user: str) -> list[tuple[str, str]]:
    keys = if_there(lambda: hand.aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]) or []
    return [(f"{user}/{key['AccessKeyId']}", f"{user}/{key['AccessKeyId']}") for key in keys]


def _there(hand: Hand, items: Iterable[Item]) -> list[Item]:
    order = list(REMOVALS)
    counted = (
        (item, REMOVALS[item.kind].amount(hand, item.id))
        for item in sorted(items, key=lambda item: (order.index(item.kind), item.name))
    )
    return [replace(item, amount=amount) for item, amount in counted if amount is not None]


def _is_gone(hand: Hand, resource: Resource) -> bool:
    """Whether AWS says of something of any kind that it is not there; where it does not know, it may be.

    Source: https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_GetResource.html
    """
    try:
        hand.aws.client("cloudcontrol").get_resource(TypeName=resource.kind, Identifier=resource.id)
    except ClientError as error:
        return code(error) == "ResourceNotFoundException"
    except BotoCoreError:
        return False
    return False


def _is_anothers(hand: Hand, deployment: Deployment, physical_id: str) -> bool:
    """Whether a stack of somebody else's has it now; CloudFormation also names the deleted stack that had it once.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
    """
    own = {stack.id for stack in (*deployment.live, *deployment.gone)}
    try:
        found = hand.aws.cloudformation.describe_stack_resources(PhysicalResourceId=physical_id)["StackResources"]
    except ClientError as error:
        if code(error) != "ValidationError":
            raise
        return False  # no stack has it
    return any(
        resource.get("PhysicalResourceId") == physical_id
        and resource.get("StackId") not in own
        and resource["ResourceStatus"] not in _NO_LONGER
        for resource in found
    )


def _holds(stores: Iterable[tuple[str, Store]], resource: Resource) -> str:
    return next((store.holds for of, store in stores if of == resource.id and not store.kind), "")


def _name(physical_id: str) -> str:
    """Return the short name in an ARN or a queue's URL."""
    return physical_id.rpartition("/")[2] if "://" in physical_id else physical_id.rpartition(":")[2]
