"""Cognito's codes are random, attempts to guess them are limited, and only the operator can read the messages.

AWS: a code of six random digits goes to the user's address, and a few wrong ones end the attempt. A user who is
confirmed already gets no code to confirm with, and one without a verified address none to reset the password with.
https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html

MiniStack: every code is 123456 or 654321, attempts are not limited, its mail can be read at a URL without a key, and
any user gets a code.

Here: codes are random, five wrong ones end the attempt, mail goes to the operator's folder (`tenantry.local.mail`), and
codes are sent where AWS sends them.
"""

import os
import re
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import cognito

from tenantry.local import mail
from tenantry.local.patching import Fields, Original, require, wrap
from tenantry.local.settings import FOLDER_VARIABLE, StateFolder

#: Both replace: _resend_confirmation_code, _forgot_password, _send_verification_email.
AFTER = ("cognito.triggers",)

_ATTEMPTS = 5
#: Where a user's code is kept, by what MiniStack calls the attribute; `cognito.attributes` sends the last.
_KEPT_AS = {"password": "_reset_code", "email": "_confirmation_code", "new email": "_attribute_code"}
_wrong: Counter[tuple[str, str]] = Counter()


def close() -> None:
    """Close the gap."""
    wrap(cognito, "_send_verification_email", _with_random_code)
    wrap(cognito, "_deliver_cognito_email", _into_folder)
    wrap(cognito, "_confirmation_code_error", _with_limit)
    wrap(cognito, "_resend_confirmation_code", _to_unconfirmed_users)
    wrap(cognito, "_forgot_password", _to_verified_addresses)
    require(cognito, "_hides_user_existence", "_code_delivery_response", "_masked_destination")


def _with_random_code(
    send: Original, pool: Fields, username: str, attributes: dict[str, str], _: str, attribute_name: str = "email"
) -> Any:
    code = f"{secrets.randbelow(10**6):06}"
    user, _error = cognito._resolve_user(pool, username)
    user[_KEPT_AS[attribute_name]] = code
    _wrong.pop((pool["Id"], user["Username"]), None)
    return send(pool, username, attributes, code, attribute_name=attribute_name)


def _into_folder(
    deliver: Original, pool: Fields, to_email: str, subject: str, body: str, *rest: Any, **named: Any
) -> Any:
    code = re.search(r"\b\d{6}\b", body)
    message = mail.Message(to=to_email, subject=subject, body=body, code=code.group() if code else "")
    mail.send(StateFolder(Path(os.environ[FOLDER_VARIABLE])), message)
    return deliver(pool, to_email, subject, body, *rest, **named)


def _with_limit(check: Original, action: str, data: Fields) -> Any:
    pool, user = _named(data)
    if not user or "ConfirmationCode" not in data:
        return check(action, data)
    return limited(pool["Id"], user, lambda: check(action, data))


def _named(data: Fields) -> tuple[Any, Any]:
    """Return the pool and the user that a call is about, as far as they exist."""
    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    return pool, cognito._resolve_user(pool, data.get("Username"))[0] if pool else None


def limited(pool_id: str, user: Fields, check: Callable[[], Any]) -> Any:
    """Check a code, unless too many wrong ones have been tried; return the error, if any."""
    key = (pool_id, user["Username"])
    if _wrong[key] >= _ATTEMPTS:
        return error_response_json("LimitExceededException", "Attempt limit exceeded, please try after some time.", 400)
    error = check()
    if error:
        _wrong[key] += 1
    else:
        _wrong.pop(key, None)
    return error


def _to_unconfirmed_users(resend: Original, data: Fields) -> Any:
    _, user = _named(data)
    if user and user["UserStatus"] != "UNCONFIRMED":
        return error_response_json("InvalidParameterException", "User is already confirmed.", 400)
    return resend(data)


def _to_verified_addresses(forgot: Original, data: Fields) -> Any:
    pool, user = _named(data)
    if not user or _has_verified_address(user):
        return forgot(data)
    if cognito._hides_user_existence(pool, data["ClientId"]):
        return cognito._code_delivery_response(cognito._masked_destination(data["Username"]))
    message = "Cannot reset password for the user as there is no registered/verified email or phone_number"
    return error_response_json("InvalidParameterException", message, 400)


def _has_verified_address(user: Fields) -> bool:
    return bool(cognito._attr_list_to_dict(user["Attributes"]).get("email_verified") == "true" and user["Enabled"])
