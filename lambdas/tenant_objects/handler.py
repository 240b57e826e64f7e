"""Stores, lists and reads the caller's objects, in the partition mode that the request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import boto3

from tenant_objects.onboarding import Onboarding, OnboardingFailedError
from tenant_objects.partitions import (
    DocumentedPartition,
    NotOnboardedError,
    Partition,
    PlainPartition,
    TaggedPartition,
)
from tenantry.model.errors import BadRequestError, ForbiddenError
from tenantry.model.placeholders import name_for_tenant
from tenantry.runtime.inputs import Input
from tenantry.runtime.replies import StatusReplies
from tenantry.runtime.rest import Request, RestSettings, created, rest_handler
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from tenantry.model.caller import TenantCaller


class _Settings(RestSettings):
    prefix_bucket: str
    tag_bucket: str
    documents_bucket: str
    documents_table: str
    tenant_bucket: str  # with {tenant} in it
    access_point_arn: str  # with {tenant} in it
    provisioner: str


class NewObject(Input, frozen=True):
    """The body of a PUT."""

    key: str
    value: str


_MOST_NAMES: Final = 10_000
settings = _Settings.load()
vendor = TokenVendor.from_environment()
onboarding = Onboarding(boto3.client("lambda"), settings.provisioner)


_MODES: Final = frozenset({"bucket", "prefix", "tag", "access_point", "db_nosql"})
_BUCKET: Final = "bucket"
_OWN: Final = frozenset({_BUCKET, "access_point"})  # where what is written to is made for the tenant alone


def _partition(mode: str, caller: TenantCaller) -> Partition:
    """Return the partition of a mode, with credentials vended for the caller and the mode."""
    tenant, prefix = caller.tenant_id, f"{caller.tenant_id}/{caller.user_id}/"
    s3 = vendor.session(caller, mode).client("s3")
    match mode:
        case "bucket":
            return PlainPartition(s3, name_for_tenant(settings.tenant_bucket, tenant), f"{caller.user_id}/")
        case "prefix":
            return PlainPartition(s3, settings.prefix_bucket, prefix)
        case "tag":
            return TaggedPartition(s3, settings.tag_bucket, prefix, caller)
        case "access_point":
            return PlainPartition(s3, name_for_tenant(settings.access_point_arn, tenant), prefix)
        case "db_nosql":
            database, table = vendor.session(caller, mode).client("dynamodb"), settings.documents_table
            return DocumentedPartition(s3, settings.documents_bucket, prefix, caller, database=database, table=table)
        case _:
            raise LookupError(f"{mode}: a partition mode without a partition")


def store(request: Request) -> dict[str, str]:
    """Store an object, and return its key."""
    caller, mode, partition = _open(request)
    new = request.body(NewObject)
    _put(partition, new, caller, mode)
    return {"key": new.key}


def read(request: Request) -> str | list[str]:
    """Return the content of the object that the request names, or the keys of the caller's objects."""
    _, _, partition = _open(request)
    if "key" in request.query:
        return partition.get(request.query["key"])
    return partition.names(after=request.query.get("after", ""), limit=_limit(request.query.get("limit")))


def _open(request: Request) -> tuple[TenantCaller, str, Partition]:
    """Return the caller, the partition mode that they ask for, and the partition with credentials for both."""
    caller = request.caller.in_tenant()
    mode = request.query.get("partition", "")
    if mode not in _MODES:
        raise BadRequestError("input for partition approach")
    return caller, mode, _partition(mode, caller)


def _limit(text: str | None) -> int | None:
    if text is None:
        return None
    usable = text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST_NAMES))
    if not (usable and 0 < int(text) <= _MOST_NAMES):
        raise BadRequestError(f"limit: use a number from 1 to {_MOST_NAMES}")
    return int(text)


def _put(partition: Partition, new: NewObject, caller: TenantCaller, mode: str) -> None:
    partition.check(new.key)
    if mode == _BUCKET:
        onboarding.ensure(caller.tenant_id)
    try:
        partition.put(new.key, new.value)
    except NotOnboardedError:  # the tenant's first object; from then on a write is one call
        _put_once_made(partition, new, caller, mode)
    except ForbiddenError:
        if mode in _OWN:
            # It fails if somebody else has the name of the bucket or of the access point.
            onboarding.ensure(caller.tenant_id, denied=True)
        raise


def _put_once_made(partition: Partition, new: NewObject, caller: TenantCaller, mode: str) -> None:
    try:
        onboarding.ensure(caller.tenant_id, missing=True)
    except OnboardingFailedError as failure:
        if mode == _BUCKET:
            raise
        # The access point may have been made although the bucket's name is taken.
        try:
            partition.put(new.key, new.value)
        except NotOnboardedError:
            raise failure from None
    else:
        partition.put(new.key, new.value)


handler = rest_handler(
    {"PUT /object": created(store), "GET /object": read}, cors_headers=settings.cors_headers, replies=StatusReplies()
)
