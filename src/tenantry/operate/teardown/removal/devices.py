"""Tenants' servers in AWS IoT: things, their certificates, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tenantry.operate.teardown.removal.hand import ABSENT, Hand, Removal, code, once_detached

if TYPE_CHECKING:
    from collections.abc import Iterator

_CERTIFICATE: Final = ":cert/"
# A thing's attribute with the id of the certificate that is being removed.
_UNDER_WAY: Final = "teardown"
_ATTACHED: Final = frozenset({"DeleteConflictException", "InvalidRequestException"})
_SECONDS: Final = 20
# AWS deletes a thing type five minutes after it was deprecated. https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteThingType.html
_DEPRECATED_SECONDS: Final = 330


def things(hand: Hand) -> Iterator[str]:
    """List the names of all things."""
    for page in hand.aws.iot.get_paginator("list_things").paginate():
        yield from (thing["thingName"] for thing in page["things"])


def thing_types(hand: Hand, app: str) -> Iterator[str]:
    """List the types of whichever maker, but for those that only others' things have now."""
    for page in hand.aws.iot.get_paginator("list_thing_types").paginate():
        for kind in page["thingTypes"]:
            name = kind["thingTypeName"]
            used = hand.aws.iot.list_things(thingTypeName=name)["things"]
            if not used or any(thing["thingName"].startswith(f"{app}:") for thing in used):
                yield name


def attached(hand: Hand, policy: str) -> Iterator[str]:
    """List the ids of certificates that a policy is attached to."""
    try:
        for page in hand.aws.iot.get_paginator("list_targets_for_policy").paginate(policyName=policy):
            yield from (arn.rpartition("/")[2] for arn in page["targets"] if _CERTIFICATE in arn)
    except ClientError as error:
        if code(error) not in ABSENT:
            raise


def _thing(hand: Hand, thing: str) -> str | None:
    try:
        hand.aws.iot.describe_thing(thingName=thing)
    except ClientError as error:
        if code(error) in ABSENT:
            return None
        raise
    return f"{len(_principals(hand, thing))} certificates"


def _principals(hand: Hand, thing: str) -> list[str]:
    listing = hand.aws.iot.get_paginator("list_thing_principals")
    return [arn for page in listing.paginate(thingName=thing) for arn in page["principals"]]


def _remove_thing(hand: Hand, thing: str) -> None:
    """Remove a thing with its certificates.

    A certificate can be deleted only once it is detached, and a revoked one has no policy either that would lead to
    it. So the thing itself notes the one that is under way: whoever was stopped in between finds it there.
    """
    iot = hand.aws.iot
    try:
        noted = iot.describe_thing(thingName=thing).get("attributes", {}).get(_UNDER_WAY)
    except ClientError as error:
        if code(error) in ABSENT:
            return
        raise
    if noted:
        _remove_unless_used(hand, noted)
    for arn in _principals(hand, thing):
        if _CERTIFICATE in arn:
            note = {"attributes": {_UNDER_WAY: arn.rpartition("/")[2]}, "merge": True}
            iot.update_thing(thingName=thing, attributePayload=note)  # type: ignore[arg-type]
        iot.detach_thing_principal(thingName=thing, principal=arn)
        if _CERTIFICATE in arn:
            _remove_unless_used(hand, arn.rpartition("/")[2])
    once_detached(lambda: iot.delete_thing(thingName=thing), refusals=_ATTACHED, seconds=_SECONDS)


def _remove_unless_used(hand: Hand, certificate: str) -> None:
    """Remove a certificate that no other thing has."""
    try:
        found = hand.aws.iot.describe_certificate(certificateId=certificate)["certificateDescription"]
    except ClientError as error:
        if code(error) in ABSENT:
            return
        raise
    if not hand.aws.iot.list_principal_things(principal=found["certificateArn"])["things"]:
        _remove_certificate(hand, certificate)


def _certificate(hand: Hand, certificate: str) -> str | None:
    try:
        found = hand.aws.iot.describe_certificate(certificateId=certificate)["certificateDescription"]
    except ClientError as error:
        if code(error) in ABSENT:
            return None
        raise
    return found["status"].lower()


def _remove_certificate(hand: Hand, certificate: str) -> None:
    iot = hand.aws.iot
    try:
        arn = iot.describe_certificate(certificateId=certificate)["certificateDescription"]["certificateArn"]
    except ClientError as error:
        if code(error) in ABSENT:
            return
        raise
    iot.update_certificate(certificateId=certificate, newStatus="INACTIVE")
    # Its policy stays attached, which the deletion is forced over: through it whoever was stopped finds it again.
    # https://docs.aws.amazon.com/iot/latest/apireference/API_DeleteCertificate.html
    for thing in iot.list_principal_things(principal=arn)["things"]:
        iot.detach_thing_principal(thingName=thing, principal=arn)
    once_detached(
        lambda: iot.delete_certificate(certificateId=certificate, forceDelete=True),
        refusals=_ATTACHED,
        seconds=_SECONDS,
    )


def _thing_type(hand: Hand, name: str) -> str | None:
    try:
        hand.aws.iot.describe_thing_type(thingTypeName=name)
    except ClientError as error:
        if code(error) in ABSENT:
            return None
        raise
    return ""


def _deprecate(hand: Hand, name: str) -> bool:
    """Deprecate a type that no thing has, and return whether there is one."""
    iot = hand.aws.iot
    if iot.list_things(thingTypeName=name, maxResults=1)["things"]:
        return False
    try:
        found = iot.describe_thing_type(thingTypeName=name)
        # Not twice: the five minutes might begin anew.
        if not found.get("thingTypeMetadata", {}).get("deprecated"):
            iot.deprecate_thing_type(thingTypeName=name)
    except ClientError as error:
        if code(error) in ABSENT:
            return False
        raise
    return True


def _remove_thing_type(hand: Hand, name: str) -> None:
    """Remove a tenant's type, unless another application has servers of a tenant with this id."""
    iot = hand.aws.iot
    if not _deprecate(hand, name):
        return
    hand.tell(f"{name}: AWS deletes a deprecated thing type after five minutes")
    once_detached(
        lambda: iot.delete_thing_type(thingTypeName=name), refusals=_ATTACHED, seconds=_DEPRECATED_SECONDS, pause=10
    )


THING: Final = Removal(amount=_thing, remove=_remove_thing)
CERTIFICATE: Final = Removal(amount=_certificate, remove=_remove_certificate)
THING_TYPE: Final = Removal(amount=_thing_type, remove=_remove_thing_type, announce=_deprecate)
