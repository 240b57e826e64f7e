"""E-mail addresses, where they say who somebody is."""

from __future__ import annotations

import re
from typing import Final, NewType

from tenantry.model.errors import BadRequestError

Mailbox = NewType("Mailbox", str)
"""An e-mail address that `mailbox` has checked, in lower case."""

_LONGEST: Final = 254  # of a path, RFC 5321
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


class InvalidMailboxError(BadRequestError):
    """An e-mail address that is not one. The message does not repeat it."""


def mailbox(value: object) -> Mailbox:
    """Return `value` as an e-mail address in lower case, as the user pool compares addresses.

    Isolation: two addresses are the same mailbox only if they differ in the case of ASCII letters. Whatever else could
    be folded into another's address, such as the Kelvin sign that becomes a ``k``, is refused.

    Raises
    ------
    InvalidMailboxError
        It is not a string of the form ``name@host.domain`` in ASCII, of at most 254 characters.
    """
    if not isinstance(value, str) or len(value) > _LONGEST or not _ADDRESS.fullmatch(value):
        raise InvalidMailboxError("Invalid e-mail address")
    return Mailbox(value.lower())
