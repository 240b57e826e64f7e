"""A method whose API key requirement is patched away asks for no key.

AWS: `UpdateMethod` takes the text `true` or `false` for `/apiKeyRequired`.
https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html

MiniStack: keeps the text, and takes `false` for true.

Here: it is a truth value.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import apigateway_v1

from localcloud.gaps.cloudformation import boolean
from localcloud.gaps.patching import replace


def close() -> None:
    """Close the gap."""
    replace(apigateway_v1, "_update_method", _with_booleans)


def _with_booleans(update: Callable[..., Any]) -> Callable[..., Any]:
    def update_method(api: str, resource: str, method: str, data: dict[str, Any]) -> Any:
        operations = [
            {**operation, "value": boolean(operation.get("value"))}
            if operation.get("path") == "/apiKeyRequired"
            else operation
            for operation in data.get("patchOperations") or []
        ]
        return update(api, resource, method, {**data, "patchOperations": operations})

    return update_method
