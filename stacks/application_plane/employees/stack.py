"""The token vending machine at its smallest: one pooled table, one function, one API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration

from stacks.application_plane.employees.routes import employee_routes
from stacks.platform.defaults import directory
from stacks.platform.functions import api_function
from stacks.platform.platform import ApplicationStack, Platform
from tenantry.isolation.api import TenantApi
from tenantry.isolation.data import TenantTable
from tenantry.isolation.vending import TokenVendor
from tenantry.model.tenant_tables import EMPLOYEE_ID, EMPLOYEE_TENANT

if TYPE_CHECKING:
    from constructs import Construct


class EmployeesStack(ApplicationStack):
    """Employees of all tenants in one table, each reachable with credentials of its own tenant only."""

    name = "employees"

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        environment = platform.environment
        super().__init__(scope, construct_id, environment=environment)
        table = TenantTable(
            self,
            "Employees",
            partition_key=EMPLOYEE_TENANT,
            sort_key=EMPLOYEE_ID,
            deletion_protection=not environment.ephemeral,
            removal_policy=environment.removal_policy,
        )
        function = api_function(
            self,
            "employees",
            "The employees of the caller's tenant",
            construct_id="Function",
            foundation=platform,
            tenant_isolated=environment.tenant_isolated_functions,
            environment={"EMPLOYEES_TABLE": table.table_name},
        )
        vendor = TokenVendor(self, "Vendor")
        table.grant_tenant_read_write(vendor.purpose("employees"))
        vendor.grant_vend(function, purposes=["employees"])
        api = TenantApi(
            self,
            "Api",
            api_name=f"{environment.application}-employees-api",
            user_pool=platform.identity.user_pool,
            client=platform.identity.client,
            directory=directory(self, environment),
            routes=employee_routes(function),
            description="The employees of the caller's tenant",
            defaults=platform.api_defaults,
            function_defaults=platform.function_defaults,
            authorizer_cache_ttl=Duration.seconds(environment.authorizer_cache_seconds),
        )
        self.add_outputs(
            EmployeesApiUrl=api.url,
            EmployeesTableName=table.table_name,
            EmployeesTenantRoleArn=vendor.role_arn,
        )
