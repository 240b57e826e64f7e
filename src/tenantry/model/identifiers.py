"""Tenant and user ids: checked here and nowhere else; what does not fit is refused, never repaired."""

from __future__ import annotations

import re
from typing import Final, NewType

from tenantry.model.errors import BadRequestError

TenantId = NewType("TenantId", str)
"""A tenant id that `tenant_id` has checked."""

UserId = NewType("UserId", str)
"""A user id that `user_id` has checked."""

RESERVED_WORDS: Final = ("prefix", "tag", "ap", "dbns")
"""The words of the buckets that all tenants share, such as `aws-saas-s3-tag-<account>`: no tenant id, in any case."""

TENANT_CHARACTERS: Final = "A-Za-z0-9-"
"""What a tenant id is made of, as the inside of a character class."""

TENANT_SHAPE: Final = "[A-Za-z0-9][A-Za-z0-9-]{1,36}[A-Za-z0-9]"
"""What the whole of a tenant id matches, apart from the reserved words.

The lengths keep bucket and access point names within their 63 and 50 characters.
"""

TENANT_PATTERN: Final = rf"(?!(?i:{'|'.join(RESERVED_WORDS)})$){TENANT_SHAPE}"
"""What the whole of a tenant id matches, for engines that check ids themselves; Python and Java read it alike."""

USER_CHARACTERS: Final = "A-Za-z0-9@._+-"
"""What a user id is made of, as the inside of a character class."""

USER_SHAPE: Final = "[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}"
"""What the whole of a user id matches; it also has no two dots in a row."""

_TENANT: Final = re.compile(TENANT_PATTERN)
_USER: Final = re.compile(USER_SHAPE)


class InvalidIdentifierError(BadRequestError):
    """An id that is not one. The message does not repeat it: it may be hostile, and logs are read by people."""


def tenant_id(value: object) -> TenantId:
    """Return `value` as a tenant id.

    Isolation: an id holds letters, digits and hyphens only, so that it can stand in a policy, an ARN, a key or a
    template without meaning anything there. Ids are compared exactly, case included.

    Raises
    ------
    InvalidIdentifierError
        It is not a string of 3 to 38 such characters that begins and ends with a letter or a digit, or it is reserved.
    """
    if not isinstance(value, str) or not _TENANT.fullmatch(value):
        raise InvalidIdentifierError("Invalid tenant id")
    return TenantId(value)


def tenant_id_or_none(value: object) -> TenantId | None:
    """Return `value` as a tenant id, None if it is not one: for what is stored, where anything else opens nothing."""
    try:
        return tenant_id(value)
    except InvalidIdentifierError:
        return None


def user_id(value: object) -> UserId:
    """Return `value` as a user id.

    Isolation: an id holds neither wildcards nor separators, and no ``..``.

    Raises
    ------
    InvalidIdentifierError
        It is not a string of 1 to 128 letters, digits and ``@._+-`` that begins with a letter or a digit.
    """
    if not isinstance(value, str) or not _USER.fullmatch(value) or ".." in value:
        raise InvalidIdentifierError("Invalid user id")
    return UserId(value)
