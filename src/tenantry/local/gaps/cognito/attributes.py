"""Users write only the attributes that the app client allows, and a new address counts once it is verified.

AWS: `SignUp` and `UpdateUserAttributes` refuse an attribute that is not among the app client's `WriteAttributes`
(when it names none: the standard ones), one that the pool does not have, one that may not change, a value of the
wrong length; `SignUp` refuses a user without the required ones. An address that someone else has is refused. A new
one gets a code, and replaces the old one when `VerifyUserAttribute` is called with the code, if the pool says so in
`AttributesRequireVerificationBeforeUpdate`; otherwise at once, unverified until then. What that names must be
among `AutoVerifiedAttributes`, which have codes.
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserAttributeUpdateSettingsType.html

MiniStack: stores any attribute, `email_verified` and `custom:` attributes included, sends no code, and has
neither `VerifyUserAttribute` nor `GetUserAttributeVerificationCode`.

Here: all that is refused as on AWS.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cognito

from tenantry.local.gaps.cognito import mail, triggers
from tenantry.local.patching import Fields, Original, cloudformation, require, wrap

#: Both replace: _sign_up, _run_idp_handler.
AFTER = ("cognito.triggers",)

_Attributes = dict[str, str]
# Only Cognito itself and administrators set these.
_NEVER_WRITABLE = {"sub", "email_verified", "phone_number_verified", "identities"}
_ALIASES = ("email", "phone_number")
#: Where a user's new address waits until it is verified.
_NEW = "_new_email"


class _RefusedError(Exception):
    """The reply of a refused write."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = error_response_json(code, message, 400)


def close() -> None:
    """Close the gap."""
    require(cognito, "_pool_for_client", "_attr_list_to_dict", "_user_pool_for_access_token", "_masked_destination")
    require(cognito, "_token_claims", "_ensure_schema_attributes", "_resolve_user", "_username_alias_attribute")
    wrap(cognito, "_create_user_pool", _checked_pool)
    wrap(cognito, "_update_user_pool", _checked_pool)
    cloudformation.before("AWS::Cognito::UserPool", _settings_problem)
    wrap(cognito, "_sign_up", _checked_sign_up)
    wrap(cognito, "_update_user_attributes", _checked_update)
    require(cognito, "_UNSIGNED_IDP_ACTIONS", "run_reentrant", "_send_verification_email")
    require(cognito, "_code_error", "_code_delivery_response", "_now_epoch")
    cognito._UNSIGNED_IDP_ACTIONS |= set(_ACTIONS)
    wrap(cognito, "_dispatch_idp", _with_verification)
    wrap(cognito, "_run_idp_handler", _with_refusals)


def _with_refusals(run: Original, *arguments: Any) -> Any:
    try:
        return run(*arguments)
    except _RefusedError as refused:
        return refused.reply


def _checked_pool(call: Original, data: Fields) -> Any:
    if problem := _settings_problem(data):
        return error_response_json("InvalidParameterException", problem, 400)
    return call(data)


def _settings_problem(data: Fields) -> str:
    without_code = set(_verified_first(data)) - set(data.get("AutoVerifiedAttributes") or [])
    if not without_code:
        return ""
    return f"AttributesRequireVerificationBeforeUpdate must be auto-verified: {', '.join(sorted(without_code))}"


def _checked_sign_up(sign_up: Original, data: Fields) -> Any:
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    if pool:
        given = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
        _check_writable(pool, data["ClientId"], given)
        _check_schema(pool, given)
        _check_required(pool, {*given, cognito._username_alias_attribute(pool, str(data.get("Username")))})
    return sign_up(data)


def _checked_update(update: Original, data: Fields) -> Any:
    user, pool = cognito._user_pool_for_access_token(data.get("AccessToken", ""))
    if not user:
        return update(data)
    given = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
    before = cognito._attr_list_to_dict(user["Attributes"])
    _check_writable(pool, cognito._token_claims(data["AccessToken"]).get("client_id", ""), given)
    _check_schema(pool, given)
    _check_mutable(pool, given)
    _check_unused(pool, user, given)
    address = given.get("email", before.get("email"))
    changes = address != before.get("email")
    held = changes and "email" in _verified_first(pool)
    asked = [item for item in data.get("UserAttributes") or [] if not (held and item["Name"] == "email")]
    reply = update({**data, "UserAttributes": asked})
    changed = {
        f"{name}_verified": "false" for name in _ALIASES if given.get(name, before.get(name)) != before.get(name)
    }
    if not held:
        user["Attributes"] = cognito._dict_to_attr_list({**cognito._attr_list_to_dict(user["Attributes"]), **changed})
    if not changes or "email" not in (pool.get("AutoVerifiedAttributes") or []):
        return reply
    user[_NEW] = address
    return _send_code(pool, user, data, "UpdateUserAttribute", many=True)


def _verified_first(pool: Fields) -> list[str]:
    settings = pool.get("UserAttributeUpdateSettings") or {}
    return list(settings.get("AttributesRequireVerificationBeforeUpdate") or [])


def _send_code(pool: Fields, user: Fields, data: Fields, purpose: str, *, many: bool) -> Any:
    """Send a code to a new address, or to the present one, and return the reply that says so."""
    attributes = cognito._attr_list_to_dict(user["Attributes"])
    address = user.get(_NEW) or attributes["email"]
    with triggers.sending(purpose, data):
        cognito._send_verification_email(
            pool, user["Username"], {**attributes, "email": address}, "", attribute_name="new email"
        )
    delivery = {
        "Destination": cognito._masked_destination(address),
        "DeliveryMedium": "EMAIL",
        "AttributeName": "email",
    }
    return json_response({"CodeDeliveryDetailsList": [delivery]} if many else {"CodeDeliveryDetails": delivery})


def _caller(data: Fields) -> tuple[Fields, Fields]:
    """Return the user who asks about a code, and the user's pool."""
    user, pool = cognito._user_pool_for_access_token(data.get("AccessToken", ""))
    if not user:
        raise _RefusedError("NotAuthorizedException", "Invalid Access Token")
    if data.get("AttributeName") != "email":
        raise _RefusedError("InvalidParameterException", "Only email has codes here.")
    return user, pool


def _get_code(data: Fields) -> Any:
    """Do what `GetUserAttributeVerificationCode` does."""
    user, pool = _caller(data)
    return _send_code(pool, user, data, "VerifyUserAttribute", many=False)


def _verify(data: Fields) -> Any:
    """Do what `VerifyUserAttribute` does: the address that the code went to is the user's from now on."""
    user, pool = _caller(data)
    wrong = partial(cognito._code_error, user.get("_attribute_code"), data.get("Code"))
    if error := mail.limited(pool["Id"], user, wrong):
        return error
    before = cognito._attr_list_to_dict(user["Attributes"])
    address = user.get(_NEW) or before["email"]
    _check_unused(pool, user, {"email": address})
    for name in (_NEW, "_attribute_code"):
        user.pop(name, None)
    user["Attributes"] = cognito._dict_to_attr_list({**before, "email": address, "email_verified": "true"})
    user["UserLastModifiedDate"] = cognito._now_epoch()
    return json_response({})


_ACTIONS = {"VerifyUserAttribute": _verify, "GetUserAttributeVerificationCode": _get_code}


async def _with_verification(dispatch: Original, action: str, data: Fields) -> Any:
    if action not in _ACTIONS:
        return await dispatch(action, data)
    return await cognito.run_reentrant(
        cognito._run_idp_handler, _ACTIONS[action], action, data, thread_name="ministack-cognito-trigger"
    )


def _schema(pool: Fields) -> dict[str, Fields]:
    return {attribute["Name"]: attribute for attribute in cognito._ensure_schema_attributes(pool)["SchemaAttributes"]}


def _check_writable(pool: Fields, client_id: str, given: Iterable[str]) -> None:
    client = pool["_clients"].get(client_id) or {}
    writable = set(client.get("WriteAttributes") or (name for name in _schema(pool) if ":" not in name))
    if set(given) - (writable - _NEVER_WRITABLE):
        raise _RefusedError("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def _check_schema(pool: Fields, given: _Attributes) -> None:
    schema = _schema(pool)
    for name, value in given.items():
        if name not in schema:
            raise _not_conforming(f"Type for attribute {{{name}}} could not be determined")
        limits = schema[name].get("StringAttributeConstraints") or {}
        if "MaxLength" in limits and len(value) > int(limits["MaxLength"]):
            raise _not_conforming(f"{name}: String must be no longer than {limits['MaxLength']} characters")
        if "MinLength" in limits and len(value) < int(limits["MinLength"]):
            raise _not_conforming(f"{name}: String must be no shorter than {limits['MinLength']} characters")


def _check_required(pool: Fields, given: set[str]) -> None:
    for name, attribute in _schema(pool).items():
        if attribute.get("Required") and name != "sub" and name not in given:
            raise _not_conforming(f"{name}: The attribute {name} is required")


def _check_mutable(pool: Fields, given: _Attributes) -> None:
    schema = _schema(pool)
    for name in given:
        if not schema[name].get("Mutable", True):
            raise _RefusedError("InvalidParameterException", f"user.{name}: Attribute cannot be updated.")


def _check_unused(pool: Fields, user: Fields, given: _Attributes) -> None:
    aliases = {*(pool.get("UsernameAttributes") or []), *(pool.get("AliasAttributes") or [])}
    for name in aliases & set(given):
        owner, _ = cognito._resolve_user(pool, given[name])
        if owner is not None and owner is not user:
            raise _RefusedError("AliasExistsException", f"An account with the given {name} already exists.")


def _not_conforming(problem: str) -> _RefusedError:
    return _RefusedError("InvalidParameterException", f"Attributes did not conform to the schema: {problem}\n")
