"""`UpdateMethod` and `UpdateApiKey` store truth values, so that a method can stop requiring an API key.

AWS: `UpdateMethod` takes the text `true` or `false` for `/apiKeyRequired`, and `UpdateApiKey` for `/enabled`.
https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html

MiniStack: stores the text, so that `false` counts as true.

Here: a truth value is stored.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import apigateway_v1

from tenantry.local.patching import replace
from tenantry.local.patching.cloudformation import boolean


def close() -> None:
    """Close the gap."""
    replace(apigateway_v1, "_update_method", lambda update: _with_booleans(update, "/apiKeyRequired"))
    replace(apigateway_v1, "_update_api_key", lambda update: _with_booleans(update, "/enabled"))


def _with_booleans(update: Callable[..., Any], path: str) -> Callable[..., Any]:
    def update_with_booleans(*place: Any) -> Any:
        *ids, data = place
        operations = [
            {**operation, "value": boolean(operation.get("value"))} if operation.get("path") == path else operation
            for operation in data.get("patchOperations") or []
        ]
        return update(*ids, {**data, "patchOperations": operations})

    return update_with_booleans
