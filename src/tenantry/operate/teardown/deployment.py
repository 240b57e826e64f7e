"""What is deployed of an application, as CloudFormation knows it: stacks, their declarations, and what they left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import APPLICATION, STORES, Application, Store
from tenantry.operate.commands import CommandError
from tenantry.operate.stacks import Resource, resources
from tenantry.operate.teardown.names import Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tenantry.operate.aws import Aws

GONE: Final = "DELETE_COMPLETE"
_KEPT: Final = "DELETE_SKIPPED"
_BUSY: Final = "_IN_PROGRESS"
# What is under way leads to the end that is wanted.
_GOING: Final = "DELETE_IN_PROGRESS"
# A change set that makes it was never executed: there is nothing in it, and no template.
_UNFILLED: Final = "REVIEW_IN_PROGRESS"
# What such a stack has made is there, and stays.
_SETTLED: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)


class TeardownRefusedError(CommandError):
    """Nothing is torn down; the message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack, which may be deleted by now: CloudFormation remembers it for 90 days.

    Attributes
    ----------
    name, id, status
        What CloudFormation calls it, and how it is.
    mark
        Whose it is.
    template
        What it was made from.
    exports
        Names of what it exports.
    resources
        What it is made of now.
    kept
        What an update, a rollback or its deletion has left behind.
    physical
        By logical id, what its resources are or were called.
    """

    name: str
    id: str
    status: str
    mark: Application
    template: Mapping[str, Any]
    exports: frozenset[str] = frozenset()
    resources: tuple[Resource, ...] = ()
    kept: tuple[Resource, ...] = ()
    physical: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def imports(self) -> frozenset[str]:
        """Names of other stacks' exports that it uses."""
        return frozenset(_imports(self.template))

    @property
    def retained(self) -> tuple[Resource, ...]:
        """What its deletion would leave behind."""
        declared = self.template.get("Resources", {})
        return tuple(
            resource
            for resource in self.resources
            if str(declared.get(resource.logical_id, {}).get("DeletionPolicy", "")).startswith("Retain")
        )

    def stores(self) -> Iterator[tuple[str, Store]]:
        """List what it declares: the resource's physical id, or nothing, and the declaration."""
        for declared in self.template.get("Metadata", {}).get(STORES, []):
            yield "", Store.read(declared)
        for logical_id, resource in self.template.get("Resources", {}).items():
            for declared in resource.get("Metadata", {}).get(STORES, []):
                for physical_id in sorted(self.physical.get(logical_id, ())):
                    yield physical_id, Store.read(declared)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """All that CloudFormation knows of one application in an account and region.

    Attributes
    ----------
    mark
        Whose deployment it is.
    account, region, partition
        Where it is.
    live, gone
        Its stacks, and those that are deleted.
    neighbours
        The forms of other applications' names.
    log_roles
        Settled stacks of others with a role for API Gateway's logs, and its logical id.
    unfilled
        Names of stacks without anything in them, which have the form of the application's.
    """

    mark: Application
    account: str
    region: str
    partition: str
    live: tuple[Stack, ...]
    gone: tuple[Stack, ...]
    neighbours: tuple[Form, ...]
    log_roles: tuple[tuple[str, str], ...] = ()
    unfilled: tuple[str, ...] = ()

    @property
    def known(self) -> Mapping[str, str]:
        """What forms of names are filled in with."""
        return {"account": self.account, "region": self.region, "partition": self.partition}


def find(aws: Aws, app: str, environment: str) -> Deployment:
    """Find an application's stacks.

    Raises
    ------
    TeardownRefusedError
        There are none, they are another environment's, its data is to be kept, they are being deployed, or some stack
        does not say whose it is or says it in a way that this version cannot read.
    """
    identity = aws.sts.get_caller_identity()
    live, gone, neighbours, log_roles = list[Stack](), list[Stack](), list[Form](), list[tuple[str, str]]()
    unmarked, unfilled = list[str](), list[str]()
    place = {"account": identity["Account"], "region": aws.region, "partition": identity["Arn"].split(":")[1]}
    for name, stack_id, status, exports in (*_live(aws), *_deleted(aws, app)):
        if status == _UNFILLED:
            unfilled += [name] if _is_named(name, app) else []
            continue
        template = _template(aws, stack_id)
        mark = _mark(name, template)
        if (mark is None or mark.name != app) and status in _SETTLED:
            log_roles += [(stack_id, logical_id) for logical_id in _log_roles(template)]
        if mark is None:
            unmarked += [name] if status != GONE and _is_named(name, app) else []
        elif mark.name == app:
            found = _stack(aws, name, stack_id=stack_id, status=status, mark=mark, template=template, exports=exports)
            (gone if status == GONE else live).append(found)
        else:
            neighbours += _forms(name, template, place)
    _check(app, environment, [*live, *gone], unmarked)
    return Deployment(
        mark=(live or gone)[0].mark,
        **place,
        live=tuple(live),
        gone=tuple(gone),
        neighbours=tuple(dict.fromkeys(neighbours)),
        log_roles=tuple(log_roles),
        unfilled=tuple(unfilled),
    )


def _check(app: str, environment: str, stacks: list[Stack], unmarked: list[str]) -> None:
    if unmarked:
        raise TeardownRefusedError(
            f"These stacks do not say whose they are, and have names as those of '{app}': {', '.join(unmarked)}. "
            "Deploy them once with this version. A stack of another application says so in its template's Metadata: "
            f'"{APPLICATION}": {{"name": "another", "environment": "another"}}, in JSON.'
        )
    if not stacks:
        raise TeardownRefusedError(f"This account and region have no stack of '{app}', and never had one.")
    for stack in stacks:
        mark = stack.mark
        if mark.environment != environment:
            raise TeardownRefusedError(
                f"The stack {stack.name} ({stack.status}) is of the environment '{mark.environment}', not of "
                f"'{environment}'. What both make at run time cannot be told apart, so nothing is touched."
            )
        if not mark.ephemeral:
            raise TeardownRefusedError(f"The environment '{mark.environment}' keeps its data: {stack.name} says so.")
        if stack.status.endswith(_BUSY) and stack.status != _GOING:
            raise TeardownRefusedError(
                f"The stack {stack.name} is being changed ({stack.status}). Wait until this has finished."
            )


def _is_named(stack: str, app: str) -> bool:
    return stack == app or stack.startswith(f"{app}-")


def _live(aws: Aws) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    for page in aws.cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            exports = (output.get("ExportName") for output in stack.get("Outputs", []))
            yield stack["StackName"], stack["StackId"], stack["StackStatus"], frozenset(filter(None, exports))


def _deleted(aws: Aws, app: str) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    listing = aws.cloudformation.get_paginator("list_stacks")
    for page in listing.paginate(StackStatusFilter=[GONE]):
        for stack in page["StackSummaries"]:
            if _is_named(stack["StackName"], app):
                yield stack["StackName"], stack["StackId"], GONE, frozenset()


def _template(aws: Aws, stack_id: str) -> Mapping[str, Any]:
    try:
        body = aws.cloudformation.get_template(StackName=stack_id)["TemplateBody"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return {}  # one that was deleted before it had any
    # The SDK reads JSON; what is YAML no CDK has written.
    return body if isinstance(body, dict) else {}


def _mark(stack: str, template: Mapping[str, Any]) -> Application | None:
    declared = template.get("Metadata", {}).get(APPLICATION)
    try:
        return Application.read(declared) if declared else None
    except ValueError as error:
        raise _unreadable(stack, error) from error


def _unreadable(stack: str, error: ValueError) -> TeardownRefusedError:
    return TeardownRefusedError(
        f"This version cannot read what the stack {stack} declares, so that nobody can tell whose things are: {error}. "
        "Use the version that has deployed it, or a newer one."
    )


def _log_roles(template: Mapping[str, Any]) -> Iterator[str]:
    for resource in template.get("Resources", {}).values():
        if resource.get("Type") == "AWS::ApiGateway::Account":
            role = resource.get("Properties", {}).get("CloudWatchRoleArn")
            if isinstance(role, dict) and "Fn::GetAtt" in role:
                yield role["Fn::GetAtt"][0]


def _forms(stack: str, template: Mapping[str, Any], place: Mapping[str, str]) -> list[Form]:
    entries = list(template.get("Metadata", {}).get(STORES, []))
    for resource in template.get("Resources", {}).values():
        entries += resource.get("Metadata", {}).get(STORES, [])
    try:
        stores = [store for store in map(Store.read, entries) if TENANT_IN_NAME in store.name]
    except ValueError as error:
        raise _unreadable(stack, error) from error
    return [Form.of(store.kind, store.name, place) for store in stores]


def _stack(
    aws: Aws,
    name: str,
    *,
    stack_id: str,
    status: str,
    mark: Application,
    template: Mapping[str, Any],
    exports: frozenset[str],
) -> Stack:
    _forms(name, template, {})  # refuses what it cannot read
    now = () if status == GONE else tuple(resources(aws, [stack_id]))
    kept = dict[str, Resource]()
    physical = dict[str, set[str]]()
    for found in now:
        physical.setdefault(found.logical_id, set()).add(found.id)
    for page in aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            logical_id, found_id = event["LogicalResourceId"], event.get("PhysicalResourceId")
            if not found_id:
                continue
            physical.setdefault(logical_id, set()).add(found_id)
            if event.get("ResourceStatus") == _KEPT:
                kept[found_id] = Resource(name, event["ResourceType"], logical_id, found_id)
    for found in now:
        kept.pop(found.id, None)
    return Stack(
        name=name,
        id=stack_id,
        status=status,
        mark=mark,
        template=template,
        exports=exports,
        resources=now,
        kept=tuple(kept.values()),
        physical={logical_id: frozenset(ids) for logical_id, ids in physical.items()},
    )


def _imports(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a template
    if isinstance(value, dict):
        if isinstance(value.get("Fn::ImportValue"), str):
            yield value["Fn::ImportValue"]
        for part in value.values():
            yield from _imports(part)
    elif isinstance(value, list):
        for part in value:
            yield from _imports(part)
