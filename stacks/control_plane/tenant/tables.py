"""The directory's own tables: tenants, memberships and invitations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_dynamodb as dynamodb

from stacks.platform.defaults import string_key, table
from tenantry.functions import declare_store
from tenantry.model.directory_tables import (
    INVITATION_ID,
    INVITEE_INDEX,
    MEMBERSHIPS,
    TENANT_ID,
    TENANTS,
    USER_ID,
    USER_INDEX,
    table_name,
)
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environments import Environment


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
        return f"{self.memberships.table_arn}/index/{USER_INDEX}"


def tenant_tables(scope: Construct, environment: Environment) -> TenantTables:
    """Make the tables."""
    application = environment.application
    tenants = table(
        scope, "Tenants", name=table_name(application, TENANTS), hash_key=TENANT_ID, environment=environment
    )
    memberships = table(
        scope,
        "TenantUsers",
        name=table_name(application, MEMBERSHIPS),
        hash_key=TENANT_ID,
        range_key=USER_ID,
        environment=environment,
    )
    memberships.add_global_secondary_index(
        index_name=USER_INDEX,
        partition_key=string_key(USER_ID),
        sort_key=string_key(TENANT_ID),
        projection_type=dynamodb.ProjectionType.ALL,
    )

    invitations = table(
        scope,
        "Invitations",
        hash_key=TENANT_ID,
        range_key=INVITATION_ID,
        expires="expires",
        environment=environment,
    )
    invitations.add_global_secondary_index(
        index_name=INVITEE_INDEX,
        partition_key=string_key("email"),
        projection_type=dynamodb.ProjectionType.ALL,
    )

    for part, holds in (
        (tenants, "tenants"),
        (memberships, "memberships"),
        (invitations, "invitations"),
    ):
        declare_store(part, Store(holds=holds, by=By.PARTITION_KEY, key=TENANT_ID, forms=(TENANT_IN_NAME,)))
    return TenantTables(tenants=tenants, memberships=memberships, invitations=invitations)
