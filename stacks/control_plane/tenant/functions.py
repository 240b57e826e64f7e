"""The functions behind the tenant API and the tenant admin API, with what each may read and write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stacks.platform.defaults import ONE_PROCESSOR_MIB, allow, reads, writes
from stacks.platform.functions import api_function
from tenantry.model.directory_tables import TENANT_ID, USER_ID
from tenantry.model.variables import TENANT_USERS_TABLE, TENANTS_TABLE

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.control_plane.tenant.tables import TenantTables
    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction


@dataclass(frozen=True, kw_only=True)
class TenantFunctions:
    """The functions.

    Attributes
    ----------
    show, rename
        What shows and renames the caller's tenant.
    tenants_of_caller, tenants_of_user
        What lists the tenants of the caller, and of any user.
    """

    show: PythonFunction
    rename: PythonFunction
    tenants_of_caller: PythonFunction
    tenants_of_user: PythonFunction


def tenant_functions(scope: Construct, platform: Platform, tables: TenantTables) -> TenantFunctions:
    """Make the functions."""
    tenants = {TENANTS_TABLE: tables.tenants.table_name}
    memberships = {TENANT_USERS_TABLE: tables.memberships.table_name}
    show = api_function(scope, "tenant_get", "Shows a tenant", foundation=platform, environment=tenants)
    shown = [TENANT_ID, "name", "foundedby"]  # as `tenantry.runtime.directory` asks for
    allow(show, reads(tables.tenants.table_arn, "dynamodb:GetItem", attributes=shown))
    rename = api_function(
        scope, "tenant_rename", "Renames a tenant", foundation=platform, environment={**tenants, **memberships}
    )
    allow(
        rename,
        writes(tables.tenants.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID, "name"]),
        writes(tables.memberships.table_arn, "dynamodb:ConditionCheckItem", attributes=[TENANT_ID, USER_ID, "roles"]),
    )
    tenants_of_caller = api_function(
        scope, "user_tenants_list", "Lists the caller's tenants", foundation=platform, environment=memberships
    )
    tenants_of_user = api_function(
        scope,
        "admin_user_tenants_list",
        "Lists any user's tenants",
        foundation=platform,
        environment=memberships,
        memory_size=ONE_PROCESSOR_MIB,  # the token hook waits for it, a cold start included
    )
    for function in (tenants_of_caller, tenants_of_user):
        # Without the names, addresses and roles beside them.
        allow(function, reads(tables.user_index_arn, "dynamodb:Query", attributes=[USER_ID, TENANT_ID]))
    return TenantFunctions(
        show=show, rename=rename, tenants_of_caller=tenants_of_caller, tenants_of_user=tenants_of_user
    )
