"""The tables that say who may act: users, tenants, and which users belong to which tenants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import acknowledge_reach
from tenantry.model.variables import TENANT_USERS_TABLE, TENANTS_TABLE, USERS_TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping


_DECIDES: Final = (
    "It decides who may act: single items, by the ids of a verified token or of work that carries its tenant, and no "
    "list."
)


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The directory that authorizers decide by.

    Isolation: whoever can write these tables decides who may do what. Readers get single items and no list
    (`grant_read_state`).

    Attributes
    ----------
    users
        HASH ``userid``, with ``activetenantid`` and for each tenant the string set ``roles:<tenant>``; ``validafter``
        (seconds since 1970) ends the sessions of before, ``endedsessions`` single ones; ``blockedat``, ``deletedat`` or
        ``newpassword`` close the account.
    tenants
        HASH ``tenantid``; ``state`` other than ``active`` closes the tenant.
    memberships
        HASH ``tenantid``, RANGE ``userid``, with the string set ``roles``. It is read for users whose item has no
        roles in the tenant.
    """

    users: dynamodb.ITable
    tenants: dynamodb.ITable
    memberships: dynamodb.ITable

    @classmethod
    def from_table_names(
        cls, scope: Construct, construct_id: str, *, users: str, tenants: str, memberships: str
    ) -> Directory:
        """Return the directory whose tables have these names in the stack's account and region.

        It does not make them, and a stack that uses it does not depend on the one that does.
        """
        home = Construct(scope, construct_id)
        return cls(
            users=dynamodb.Table.from_table_name(home, "Users", users),
            tenants=dynamodb.Table.from_table_name(home, "Tenants", tenants),
            memberships=dynamodb.Table.from_table_name(home, "Memberships", memberships),
        )

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables that tell a function the tables' names."""
        return {
            USERS_TABLE: self.users.table_name,
            TENANTS_TABLE: self.tenants.table_name,
            TENANT_USERS_TABLE: self.memberships.table_name,
        }

    def grant_read_state(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` read single users, tenants and memberships, as deciding takes it."""
        needed = (
            (self.users, "dynamodb:BatchGetItem"),
            (self.tenants, "dynamodb:BatchGetItem"),
            (self.memberships, "dynamodb:GetItem"),
        )
        for table, action in needed:
            acknowledge_reach(grantee, table.table_arn, actions=[action], reason=_DECIDES)
        users, tenants, memberships = (
            iam.Grant.add_to_principal(grantee=grantee, actions=[action], resource_arns=[table.table_arn])
            for table, action in needed
        )
        return users.combine(tenants).combine(memberships)
