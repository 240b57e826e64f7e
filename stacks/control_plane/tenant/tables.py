"""The directory's own tables: tenants, memberships and invitations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import aws_dynamodb as dynamodb

from stacks.platform.defaults import table
from tenantry.functions import declare_store
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environments import Environment

_USER_INDEX: Final = "user-index"


@dataclass(frozen=True, kw_only=True)
class TenantTables:
    """The tables.

    Attributes
    ----------
    tenants, memberships, invitations
        One each.
    """

    tenants: dynamodb.Table
    memberships: dynamodb.Table
    invitations: dynamodb.Table

    @property
    def user_index_arn(self) -> str:
        """The index of memberships by user."""
        return f"{self.memberships.table_arn}/index/{_USER_INDEX}"


def tenant_tables(scope: Construct, environment: Environment) -> TenantTables:
    """Make the tables."""
    application = environment.application
    tenants = table(scope, "Tenants", name=f"{application}-tenants", hash_key="tenantid", environment=environment)
    memberships = table(
        scope,
        "TenantUsers",
        name=f"{application}-tenant-users",
        hash_key="tenantid",
        range_key="userid",
        environment=environment,
    )
    memberships.add_global_secondary_index(
        index_name=_USER_INDEX,
        partition_key=dynamodb.Attribute(name="userid", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="tenantid", type=dynamodb.AttributeType.STRING),
        projection_type=dynamodb.ProjectionType.ALL,
    )

    invitations = table(
        scope,
        "Invitations",
        hash_key="tenantid",
        range_key="invitationid",
        expires="expires",
        environment=environment,
    )
    invitations.add_global_secondary_index(
        index_name="invitee-index",
        partition_key=dynamodb.Attribute(name="email", type=dynamodb.AttributeType.STRING),
        projection_type=dynamodb.ProjectionType.ALL,
    )

    for part, holds in (
        (tenants, "tenants"),
        (memberships, "memberships"),
        (invitations, "invitations"),
    ):
        declare_store(part, Store(holds=holds, by=By.PARTITION_KEY, key="tenantid", forms=("{tenant}",)))
    return TenantTables(tenants=tenants, memberships=memberships, invitations=invitations)
