"""A user writes the attributes that the app client lets users write, and no others.

AWS: `SignUp` and `UpdateUserAttributes` refuse an attribute that is not among the app client's `WriteAttributes`
(when it names none: the standard ones), one that the pool does not have, one that may not change, a value of the
wrong length; `SignUp` refuses a user without the required ones. An address that someone else has is refused, a new
one is unverified.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html

MiniStack: stores whatever it is given, `email_verified` and `custom:` attributes included.

Here: all that is refused as on AWS.
"""

from collections.abc import Callable, Iterable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cognito

from localcloud.gaps.patching import replace, require

_Attributes = dict[str, str]
# Only Cognito itself and administrators set these.
_NEVER_WRITABLE = {"sub", "email_verified", "phone_number_verified", "identities"}
_ALIASES = ("email", "phone_number")


class _RefusedError(Exception):
    """The reply of a refused write."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = error_response_json(code, message, 400)


def close() -> None:
    """Close the gap."""
    require(cognito, "_pool_for_client", "_attr_list_to_dict", "_user_pool_for_access_token", "_masked_destination")
    require(cognito, "_token_claims", "_ensure_schema_attributes", "_resolve_user")
    replace(cognito, "_sign_up", _checked_sign_up)
    replace(cognito, "_update_user_attributes", _checked_update)


def _checked_sign_up(sign_up: Callable[..., Any]) -> Callable[..., Any]:
    def checked(data: dict[str, Any]) -> Any:
        pool, _ = cognito._pool_for_client(data.get("ClientId"))
        if pool:
            given = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
            try:
                _check_writable(pool, data["ClientId"], given)
                _check_schema(pool, given)
                _check_required(pool, {*given, *_attribute_of_username(pool, str(data.get("Username")))})
            except _RefusedError as refused:
                return refused.reply
        return sign_up(data)

    return checked


def _checked_update(update: Callable[..., Any]) -> Callable[..., Any]:
    def checked(data: dict[str, Any]) -> Any:
        user, pool = cognito._user_pool_for_access_token(data.get("AccessToken", ""))
        if not user:
            return update(data)
        given = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
        before = cognito._attr_list_to_dict(user["Attributes"])
        try:
            _check_writable(pool, cognito._token_claims(data["AccessToken"]).get("client_id", ""), given)
            _check_schema(pool, given)
            _check_mutable(pool, given)
            _check_unused(pool, user, given)
        except _RefusedError as refused:
            return refused.reply
        reply = update(data)
        changed = {
            f"{name}_verified": "false" for name in _ALIASES if given.get(name, before.get(name)) != before.get(name)
        }
        after = {**cognito._attr_list_to_dict(user["Attributes"]), **changed}
        user["Attributes"] = cognito._dict_to_attr_list(after)
        return reply

    return checked


def _schema(pool: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {attribute["Name"]: attribute for attribute in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}


def _check_writable(pool: dict[str, Any], client_id: str, given: Iterable[str]) -> None:
    client = pool["_clients"].get(client_id) or {}
    writable = set(client.get("WriteAttributes") or (name for name in _schema(pool) if ":" not in name))
    if set(given) - (writable - _NEVER_WRITABLE):
        raise _RefusedError("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def _check_schema(pool: dict[str, Any], given: _Attributes) -> None:
    schema = _schema(pool)
    for name, value in given.items():
        if name not in schema:
            raise _not_conforming(f"Type for attribute {{{name}}} could not be determined")
        limits = schema[name].get("StringAttributeConstraints") or {}
        if "MaxLength" in limits and len(value) > int(limits["MaxLength"]):
            raise _not_conforming(f"{name}: String must be no longer than {limits['MaxLength']} characters")
        if "MinLength" in limits and len(value) < int(limits["MinLength"]):
            raise _not_conforming(f"{name}: String must be no shorter than {limits['MinLength']} characters")


def _check_required(pool: dict[str, Any], given: set[str]) -> None:
    for name, attribute in _schema(pool).items():
        if attribute.get("Required") and name != "sub" and name not in given:
            raise _not_conforming(f"{name}: The attribute {name} is required")


def _check_mutable(pool: dict[str, Any], given: _Attributes) -> None:
    schema = _schema(pool)
    for name in given:
        if not schema[name].get("Mutable", True):
            raise _RefusedError("InvalidParameterException", f"user.{name}: Attribute cannot be updated.")


def _check_unused(pool: dict[str, Any], user: dict[str, Any], given: _Attributes) -> None:
    aliases = {*(pool.get("UsernameAttributes") or []), *(pool.get("AliasAttributes") or [])}
    for name in aliases & set(given):
        owner, _ = cognito._resolve_user(pool, given[name])
        if owner is not None and owner is not user:
            raise _RefusedError("AliasExistsException", f"An account with the given {name} already exists.")


def _attribute_of_username(pool: dict[str, Any], username: str) -> set[str]:
    """Return the attribute that the user name stands for, when users sign in by address."""
    found = cognito._username_alias_attribute(pool, username)
    return {found} if found else set()


def _not_conforming(problem: str) -> _RefusedError:
    return _RefusedError("InvalidParameterException", f"Attributes did not conform to the schema: {problem}\n")
