"""The token vending machine at its smallest: one pooled table, one function, one API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration, Stack

from stacks.platform import schemas
from stacks.platform.defaults import api_defaults, directory, function_defaults
from stacks.platform.roles import ADMIN, ALL_ROLES, WRITERS
from tenantry.functions import PythonFunction
from tenantry.functions.sources import package_folder
from tenantry.isolation.api import Answer, Route, TenantApi
from tenantry.isolation.data import TenantTable
from tenantry.isolation.vending import TokenVendor

if TYPE_CHECKING:
    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.environments import Environment


class EmployeesStack(Stack):
    """Employees of all tenants in one table, each reachable with credentials of its own tenant only."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        alarms: sns.ITopic,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
    ) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name("employees")
        )
        apis = api_defaults(environment, alarms)

        table = TenantTable(
            self,
            "Employees",
            partition_key="Tenant",
            sort_key="Id",
            deletion_protection=not environment.ephemeral,
            removal_policy=environment.removal_policy,
        )
        function = PythonFunction(
            self,
            "Function",
            entry=package_folder("employees"),
            defaults=function_defaults(environment),
            description="The employees of the caller's tenant",
            tenant_isolated=environment.tenant_isolated_functions,
            environment={
                "CORS_HEADERS": self.to_json_string(dict(apis.cors_headers)),
                "EMPLOYEES_TABLE": table.table_name,
            },
        )
        vendor = TokenVendor(self, "Vendor")
        table.grant_tenant_read_write(vendor.purpose("employees"))
        vendor.grant_vend(function, purposes=["employees"])

        api = TenantApi(
            self,
            "Api",
            api_name=f"{environment.application}-employees-api",
            user_pool=user_pool,
            client=client,
            directory=directory(self, environment),
            routes=[
                Route(
                    method="GET",
                    path="/employees",
                    handler=function,
                    roles=ALL_ROLES,
                    summary="List the employees of the caller's tenant",
                    answers={200: Answer(description="All employees of the tenant", schema=schemas.EMPLOYEES)},
                ),
                Route(
                    method="POST",
                    path="/employees",
                    handler=function,
                    roles=WRITERS,
                    takes=schemas.EMPLOYEE,
                    summary="Add an employee",
                    answers={
                        201: Answer(description="Added", schema=schemas.EMPLOYEE_KEY),
                        409: Answer.refusal("An employee with this Id already exists"),
                    },
                ),
                Route(
                    method="PUT",
                    path="/employees/{id}",
                    handler=function,
                    roles=WRITERS,
                    takes=schemas.EMPLOYEE,
                    summary="Replace an employee; the Id in the body must equal the Id in the path",
                    parameters=[schemas.EMPLOYEE_ID],
                    answers={
                        200: Answer(description="Replaced", schema=schemas.EMPLOYEE_KEY),
                        404: Answer.refusal("Employee not found in the caller's tenant"),
                    },
                ),
                Route(
                    method="DELETE",
                    path="/employees/{id}",
                    handler=function,
                    roles=[ADMIN],
                    summary="Remove an employee",
                    parameters=[schemas.EMPLOYEE_ID],
                    answers={
                        204: Answer(description="Removed"),
                        404: Answer.refusal("Employee not found in the caller's tenant"),
                    },
                ),
            ],
            description="The employees of the caller's tenant",
            defaults=apis,
            function_defaults=function_defaults(environment),
            authorizer_cache_ttl=Duration.seconds(environment.authorizer_cache_seconds),
        )

        CfnOutput(self, "EmployeesApiUrl", value=api.url)
        CfnOutput(self, "EmployeesTableName", value=table.table_name)
        CfnOutput(self, "EmployeesTenantRoleArn", value=vendor.role_arn)
