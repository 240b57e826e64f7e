"""An app client accepts only the authentication flows that it lists.

AWS: `InitiateAuth` refuses a flow that is not among the client's `ExplicitAuthFlows`; a client that names none allows
SRP, custom and refresh, not a password in the clear.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html

MiniStack: checks the password flows only, and allows them to a client that names none.

Here: every flow is checked.
"""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cognito

from tenantry.local.patching import Fields, Original, require, wrap

_DEFAULT = {"ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
_OLD_NAMES = {"CUSTOM_AUTH_FLOW_ONLY": "ALLOW_CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH"}
_NEEDED = {
    "USER_SRP_AUTH": "ALLOW_USER_SRP_AUTH",
    "CUSTOM_AUTH": "ALLOW_CUSTOM_AUTH",
    "USER_AUTH": "ALLOW_USER_AUTH",
    "USER_PASSWORD_AUTH": "ALLOW_USER_PASSWORD_AUTH",
    "ADMIN_USER_PASSWORD_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ADMIN_NO_SRP_AUTH": "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "REFRESH_TOKEN_AUTH": "ALLOW_REFRESH_TOKEN_AUTH",
    "REFRESH_TOKEN": "ALLOW_REFRESH_TOKEN_AUTH",
}


def close() -> None:
    """Close the gap."""
    require(cognito, "_pool_for_client")
    wrap(cognito, "_auth_flow_error", _for_every_flow)


def _for_every_flow(check: Original, action: str, data: Fields) -> Any:
    needed = _NEEDED.get(str(data.get("AuthFlow")))
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    if action.endswith("InitiateAuth") and needed and pool:
        named = pool["_clients"][data["ClientId"]].get("ExplicitAuthFlows") or []
        allowed = {_OLD_NAMES.get(flow, flow if flow.startswith("ALLOW_") else f"ALLOW_{flow}") for flow in named}
        if needed not in (allowed or _DEFAULT):
            flow = data["AuthFlow"]
            return error_response_json("InvalidParameterException", f"{flow} flow not enabled for this client", 400)
    return check(action, data)
