"""Events and contexts as API Gateway and Lambda make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Context:
    """A Lambda context: what functions read of it."""

    function_name: str = "function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id: str = "request"


def proxy_event(
    *,
    path: dict[str, str],
    authorizer: dict[str, Any] | None,
    body: str | None = None,
    encoded: bool = False,
    route: str = "GET /",
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return a REST API proxy event."""
    return {
        "httpMethod": route.partition(" ")[0],
        "resource": route.partition(" ")[2],
        "pathParameters": path,
        "queryStringParameters": query,
        "body": body,
        "isBase64Encoded": encoded,
        "requestContext": {"requestId": "request", "authorizer": authorizer},
    }
