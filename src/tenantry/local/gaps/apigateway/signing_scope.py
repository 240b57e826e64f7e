"""A request to an API has to be signed for the service `execute-api`.

AWS: a request to an API that was signed for another service is refused by the gateway response `INVALID_SIGNATURE`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html

MiniStack: accepts a signature for any service.

Here: the service in the signature's scope has to be `execute-api`.
"""

from typing import Any

from ministack import app

from tenantry.local.patching import Original, gateway_response, wrap

#: Both replace: app._enforce_execute_api.
AFTER = ("apigateway.iam_denial",)

_SERVICE = "execute-api"
_SCOPE_PARTS = 5  # key, date, region, service, aws4_request


def close() -> None:
    """Close the gap."""
    wrap(app, "_enforce_execute_api", _for_this_service)


def _for_this_service(enforce: Original, api: str, stage: str, method: str, path: str, *rest: Any, **named: Any) -> Any:
    headers, query = rest[:2]
    scope = _scope(headers or {}, query or {})
    if len(scope) == _SCOPE_PARTS and scope[3] != _SERVICE:
        message = f"Credential should be scoped to correct service: '{_SERVICE}'."
        return gateway_response.answer(api, stage, headers, query, kind="INVALID_SIGNATURE", message=message)
    return enforce(api, stage, method, path, *rest, **named)


def _scope(headers: Any, query: Any) -> list[str]:
    """Return the parts of the signature's scope, from the header or a presigned URL."""
    for name, value in headers.items():
        if name.lower() == "authorization" and value.startswith("AWS4-HMAC-SHA256"):
            return str(value.partition("Credential=")[2].partition(",")[0].strip()).split("/")
    presigned = query.get("X-Amz-Credential") or []
    return str(presigned[0]).split("/") if presigned else []
