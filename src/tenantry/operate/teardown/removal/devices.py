"""Tenants' servers in AWS IoT: things, their certificates, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.operate.teardown.removal.hand import Hand, Removal, if_there, once_detached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_iot.type_defs import CertificateDescriptionTypeDef

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
    pages = hand.aws.iot.get_paginator("list_targets_for_policy").paginate(policyName=policy)
    arns = if_there(lambda: [arn for page in pages for arn in page["targets"]]) or []
    return (arn.rpartition("/")[2] for arn in arns if _CERTIFICATE in arn)


def _thing(hand: Hand, thing: str) -> str | None:
    if if_there(lambda: hand.aws.iot.describe_thing(thingName=thing)) is None:
        return None
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
    found = if_there(lambda: iot.describe_thing(thingName=thing))
    if found is None:
        return
    if noted := found.get("attributes", {}).get(_UNDER_WAY):
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
    found = _described(hand, certificate)
    if found and not hand.aws.iot.list_principal_things(principal=found["certificateArn"])["things"]:
        _remove_certificate(hand, certificate)


def _described(hand: Hand, certificate: str) -> CertificateDescriptionTypeDef | None:
    iot = hand.aws.iot
    return if_there(lambda: iot.describe_certificate(certificateId=certificate)["certificateDescription"])


def _certificate(hand: Hand, certificate: str) -> str | None:
    found = _described(hand, certificate)
    return found["status"].lower() if found else None


def _remove_certificate(hand: Hand, certificate: str) -> None:
    iot, found = hand.aws.iot, _described(hand, certificate)
    if not found:
        return
    arn = found["certificateArn"]
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
    return None if if_there(lambda: hand.aws.iot.describe_thing_type(thingTypeName=name)) is None else ""


def _deprecate(hand: Hand, name: str) -> bool:
    """Deprecate a type that no thing has, and return whether there is one."""
    iot = hand.aws.iot
    if iot.list_things(thingTypeName=name, maxResults=1)["things"]:
        return False
    found = if_there(lambda: iot.describe_thing_type(thingTypeName=name))
    if found is None:
        return False
    # Not twice: the five minutes might begin anew.
    if not found.get("thingTypeMetadata", {}).get("deprecated"):
        return if_there(lambda: iot.deprecate_thing_type(thingTypeName=name)) is not None
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
