"""Counts the objects of a tenant in each of the five partitions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from storage_usage.objects import stored
from tenantry.model.placeholders import name_for_tenant
from tenantry.runtime.counting import counter_handler
from tenantry.runtime.settings import Settings
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.model.caller import TenantCaller

_PURPOSE: Final = "storage"
_OWN: Final = frozenset({"bucket", "access_point"})  # made for the tenant alone


class _Settings(Settings):
    prefix_bucket: str
    tag_bucket: str
    documents_bucket: str
    tenant_bucket: str  # with {tenant} in it
    access_point_arn: str  # with {tenant} in it


settings = _Settings.load()
vendor = TokenVendor.from_environment()
# Each of the five waits for S3, hardly for the processor.
_pool = ThreadPoolExecutor(max_workers=5)


def count(caller: TenantCaller) -> Mapping[str, object]:
    """Return what the tenant has in each partition.

    Isolation: everything is listed with credentials vended for this tenant, which see nothing of another's; the
    function has none of its own.
    """
    s3 = vendor.session(caller, _PURPOSE).client("s3")
    counts = {
        partition: _pool.submit(stored, s3, bucket, prefix, own=partition in _OWN)
        for partition, (bucket, prefix) in _partitions(caller).items()
    }
    return {partition: asdict(counted.result()) for partition, counted in counts.items()}


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


handler = counter_handler(count)
