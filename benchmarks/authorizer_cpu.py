"""Give an event to a warm authorizer again and again, and print its CPU beside that of its parts."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import jwt

from benchmarks.counting import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable

_TURNS: Final = 200
_WARM_UP: Final = 20


def _microseconds(do: Callable[[], object]) -> float:
    for _ in range(_WARM_UP):
        do()
    began = time.process_time()
    for _ in range(_TURNS):
        do()
    return (time.process_time() - began) / _TURNS * 1_000_000


def main() -> None:
    """Print a JSON object of microseconds: of the handler, of a bare verification, and of a bare call."""
    importlib.import_module("tenantry.local.worker.tenantry_local_cloud")
    event = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        module: Any = importlib.import_module(sys.argv[1])
        token = event["headers"]["Authorization"].removeprefix("Bearer ")
        key = module.verifier._keys.key(jwt.get_unverified_header(token)["kid"])  # noqa: SLF001 - what it verifies with
        asked = {
            module.settings.users_table: {"Keys": [{"userid": {"S": "nobody"}}], "ConsistentRead": True},
            module.settings.tenants_table: {"Keys": [{"tenantid": {"S": "none"}}], "ConsistentRead": True},
        }
        found = {
            "handler": _microseconds(lambda: module.handler(event, CONTEXT)),
            "bare": _microseconds(
                lambda: jwt.decode(token, key, algorithms=["RS256"], audience=module.settings.audience)
            ),
            "call": _microseconds(lambda: module.database.batch_get_item(RequestItems=asked)),
        }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
