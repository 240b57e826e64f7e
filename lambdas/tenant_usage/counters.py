"""Asks the registered counters, all at once, and keeps the failure of one to its own part."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from tenantry.runtime.kept import Kept
from tenantry.runtime.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_ssm import SSMClient

    from tenantry.model.caller import TenantCaller

_AGE_SECONDS: Final = 60
_SECONDS: Final = 25.0
"""Within which there is an answer: the function itself has little more (`stacks.control_plane.tenant.functions`)."""
MOST_AT_ONCE: Final = 32
"""How many counters are asked at the same time; any others wait for these."""
_TENANT: Final = "tenantry-tenant"


class NotCountedError(Exception):
    """A counter gave no figures."""


class Counters:
    """The counters that are registered.

    Isolation: a counter is invoked with one tenant, and what it says of that tenant is kept for no other request.

    Parameters
    ----------
    ssm
        Reads the registered counters, at most once a minute.
    functions
        Lambda. The function's role may invoke registered counters only, whatever a parameter names.
    path
        Below which each counter has a parameter.
    """

    def __init__(self, *, ssm: SSMClient, functions: LambdaClient, path: str) -> None:
        self._ssm, self._functions, self._path = ssm, functions, path
        self._registered = Kept(self._find, _AGE_SECONDS)
        # The parameter `TenantId` in botocores that do not know it yet: Lambda's own may be one of them.
        events = functions.meta.events
        events.register("provide-client-params.lambda.Invoke", _keep_tenant)
        events.register("before-call.lambda.Invoke", _send_tenant)

    def count(self, caller: TenantCaller, correlation_id: str | None) -> dict[str, object]:
        """Return what each registered counter says of the caller's tenant, by the counter's name.

        The names of those that gave nothing, or that are late, stand in ``failed``, if there are any.

        Raises
        ------
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError
            The registered counters cannot be listed.
        """
        deadline = time.monotonic() + _SECONDS
        registered = self._registered.get()
        # Of this request alone: what an earlier one has left behind takes no thread of it.
        pool = ThreadPoolExecutor(max_workers=min(max(len(registered), 1), MOST_AT_ONCE))
        asked = {
            name: pool.submit(self._ask, registration, caller, correlation_id)
            for name, registration in registered.items()
        }
        counted: dict[str, object] = {}
        for name, answer in asked.items():
            try:
                counted[name] = answer.result(timeout=max(deadline - time.monotonic(), 0))
            except Exception:  # whatever is wrong with one counter or its registration, the others' figures are shown
                logger.exception("not counted", counter=name)
        pool.shutdown(wait=False, cancel_futures=True)
        failed = sorted(asked.keys() - counted.keys())
        return {**counted, **({"failed": failed} if failed else {})}

    def _find(self) -> dict[str, str]:
        pages = self._ssm.get_paginator("get_parameters_by_path").paginate(Path=self._path)
        return {
            found["Name"].removeprefix(f"{self._path}/"): found["Value"]
            for page in pages
            for found in page["Parameters"]
        }

    def _ask(self, registration: str, caller: TenantCaller, correlation_id: str | None) -> object:
        counter = json.loads(registration)
        event = {"tenantId": caller.tenant_id, "userId": caller.user_id, "correlationId": correlation_id}
        invocation: dict[str, Any] = {"FunctionName": counter["function"], "Payload": json.dumps(event).encode()}
        if counter["tenantIsolated"]:
            invocation[_TENANT] = caller.tenant_id
        reply = self._functions.invoke(**invocation)
        if "FunctionError" in reply:
            raise NotCountedError(f"The counter failed ({reply['FunctionError']}). Its own log says why.")
        return json.loads(reply["Payload"].read())


def _keep_tenant(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context[_TENANT] = params.pop(_TENANT, None)


def _send_tenant(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    if tenant := context.get(_TENANT):
        params["headers"]["X-Amz-Tenant-Id"] = tenant
