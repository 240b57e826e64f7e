"""What is attacked: one deployed environment, and the operator's way into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.operate.environment import LOCAL, STATE_FOLDER, Environment
from tenantry.operate.storage import DeployedNames

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.operate.aws import Aws

PRODUCTION: Final = "prod"
_NO_NAME: Final = f"no-storage-{TENANT_IN_NAME}"
_NO_STORAGE: Final = DeployedNames(shared={}, own_bucket=_NO_NAME, access_point=_NO_NAME)


@dataclass(frozen=True, kw_only=True)
class Target:
    """An environment under attack.

    Attributes
    ----------
    name
        The environment's name.
    app
        The application's name.
    tenant_api, admin_api
        URLs of the APIs with their stage, without a closing slash.
    user_pool_id, client_id
        The identity pool and its public client.
    bus
        Name of the application's event bus.
    users_table, tenants_table, tenant_users_table
        Names of the tables that the sagas fill.
    stacks
        The names of the deployed stacks.
    aws
        The operator's clients, which set the scenario and look at what an attack has changed.
    storage_api, employees_api
        URLs of the APIs of tenants' data.
    metadata_table, employees_table
        Names of the pooled tables.
    storage_role, employees_role
        ARNs of the tenant roles, which sessions are vended of.
    ingest_api, ingest_stream
        URL of the API that takes tenants' records, and the name of the stream behind it.
    lake, streaming_role
        Name of the data lake's bucket, and of the role of the application that fills it.
    device_role_alias, device_role
        The role alias that servers' certificates are exchanged under, and the ARN of its role.
    membership_api, invitations_table
        URL of the API of members and invitations, and the table of invitations.
    parks_api
        URL of the API of parks and webhooks.
    parks_table
        The pooled table of parks and webhooks.
    park_statuses_queue, park_statuses_dead_letters, webhook_dead_letters
        URLs of the queue of work, and of the queues of what failed of it and of what could not be delivered.
    control_api
        URL of the API of operators.
    storage_names
        Names of the buckets and access points of tenants' objects.
    environment
        The environment as the operator's commands take it.
    """

    name: str
    app: str
    tenant_api: str
    admin_api: str
    user_pool_id: str
    client_id: str
    bus: str
    users_table: str
    tenants_table: str
    tenant_users_table: str
    stacks: tuple[str, ...]
    aws: Aws
    storage_api: str = ""
    metadata_table: str = ""
    storage_role: str = ""
    employees_api: str = ""
    employees_table: str = ""
    employees_role: str = ""
    ingest_api: str = ""
    ingest_stream: str = ""
    lake: str = ""
    streaming_role: str = ""
    device_role_alias: str = ""
    device_role: str = ""
    membership_api: str = ""
    parks_api: str = ""
    parks_table: str = ""
    park_statuses_queue: str = ""
    park_statuses_dead_letters: str = ""
    webhook_dead_letters: str = ""
    invitations_table: str = ""
    control_api: str = ""
    storage_names: DeployedNames = _NO_STORAGE
    environment: Environment | None = None

    @classmethod
    def of(cls, environment: Environment) -> Target:
        """Return the target that an environment is."""
        output = environment.output
        return cls(
            name=environment.name,
            app=environment.app,
            tenant_api=output("tenant", "TenantApiUrl").rstrip("/"),
            admin_api=output("tenant", "TenantAdminApiUrl").rstrip("/"),
            user_pool_id=output("user", "UserPoolId"),
            client_id=output("user", "UserPoolClientId"),
            bus=output("common", "EventBusName"),
            users_table=output("user", "UsersTableName"),
            tenants_table=output("tenant", "TenantsTableName"),
            tenant_users_table=output("tenant", "TenantUsersTableName"),
            stacks=tuple(environment.outputs),
            aws=environment.aws,
            storage_api=output("storage", "StorageApiUrl").rstrip("/"),
            metadata_table=output("storage", "StorageMetadataTableName"),
            storage_role=output("storage", "StorageTenantRoleArn"),
            employees_api=output("employees", "EmployeesApiUrl").rstrip("/"),
            employees_table=output("employees", "EmployeesTableName"),
            employees_role=output("employees", "EmployeesTenantRoleArn"),
            ingest_api=output("ingestion", "IngestApiUrl").rstrip("/"),
            ingest_stream=output("ingestion", "IngestStreamName"),
            lake=output("ingestion", "DataLakeBucket"),
            streaming_role=output("ingestion", "StreamingRoleName"),
            device_role_alias=output("ingestion", "IngestDeviceRoleAlias"),
            device_role=output("ingestion", "IngestDeviceRoleArn"),
            membership_api=output("membership", "MembershipApiUrl").rstrip("/"),
            parks_api=output("parks", "ParksApiUrl").rstrip("/"),
            parks_table=output("parks", "ParksTableName"),
            park_statuses_queue=output("parks", "ParkStatusesQueueUrl"),
            park_statuses_dead_letters=output("parks", "ParkStatusesDeadLetterQueueUrl"),
            webhook_dead_letters=output("parks", "WebhookDeadLetterQueueUrl"),
            invitations_table=output("tenant", "InvitationsTableName"),
            control_api=output("control", "ControlApiUrl").rstrip("/"),
            storage_names=DeployedNames.of(environment),
            environment=environment,
        )

    @classmethod
    def named(cls, name: str = LOCAL, *, state: Path = STATE_FOLDER, app: str | None = None) -> Target:
        """Find an environment by its name, see `tenantry.operate.environment.Environment.load`."""
        return cls.of(Environment.load(name, state=state, app=app))

    @property
    def jwks_url(self) -> str:
        """Where the pool's public keys are, as seen from this machine."""
        home = self.aws.endpoint_url or f"https://cognito-idp.{self.aws.region}.amazonaws.com"
        return f"{home}/{self.user_pool_id}/.well-known/jwks.json"

    @property
    def issuer(self) -> str:
        """The `iss` of the pool's tokens."""
        return f"https://cognito-idp.{self.aws.region}.amazonaws.com/{self.user_pool_id}"
