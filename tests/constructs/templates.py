"""Evaluate mapping templates with a real engine, as API Gateway would."""

from __future__ import annotations

import json
from typing import Any

from tenantry.local.patching import vtl


def raw(
    template: str,
    body: Any = None,  # noqa: ANN401 - what a caller sends
    *,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    authorizer: dict[str, Any] | None = None,
) -> str:
    """Return what a template prints; a `str` is a body as it is, anything else is sent as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    context: dict[str, Any] = {"authorizer": authorizer or {}}
    parameters = {"path": path or {}, "querystring": query or {}, "header": headers or {}}
    return vtl.render(template, body=text, parameters=parameters, context=context).strip()


def rendered(template: str, body: Any = None, **request: Any) -> Any:  # noqa: ANN401 - JSON, and as `raw` takes it
    """Return the JSON that a template prints."""
    return json.loads(raw(template, body, **request))


def replied(
    template: str,
    reply: Any,  # noqa: ANN401 - a service's reply
    *,
    path: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    authorizer: dict[str, Any] | None = None,
) -> tuple[int | None, dict[str, str], Any]:
    """Return the status and the headers that a template sets, and the JSON that it prints of a service's reply."""
    override: dict[str, Any] = {"header": {}}
    text = vtl.render(
        template,
        body=json.dumps(reply),
        parameters={"path": path or {}, "querystring": {}, "header": headers or {}},
        context={"responseOverride": override, "authorizer": authorizer or {}},
    )
    return override.get("status"), override["header"], json.loads(text)
