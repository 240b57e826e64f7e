"""A refreshed token keeps its `auth_time`, and refresh tokens rotate where the app client says so.

AWS: `auth_time` is when the user signed in, in every token of the session. With `RefreshTokenRotation`,
`GetTokensFromRefreshToken` gives a new refresh token, which ends when the first one would have; the old one is valid
for `RetryGracePeriodSeconds` more. Such a client refreshes in no other way, and cannot allow `REFRESH_TOKEN_AUTH`. The
pre-token trigger gets the `ClientMetadata` of a refresh.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html

MiniStack: `auth_time` is when a token was made, no refresh token is ever replaced, and the trigger gets no metadata.

Here: all that is as on AWS, set by the API and by CloudFormation.
"""

import time
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cognito
from ministack.services.cloudformation import provisioners

from tenantry.local.patching import Fields, Original, holding, require, wrap

#: Each replaces the same as this one: _auth_flow_error, _build_auth_result.
AFTER = ("cognito.auth_flows", "cognito.triggers")

_SETTING = "RefreshTokenRotation"
_OFF = {"Feature": "DISABLED"}
#: Where a user's refresh tokens that were exchanged are kept, by `jti`, with the second of the first exchange.
_ROTATED = "_rotated"
#: Claims of the session whose tokens are being made.
_session: ContextVar[Fields] = ContextVar("session", default={})  # noqa: B039 - never written to
#: Metadata of the refresh that is going on.
_metadata: ContextVar[dict[str, str] | None] = ContextVar("metadata", default=None)


def close() -> None:
    """Close the gap."""
    require(cognito, "_pool_for_client", "_refresh_auth_user", "_refresh_auth_result", "_token_claims", "_fake_token")
    require(provisioners, "_COGNITO_USER_POOL_CLIENT_UPDATABLE")
    provisioners._COGNITO_USER_POOL_CLIENT_UPDATABLE[_SETTING] = _OFF
    wrap(cognito, "_create_user_pool_client", _with_setting)
    wrap(cognito, "_update_user_pool_client", _with_setting)
    wrap(cognito, "_build_auth_result", _of_one_session)
    wrap(cognito, "_refresh_auth_result", _continuing)
    wrap(cognito, "_signed_jwt", _with_auth_time)
    wrap(cognito, "_get_tokens_from_refresh_token", _rotating)
    wrap(cognito, "_auth_flow_error", _without_rotation)


def _with_setting(write: Original, data: Fields) -> Any:
    pool, _ = cognito._resolve_pool(data.get("UserPoolId"))
    client = (pool or {}).get("_clients", {}).get(data.get("ClientId")) or {}
    asked = {**client, **data}
    if _rotates(asked) and "ALLOW_REFRESH_TOKEN_AUTH" in (asked.get("ExplicitAuthFlows") or []):
        message = "Refresh token rotation cannot be enabled together with ALLOW_REFRESH_TOKEN_AUTH."
        return error_response_json("InvalidParameterException", message, 400)
    reply = write(data)
    if reply[0] != 200 or _SETTING not in data:  # noqa: PLR2004 - HTTP's OK
        return reply
    body = cognito.json.loads(reply[2])
    made = body["UserPoolClient"]
    pool["_clients"][made["ClientId"]][_SETTING] = made[_SETTING] = data[_SETTING]
    return json_response(body)


def _rotates(client: Fields) -> bool:
    return (client.get(_SETTING) or _OFF).get("Feature") == "ENABLED"


def _client(client_id: Any) -> Fields:
    pool, _ = cognito._pool_for_client(client_id)
    found: Fields = pool["_clients"][client_id] if pool else {}
    return found


def _of_one_session(build: Original, *arguments: Any, **named: Any) -> Any:
    if metadata := _metadata.get():
        named.setdefault("client_metadata", metadata)
    with holding(_session, _session.get() or {"auth_time": int(time.time())}):
        return build(*arguments, **named)


def _continuing(refresh: Original, pool: Any, pool_id: str, client_id: str, refresh_token: str) -> Any:
    with holding(_session, _session_of(cognito._token_claims(refresh_token))):
        return refresh(pool, pool_id, client_id, refresh_token)


def _session_of(claims: Fields) -> Fields:
    return {"auth_time": claims.get("auth_time", claims.get("iat")), "exp": claims.get("exp")}


def _with_auth_time(sign: Original, claims: Fields, *arguments: Any, **named: Any) -> Any:
    session, use = _session.get(), claims.get("token_use")
    if session and use in {"id", "access", "refresh"}:
        claims = {**claims, "auth_time": session["auth_time"]}
        if use == "refresh" and session.get("exp"):
            claims["exp"] = session["exp"]
    return sign(claims, *arguments, **named)


def _rotating(get_tokens: Original, data: Fields) -> Any:
    with holding(_metadata, data.get("ClientMetadata")):
        if data.get("RefreshToken") and _rotates(_client(data.get("ClientId"))):
            return _rotate(data["ClientId"], data["RefreshToken"])
        return get_tokens(data)


def _rotate(client_id: str, refresh_token: str) -> Any:
    pool, pool_id = cognito._pool_for_client(client_id)
    user, error = cognito._refresh_auth_user(pool, pool_id, client_id, refresh_token)
    if error:
        return error
    claims, now = cognito._token_claims(refresh_token), time.time()
    grace = float(pool["_clients"][client_id][_SETTING].get("RetryGracePeriodSeconds") or 0)
    rotated = user.get(_ROTATED, {})
    if now - rotated.get(claims["jti"], now) > grace or (not grace and claims["jti"] in rotated):
        message = "Refresh token has been invalidated by refresh token rotation"
        return error_response_json("RefreshTokenReuseException", message, 400)
    result, error = cognito._refresh_auth_result(pool, pool_id, client_id, refresh_token)
    if error:
        return error
    with holding(_session, _session_of(claims)):
        new = cognito._fake_token(
            claims["sub"], pool_id, client_id, "refresh", origin_jti=claims["origin_jti"], scope=claims.get("scope")
        )
    # Read again: another session of this user may have rotated its token while the trigger ran.
    rotated = {jti: at for jti, at in user.get(_ROTATED, {}).items() if now - at < claims["exp"] - claims["iat"]}
    user[_ROTATED] = {claims["jti"]: now, **rotated}
    return json_response({"AuthenticationResult": {**result, "RefreshToken": new}})


def _without_rotation(check: Original, action: str, data: Fields) -> Any:
    flow = str(data.get("AuthFlow"))
    if flow.startswith("REFRESH_TOKEN") and _rotates(_client(data.get("ClientId"))):
        message = f"{flow} flow not enabled for this client"
        return error_response_json("InvalidParameterException", message, 400)
    return check(action, data)
