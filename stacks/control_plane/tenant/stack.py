"""The tenant service: the directory of tenants and members, its two sagas, its two APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ssm as ssm

from stacks.control_plane.metering.usage import usage_function
from stacks.control_plane.saga_checks import has_tenant, has_user, text
from stacks.platform import schemas
from stacks.platform.base import ApplicationStack
from stacks.platform.defaults import ONE_PROCESSOR_MIB, allow, function_defaults, reads, table, writes
from stacks.platform.events import Events
from stacks.platform.names import admin_api_parameter
from stacks.platform.roles import ADMIN, ALL_ROLES
from tenantry.functions import PythonFunction, declare_store
from tenantry.functions.sources import package_folder
from tenantry.isolation.api import Access, AdminApi, Answer, Directory, Route, TenantApi
from tenantry.isolation.events import EventSaga, SagaEmission, SagaTask
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from stacks.control_plane.metering.usage import Partitions
    from stacks.platform.platform import Identity, Platform
    from tenantry.streaming import DataLake

_USER_INDEX = "user-index"
_PERSON = [has_user("$event.detail"), text("$event.detail.email"), text("$event.detail.name")]


class TenantStack(ApplicationStack):
    """The tenant directory, the saga's second and third step, the tenant API and the tenant admin API.

    Attributes
    ----------
    api_url
        Address of the tenant API.
    directory
        The tables by which every authorizer decides.
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
        partitions: Partitions,
        lake: DataLake,
    ) -> None:
        environment = platform.environment
        super().__init__(scope, construct_id, environment=environment)
        application = environment.application
        self._environment = environment
        self._bus = platform.bus
        self._alarms = platform.alarms
        self._apis = platform.api_defaults
        self._usage = usage_function(self, environment=environment, apis=self._apis, partitions=partitions, lake=lake)

        self.tenants = table(
            self, "Tenants", name=f"{application}-tenants", hash_key="tenantid", environment=environment
        )
        self.members = table(
            self,
            "TenantUsers",
            name=f"{application}-tenant-users",
            hash_key="tenantid",
            range_key="userid",
            environment=environment,
        )
        self.members.add_global_secondary_index(
            index_name=_USER_INDEX,
            partition_key=dynamodb.Attribute(name="userid", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="tenantid", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.ALL,
        )

        self.invitations = table(
            self,
            "Invitations",
            hash_key="tenantid",
            range_key="invitationid",
            expires="expires",
            environment=environment,
        )
        self.invitations.add_global_secondary_index(
            index_name="invitee-index",
            partition_key=dynamodb.Attribute(name="email", type=dynamodb.AttributeType.STRING),
            projection_type=dynamodb.ProjectionType.ALL,
        )

        for part, holds in (
            (self.tenants, "tenants"),
            (self.members, "memberships"),
            (self.invitations, "invitations"),
        ):
            declare_store(part, Store(holds=holds, by=By.PARTITION_KEY, key="tenantid", forms=("{tenant}",)))
        self._user_index_arn = f"{self.members.table_arn}/index/{_USER_INDEX}"

        tenant_saga = self._tenant_saga()
        admin_saga = self._admin_saga(users)
        self.directory = Directory(users=users, tenants=self.tenants, memberships=self.members)
        tenant_api = self._tenant_api(platform.identity)
        admin_api = self._admin_api(token_claims_hook)

        self.api_url = tenant_api.url
        CfnOutput(self, "TenantApiUrl", value=tenant_api.url)
        CfnOutput(self, "TenantAdminApiUrl", value=admin_api.url)
        CfnOutput(self, "TenantsTableName", value=self.tenants.table_name)
        CfnOutput(self, "TenantUsersTableName", value=self.members.table_name)
        CfnOutput(self, "InvitationsTableName", value=self.invitations.table_name)
        CfnOutput(self, "TenantSagaDeadLetterQueueUrl", value=tenant_saga.dead_letter_queue_url)
        CfnOutput(self, "TenantSagaStateMachineArn", value=tenant_saga.state_machine_arn)
        CfnOutput(self, "AdminSagaDeadLetterQueueUrl", value=admin_saga.dead_letter_queue_url)
        CfnOutput(self, "AdminSagaStateMachineArn", value=admin_saga.state_machine_arn)

    def _tenant_saga(self) -> EventSaga:
        """Make the tenant of a new user. Its id is derived from the user's, so that it is the same at each delivery."""
        events = Events(self._environment.application)
        digest = "$hash('tenant of ' & $event.detail.userName, 'SHA-256')"
        return EventSaga(
            self,
            "TenantSaga",
            bus=self._bus,
            on=events.user_created,
            checks=_PERSON,
            # The form of a UUID, version 8 ("custom", RFC 9562), of a digest.
            variables={
                "tenantId": f"($d := {digest}; $substring($d, 0, 8) & '-' & $substring($d, 8, 4) & '-8' & "
                "$substring($d, 13, 3) & '-8' & $substring($d, 17, 3) & '-' & $substring($d, 20, 12))"
            },
            tasks=[
                SagaTask(
                    name="Put the tenant",
                    # An update that names the key alone makes the item; a put without the condition would empty it.
                    resource="arn:aws:states:::dynamodb:updateItem",
                    arguments={
                        "TableName": self.tenants.table_name,
                        "Key": {"tenantid": {"S": "{% $tenantId %}"}},
                        "ConditionExpression": "attribute_not_exists(tenantid)",
                    },
                    statements=[
                        writes(
                            self.tenants.table_arn, "dynamodb:UpdateItem", attributes=["tenantid"], in_transaction=False
                        )
                    ],
                    done_already=["DynamoDB.ConditionalCheckFailedException"],
                )
            ],
            emits=SagaEmission(event=events.tenant_created, detail={"tenantId": "{% $tenantId %}", **_person()}),
            alarms=self._alarms,
            log_retention=self._environment.log_retention,
            removal_policy=self._environment.removal_policy,
        )

    def _admin_saga(self, users: dynamodb.ITable) -> EventSaga:
        """Make the founder of a tenant its admin, and the tenant the active one of a user who has none yet."""
        events = Events(self._environment.application)
        return EventSaga(
            self,
            "AdminSaga",
            bus=self._bus,
            on=events.tenant_created,
            checks=[has_tenant("$event.detail"), *_PERSON],
            tasks=[
                SagaTask(
                    name="Look the tenant up",
                    resource="arn:aws:states:::dynamodb:getItem",
                    arguments={
                        "TableName": self.tenants.table_name,
                        "Key": {"tenantid": {"S": "{% $event.detail.tenantId %}"}},
                        "ProjectionExpression": "foundedby",
                        "ConsistentRead": True,
                    },
                    statements=[
                        reads(self.tenants.table_arn, "dynamodb:GetItem", attributes=["tenantid", "foundedby"])
                    ],
                    # An event that is replayed later must not bring back an admin who has been removed since.
                    all_done_when="$exists($states.result.Item.foundedby)",
                ),
                _founding(tenants=self.tenants, members=self.members, users=users),
            ],
            emits=SagaEmission(
                event=events.admin_added,
                detail={"tenantId": "{% $event.detail.tenantId %}", **_person(), "role": "admin"},
            ),
            alarms=self._alarms,
            log_retention=self._environment.log_retention,
            removal_policy=self._environment.removal_policy,
        )

    def _tenant_api(self, identity: Identity) -> TenantApi:
        show = self._function("tenant_get", "Shows a tenant", tenants=True)
        shown = ["tenantid", "name", "foundedby"]  # as `tenantry.runtime.directory` asks for
        allow(show, reads(self.tenants.table_arn, "dynamodb:GetItem", attributes=shown))
        rename = self._function("tenant_rename", "Renames a tenant", tenants=True, members=True)
        allow(
            rename,
            writes(self.tenants.table_arn, "dynamodb:UpdateItem", attributes=["tenantid", "name"]),
            writes(self.members.table_arn, "dynamodb:ConditionCheckItem", attributes=["tenantid", "userid", "roles"]),
        )
        tenants_of_caller = self._function("user_tenants_list", "Lists the caller's tenants", members=True)
        allow(tenants_of_caller, self._lists_tenants())
        return TenantApi(
            self,
            "TenantApi",
            api_name=f"{self._environment.application}-tenant-api",
            user_pool=identity.user_pool,
            client=identity.client,
            directory=self.directory,
            routes=[
                Route(
                    method="GET",
                    path="/tenant/{tenantId}",
                    handler=show,
                    roles=ALL_ROLES,
                    summary="Show the caller's tenant",
                    parameters=[schemas.TENANT_ID],
                    answers={
                        200: Answer(description="The tenant, in an array of one", schema=schemas.TENANT),
                        404: Answer.refusal("Tenant not found"),
                    },
                ),
                Route(
                    method="PUT",
                    path="/tenant/{tenantId}",
                    handler=rename,
                    roles=[ADMIN],
                    takes=schemas.NEW_NAME,
                    summary="Rename the caller's tenant; admins only",
                    parameters=[schemas.TENANT_ID],
                    answers={
                        200: Answer(description="Renamed", schema=schemas.RENAMED),
                        404: Answer.refusal("Tenant not found"),
                    },
                ),
                Route(
                    method="GET",
                    path="/tenant/{tenantId}/usage",
                    handler=self._usage,
                    roles=ALL_ROLES,
                    summary="Show the tenant's stored data and its records of the last hour",
                    parameters=[schemas.TENANT_ID],
                    answers={200: Answer(description="Current usage, counted up to a limit", schema=schemas.USAGE)},
                ),
                Route(
                    method="GET",
                    path="/tenants/{userId}",
                    handler=tenants_of_caller,
                    access=Access.USER,
                    summary="List the caller's tenants",
                    parameters=[schemas.USER_ID],
                    answers={200: Answer(description="Their ids", schema=schemas.TENANT_IDS)},
                ),
            ],
            description="The caller's tenant, its usage, and the caller's tenants",
            defaults=self._apis,
            function_defaults=function_defaults(self._environment),
            authorizer_cache_ttl=Duration.seconds(self._environment.authorizer_cache_seconds),
        )

    def _admin_api(self, token_claims_hook: PythonFunction) -> AdminApi:
        # The token hook waits for it, a cold start included.
        tenants_of_user = self._function(
            "admin_user_tenants_list", "Lists any user's tenants", members=True, memory_size=ONE_PROCESSOR_MIB
        )
        allow(tenants_of_user, self._lists_tenants())
        api = AdminApi(
            self,
            "TenantAdminApi",
            api_name=f"{self._environment.application}-tenant-admin-api",
            routes=[
                Route(
                    method="GET",
                    path="/tenants/{userId}",
                    handler=tenants_of_user,
                    summary="List a user's tenants",
                    parameters=[schemas.ANY_USER_ID],
                    answers={
                        200: Answer(description="Their ids", schema=schemas.TENANT_IDS),
                        400: Answer.refusal("Malformed user id in the path"),
                    },
                )
            ],
            description="Any user's tenants, for other services and for operators",
            defaults=self._apis,
        )
        # The hook stands in the user stack, which knows nothing of this API: its grant and the address are made here.
        api.grant_invoke(
            self, "TokenClaimsHookAsks", role=token_claims_hook.execution_role, method="GET", path="/tenants/*"
        )
        ssm.StringParameter(
            self,
            "TenantAdminApiParameter",
            parameter_name=admin_api_parameter(self._environment.application),
            string_value=api.url,
            description="URL of the tenant admin API",
        )
        return api

    def _lists_tenants(self) -> iam.PolicyStatement:
        """Return what lets somebody list a user's tenants, without the names, addresses and roles beside them."""
        return reads(self._user_index_arn, "dynamodb:Query", attributes=["userid", "tenantid"])

    def _function(
        self, name: str, description: str, *, tenants: bool = False, members: bool = False, memory_size: int = 512
    ) -> PythonFunction:
        environment: dict[str, str] = {"CORS_HEADERS": self.to_json_string(dict(self._apis.cors_headers))}
        if tenants:
            environment["TENANTS_TABLE"] = self.tenants.table_name
        if members:
            environment["TENANT_USERS_TABLE"] = self.members.table_name
        return PythonFunction(
            self,
            "".join(word.capitalize() for word in name.split("_")),
            entry=package_folder(name),
            defaults=function_defaults(self._environment),
            description=description,
            memory_size=memory_size,
            environment=environment,
        )


def _founding(*, tenants: dynamodb.ITable, members: dynamodb.ITable, users: dynamodb.ITable) -> SagaTask:
    """Write all that says who the first admin of a tenant is, in one transaction: nobody ever sees a part of it."""
    tenant, user = {"S": "{% $event.detail.tenantId %}"}, {"S": "{% $event.detail.userName %}"}
    mapping = {
        "TableName": members.table_name,
        "Item": {
            "tenantid": tenant,
            "userid": user,
            "name": {"S": "{% $event.detail.name %}"},
            "email": {"S": "{% $event.detail.email %}"},
            "roles": {"SS": ["admin"]},
        },
        # Roles may have changed since the first delivery; they stay.
        "ConditionExpression": "attribute_not_exists(tenantid)",
    }
    standing = {
        "TableName": users.table_name,
        "Key": {"userid": user},
        "UpdateExpression": "SET #roles = :roles, activetenantid = if_not_exists(activetenantid, :tenant)",
        # Nobody who is deleted comes back by an event that is replayed, and nobody who is blocked becomes an admin.
        "ConditionExpression": "attribute_not_exists(blockedat) AND attribute_not_exists(deletedat)",
        # As `tenantry.runtime.active_membership` reads it.
        "ExpressionAttributeNames": {"#roles": "{% 'roles:' & $event.detail.tenantId %}"},
        "ExpressionAttributeValues": {":tenant": tenant, ":roles": {"SS": ["admin"]}},
    }
    founded = {
        "TableName": tenants.table_name,
        "Key": {"tenantid": tenant},
        "UpdateExpression": "SET foundedby = :user ADD admins :users",
        "ConditionExpression": "attribute_not_exists(foundedby)",
        "ExpressionAttributeValues": {":user": user, ":users": {"SS": ["{% $event.detail.userName %}"]}},
    }
    return SagaTask(
        name="Found the tenant",
        resource="arn:aws:states:::aws-sdk:dynamodb:transactWriteItems",
        arguments={"TransactItems": [{"Put": mapping}, {"Update": standing}, {"Update": founded}]},
        statements=[
            writes(members.table_arn, "dynamodb:PutItem", attributes=["tenantid", "userid", "name", "email", "roles"]),
            writes(
                users.table_arn,
                "dynamodb:UpdateItem",
                attributes=["userid", "activetenantid", "roles:*", "blockedat", "deletedat"],
            ),
            writes(tenants.table_arn, "dynamodb:UpdateItem", attributes=["tenantid", "foundedby", "admins"]),
        ],
        # Deliveries at the same time conflict; whoever tries again finds that it is done.
        done_if_cause_has={"DynamoDb.TransactionCanceledException": "ConditionalCheckFailed"},
    )


def _person() -> Mapping[str, str]:
    return {field: f"{{% $event.detail.{field} %}}" for field in ("email", "userName", "name")}
