"""Counts the records of a tenant in the last hour."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ingestion_usage.records import last_hour
from tenantry.model.directory_tables import TENANT_ID
from tenantry.runtime.counting import counter_handler
from tenantry.runtime.settings import Settings
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.model.caller import TenantCaller

_PURPOSE: Final = "ingestion"


class _Settings(Settings):
    lake_bucket: str


settings = _Settings.load()
vendor = TokenVendor.from_environment()


def count(caller: TenantCaller) -> Mapping[str, object]:
    """Return the tenant's records of the last sixty whole minutes.

    Isolation: the aggregates are listed and read with credentials vended for this tenant, which see nothing of
    another's; the function has none of its own.
    """
    lake = vendor.session(caller, _PURPOSE).client("s3")
    aggregates = f"aggregates/{TENANT_ID}={caller.tenant_id}/"
    begin, end, hour = last_hour(lake, settings.lake_bucket, aggregates, datetime.now(UTC))
    return {
        "from": _time(begin),
        "to": _time(end),
        "minutes": [{**asdict(minute), "start": _time(minute.start)} for minute in hour.minutes],
        "complete": hour.complete,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


handler = counter_handler(count)
