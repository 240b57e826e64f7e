"""Keeps personal data out of what is printed."""

from __future__ import annotations

import re
from typing import Any, Final

_PERSONAL: Final = frozenset({"email", "name", "given_name", "family_name", "phone_number"})
_ADDRESS: Final = re.compile(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+")
_HIDDEN: Final = "***"


def masked(value: object) -> Any:  # noqa: ANN401 - the same shape as what comes in
    """Return a copy of JSON-like data in which names and e-mail addresses are masked, wherever they stand.

    A name that stands in a field of its own is masked in running text, such as an error's, as well.

    Examples
    --------
    >>> masked({"data": {"name": "Ada", "userName": "u-1"}, "cause": "no mail to ada@example.com for Ada"})
    {'data': {'name': '***', 'userName': 'u-1'}, 'cause': 'no mail to *** for ***'}
    """
    return _masked(value, sorted(_personal(value), key=len, reverse=True))


def _personal(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {text for key, text in value.items() if key in _PERSONAL and isinstance(text, str) and text}
        return own.union(*map(_personal, value.values()))
    if isinstance(value, list):
        return set().union(*map(_personal, value))
    return set()


def _masked(value: object, secrets: list[str]) -> object:
    if isinstance(value, dict):
        return {
            key: _HIDDEN if key in _PERSONAL and content is not None else _masked(content, secrets)
            for key, content in value.items()
        }
    if isinstance(value, list):
        return [_masked(each, secrets) for each in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, _HIDDEN)
        return _ADDRESS.sub(_HIDDEN, value)
    return value
