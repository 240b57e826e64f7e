"""The functions behind the tenant API and the tenant admin API, what each may read and write, and usage's registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, Stack

from stacks.names import usage_path
from stacks.platform.defaults import ONE_PROCESSOR_MIB, allow, grant_on, reads, writes
from stacks.platform.functions import api_function
from tenantry.isolation.metering import UsageRegistry
from tenantry.model.directory_tables import TENANT_ID, USER_ID
from tenantry.model.variables import TENANT_USERS_TABLE, TENANTS_TABLE

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.control_plane.tenant.tables import TenantTables
    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction


_CALLERS: Final = "The tenant is that of the caller whom the authorizer has verified."
_OF_A_USER: Final = "The tenants of one user: the caller, or whom a service asks for that IAM has authorized."


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
    allow(show, reads(tables.tenants.table_arn, "dynamodb:GetItem", attributes=shown), because=_CALLERS)
    rename = api_function(
        scope, "tenant_rename", "Renames a tenant", foundation=platform, environment={**tenants, **memberships}
    )
    allow(
        rename,
        writes(tables.tenants.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID, "name"]),
        writes(tables.memberships.table_arn, "dynamodb:ConditionCheckItem", attributes=[TENANT_ID, USER_ID, "roles"]),
        because=_CALLERS,
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
        allow(
            function,
            reads(tables.user_index_arn, "dynamodb:Query", attributes=[USER_ID, TENANT_ID]),
            because=_OF_A_USER,
        )
    return TenantFunctions(
        show=show, rename=rename, tenants_of_caller=tenants_of_caller, tenants_of_user=tenants_of_user
    )


def usage_function(scope: Construct, platform: Platform) -> tuple[PythonFunction, UsageRegistry]:
    """Make the function, which has no grant on data, and the registry of those that it asks."""
    environment = platform.environment
    path = usage_path(environment.application)
    function = api_function(
        scope,
        "tenant_usage",
        "Shows the stored data and recent records of the caller's tenant",
        foundation=platform,
        tenant_isolated=environment.tenant_isolated_functions,
        timeout=Duration.seconds(28),  # API Gateway waits 29; the counters have 25 of these together
        environment={"USAGE_PATH": path},
    )
    # Listing is allowed by the path itself, not by the parameters below it.
    grant_on(
        Stack.of(scope).format_arn(service="ssm", resource="parameter", resource_name=path.lstrip("/")),
        function,
        "ssm:GetParametersByPath",
    )
    return function, UsageRegistry(path=path, reader=function.execution_role)
