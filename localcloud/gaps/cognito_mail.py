"""Cognito's codes are random, and only the addressee can read them.

AWS: a code of six random digits goes to the user's address, and a few wrong ones end the attempt.
https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html

MiniStack: every code is 123456 or 654321, any number of guesses is free, and its mail lies open at a URL.

Here: codes are random, five wrong ones end the attempt, and mail goes to the operator's folder (`localcloud.mail`).
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

from localcloud import mail
from localcloud.gaps.patching import replace
from localcloud.settings import FOLDER_VARIABLE, StateFolder

_ATTEMPTS = 5
_wrong: Counter[tuple[str, str]] = Counter()


def close() -> None:
    """Close the gap."""
    replace(cognito, "_send_verification_email", _with_random_code)
    replace(cognito, "_deliver_cognito_email", _into_folder)
    replace(cognito, "_confirmation_code_error", _with_limit)


def _with_random_code(send: Callable[..., Any]) -> Callable[..., Any]:
    def send_verification_email(
        pool: dict[str, Any], username: str, attributes: dict[str, str], _: str, attribute_name: str = "email"
    ) -> Any:
        code = f"{secrets.randbelow(10**6):06}"
        user, _error = cognito._resolve_user(pool, username)
        user["_reset_code" if attribute_name == "password" else "_confirmation_code"] = code
        _wrong.pop((pool["Id"], user["Username"]), None)
        return send(pool, username, attributes, code, attribute_name=attribute_name)

    return send_verification_email


def _into_folder(deliver: Callable[..., Any]) -> Callable[..., Any]:
    folder = StateFolder(Path(os.environ[FOLDER_VARIABLE]))

    def deliver_cognito_email(  # noqa: PLR0917 - MiniStack's signature
        pool: dict[str, Any],
        to_email: str,
        subject: str,
        body: str,
        type_name: str,
        extra: dict[str, Any] | None = None,
    ) -> Any:
        code = re.search(r"\b\d{6}\b", body)
        message = mail.Message(to=to_email, subject=subject, body=body, code=code.group() if code else "")
        mail.send(folder, message)
        return deliver(pool, to_email, subject, body, type_name, extra=extra)

    return deliver_cognito_email


def _with_limit(check: Callable[..., Any]) -> Callable[..., Any]:
    def confirmation_code_error(action: str, data: dict[str, Any]) -> Any:
        pool, pool_id = cognito._pool_for_client(data.get("ClientId"))
        user = cognito._resolve_user(pool, data.get("Username"))[0] if pool and "ConfirmationCode" in data else None
        if not user:
            return check(action, data)
        key = (pool_id, user["Username"])
        if _wrong[key] >= _ATTEMPTS:
            return error_response_json(
                "LimitExceededException", "Attempt limit exceeded, please try after some time.", 400
            )
        error = check(action, data)
        if error:
            _wrong[key] += 1
        else:
            _wrong.pop(key, None)
        return error

    return confirmation_code_error
