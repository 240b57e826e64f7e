"""The tenant service: the directory of tenants and members, its two sagas, its two APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration

from stacks.control_plane.tenant.admin_api import tenant_admin_api
from stacks.control_plane.tenant.functions import tenant_functions, usage_function
from stacks.control_plane.tenant.routes import tenant_routes
from stacks.control_plane.tenant.tables import tenant_tables
from stacks.control_plane.tenant.workflows import admin_saga, tenant_saga
from stacks.platform.platform import ApplicationStack, Platform
from tenantry.isolation.api import Directory, TenantApi

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from constructs import Construct

    from tenantry.functions import PythonFunction


class TenantStack(ApplicationStack):
    """The tenant directory, the saga's second and third step, the tenant API and the tenant admin API.

    Attributes
    ----------
    api_url
        Address of the tenant API.
    directory
        The tables by which every authorizer decides.
    invitations
        The table of invitations.
    usage
        Where other stacks register what counts a tenant's usage.
    """

    name = "tenant"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        users: dynamodb.ITable,
        token_claims_hook: PythonFunction,
    ) -> None:
        environment = platform.environment
        super().__init__(scope, construct_id, environment=environment)
        usage, self.usage = usage_function(self, platform)
        tables = tenant_tables(self, environment)
        tenants = tenant_saga(self, platform, tables)
        admins = admin_saga(self, platform, tables, users)
        self.directory = Directory(users=users, tenants=tables.tenants, memberships=tables.memberships)
        self.invitations = tables.invitations
        functions = tenant_functions(self, platform, tables)
        tenant_api = TenantApi(
            self,
            "TenantApi",
            api_name=f"{environment.application}-tenant-api",
            user_pool=platform.identity.user_pool,
            client=platform.identity.client,
            directory=self.directory,
            routes=tenant_routes(functions, usage),
            description="The caller's tenant, its usage, and the caller's tenants",
            defaults=platform.api_defaults,
            function_defaults=platform.function_defaults,
            authorizer_cache_ttl=Duration.seconds(environment.authorizer_cache_seconds),
        )
        admin_api = tenant_admin_api(self, platform, functions, token_claims_hook=token_claims_hook)

        self.api_url = tenant_api.url
        self.add_outputs(
            TenantApiUrl=tenant_api.url,
            TenantAdminApiUrl=admin_api.url,
            TenantsTableName=tables.tenants.table_name,
            TenantUsersTableName=tables.memberships.table_name,
            InvitationsTableName=tables.invitations.table_name,
            TenantSagaDeadLetterQueueUrl=tenants.dead_letter_queue_url,
            TenantSagaStateMachineArn=tenants.state_machine_arn,
            AdminSagaDeadLetterQueueUrl=admins.dead_letter_queue_url,
            AdminSagaStateMachineArn=admins.state_machine_arn,
        )
