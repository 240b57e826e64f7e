"""Settings of a function, read once from its environment."""

from __future__ import annotations

import json
import os
from typing import Any, Final, Literal, Self, get_args, get_origin, get_type_hints

from tenantry.model.directory_tables import Tables

_TRUTH: Final = {"true": True, "false": False}


class SettingError(ValueError):
    """A setting is missing or of the wrong type. The message does not repeat it."""


class Settings:
    """Base of each function's settings: a field ``table_name`` is read from ``TABLE_NAME``.

    A field is text, a number, true or false, or a JSON object (``dict``); one with a value in the class may be missing.

    A function loads its settings when it is imported, so that a wrong deployment fails at the cold start and not at
    the first request that meets the gap.
    """

    @classmethod
    def load(cls) -> Self:
        """Read the settings from the environment.

        Raises
        ------
        SettingError
            One is missing or of the wrong type.
        """
        found = cls()
        for name, kind in get_type_hints(cls).items():
            text = os.environ.get(name.upper())
            if text is not None:
                setattr(found, name, _read(name.upper(), text, kind))
            elif not hasattr(cls, name):
                raise SettingError(f"{name.upper()} is missing: set this environment variable")
        return found


class DirectorySettings(Settings):
    """The settings of a function that reads or changes the directory."""

    users_table: str
    tenants_table: str
    tenant_users_table: str

    @property
    def tables(self) -> Tables:
        """The names of the tables."""
        return Tables(users=self.users_table, tenants=self.tenants_table, memberships=self.tenant_users_table)


class AccountSettings(DirectorySettings):
    """The settings of a function that changes or compares accounts, in the directory and in the user pool."""

    invitations_table: str
    user_pool_id: str


def _read(name: str, text: str, kind: Any) -> object:  # noqa: ANN401 - an annotation
    try:
        if kind is str:
            return text
        if kind is int:
            return int(text)
        if kind is bool:
            return _TRUTH[text.lower()]
        if get_origin(kind) is Literal:
            return {word: word for word in get_args(kind)}[text]
        found = json.loads(text)
        if isinstance(found, get_origin(kind)):
            return found
    except (KeyError, ValueError):
        pass
    raise SettingError(f"{name} must be {kind}: correct this environment variable") from None
