"""`UpdateMethod` and `UpdateApiKey` store truth values, so that a method can stop requiring an API key.

AWS: `UpdateMethod` takes the text `true` or `false` for `/apiKeyRequired`, and `UpdateApiKey` for `/enabled`.
https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html

MiniStack: stores the text, so that `false` counts as true.

Here: a truth value is stored.
"""

from functools import partial
from typing import Any

from ministack.services import apigateway_v1

from tenantry.local.patching import Original, wrap
from tenantry.local.patching.cloudformation import boolean


def close() -> None:
    """Close the gap."""
    wrap(apigateway_v1, "_update_method", partial(_with_booleans, "/apiKeyRequired"))
    wrap(apigateway_v1, "_update_api_key", partial(_with_booleans, "/enabled"))


def _with_booleans(path: str, update: Original, *place: Any) -> Any:
    *ids, data = place
    operations = [
        {**operation, "value": boolean(operation.get("value"))} if operation.get("path") == path else operation
        for operation in data.get("patchOperations") or []
    ]
    return update(*ids, {**data, "patchOperations": operations})
