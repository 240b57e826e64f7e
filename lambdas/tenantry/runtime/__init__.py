"""What the functions share: identifiers, callers, tokens, replies, events and the tenant directory."""

from importlib.util import find_spec

# Every lock has it; who unit-tests a function needs it installed.
if find_spec("msgspec") is None:
    raise ModuleNotFoundError(
        "tenantry.runtime needs packages that are not installed (msgspec). Run: pip install 'tenantry[runtime]'",
        name="msgspec",
    )
