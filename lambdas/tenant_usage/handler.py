"""Shows the caller what their tenant uses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tenant_usage.ingestion import last_hour
from tenant_usage.storage import stored
from tenantry.model.directory_tables import TENANT_ID
from tenantry.model.placeholders import name_for_tenant
from tenantry.runtime.rest import Request, RestSettings, rest_handler
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.model.caller import TenantCaller

_STORAGE: Final = "storage"
_INGESTION: Final = "ingestion"
_OWN: Final = frozenset({"bucket", "access_point"})  # made for the tenant alone


class _Settings(RestSettings):
    prefix_bucket: str
    tag_bucket: str
    documents_bucket: str
    tenant_bucket: str  # with {tenant} in it
    access_point_arn: str  # with {tenant} in it
    lake_bucket: str


settings = _Settings.load()
vendor = TokenVendor.from_environment()
# Each of the six waits for S3, hardly for the processor.
_pool = ThreadPoolExecutor(max_workers=6)


def show(request: Request) -> dict[str, Any]:
    """Return what the caller's tenant has stored and sent.

    Isolation: everything is listed and read with credentials vended for this tenant, which see nothing of another's;
    the function has none of its own.
    """
    request.caller.require_tenant(request.path.get("tenantId"))
    caller = request.caller.in_tenant()
    partitions, lake = (vendor.session(caller, purpose).client("s3") for purpose in (_STORAGE, _INGESTION))
    counts = {
        partition: _pool.submit(stored, partitions, bucket, prefix, own=partition in _OWN)
        for partition, (bucket, prefix) in _partitions(caller).items()
    }
    aggregates = f"aggregates/{TENANT_ID}={caller.tenant_id}/"
    hour = _pool.submit(last_hour, lake, settings.lake_bucket, aggregates, datetime.now(UTC))
    begin, end, ingested = hour.result()
    return {
        "storage": {partition: asdict(count.result()) for partition, count in counts.items()},
        "ingestion": {
            "from": _time(begin),
            "to": _time(end),
            "minutes": [{**asdict(minute), "start": _time(minute.start)} for minute in ingested.minutes],
            "complete": ingested.complete,
        },
    }


def _partitions(caller: TenantCaller) -> Mapping[str, tuple[str, str]]:
    """Return the bucket, or the access point, and the prefix of each partition."""
    own = f"{caller.tenant_id}/"
    return {
        "bucket": (name_for_tenant(settings.tenant_bucket, caller.tenant_id), ""),
        "prefix": (settings.prefix_bucket, own),
        "tag": (settings.tag_bucket, own),
        "access_point": (name_for_tenant(settings.access_point_arn, caller.tenant_id), own),
        "db_nosql": (settings.documents_bucket, own),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


handler = rest_handler({"GET /tenant/{tenantId}/usage": show}, cors_headers=settings.cors_headers)
