"""Stand-ins for what functions call, which record the calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from tenantry.model.caller import TenantCaller


class RecordingVendor:
    """Gives clients without asking STS, and records for whom."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._clients = {name: boto3.client(name) for name in ("dynamodb", "sns")}

    def session(self, caller: TenantCaller, purpose: str) -> RecordingVendor:
        self.asked.append((caller.tenant_id, caller.user_id, purpose))
        return self

    def client(self, service: str) -> Any:  # noqa: ANN401 - as the vendor's
        return self._clients[service]


class RecordingWorkflow:
    """The workflow of account changes: it succeeds, or fails with `error`."""

    def __init__(self) -> None:
        self.ran: list[tuple[Any, ...]] = []
        self.error: Exception | None = None

    def run(self, change: str, user: str, *, by: str, **more: object) -> dict[str, Any]:
        if self.error:
            raise self.error
        self.ran.append((change, user, by, more))
        done = {"changed": True, "at": 1, "tenants": [], "tenantsWithoutAdmin": ["texas"]}
        return {"status": 200, "userId": user, "change": change, "by": by, "pool": "disable", **done}
