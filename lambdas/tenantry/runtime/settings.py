"""Settings of a function, read once from its environment."""

from __future__ import annotations

import os
from typing import Self

from pydantic import BaseModel, ConfigDict

from tenantry.model.directory_tables import Tables


class Settings(BaseModel):
    """Base of each function's settings: a field ``table_name`` is read from ``TABLE_NAME``.

    A function loads its settings when it is imported, so that a wrong deployment fails at the cold start and not at
    the first request that meets the gap.
    """

    model_config = ConfigDict(frozen=True, alias_generator=str.upper, hide_input_in_errors=True)

    @classmethod
    def load(cls) -> Self:
        """Read the settings from the environment.

        Raises
        ------
        pydantic.ValidationError
            One is missing or of the wrong type.
        """
        return cls.model_validate(dict(os.environ))


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
