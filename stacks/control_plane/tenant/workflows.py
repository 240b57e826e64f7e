"""The second and the third step of the onboarding saga: a user's tenant, and its first admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stacks.control_plane.saga_checks import person, person_of
from stacks.platform.defaults import reads, writes
from tenantry.isolation.events import EventSaga, SagaEmission, SagaTask
from tenantry.model.directory_tables import ACTIVE_TENANT_ID, ROLES_PREFIX, TENANT_ID, USER_ID, roles_attribute
from tenantry.model.identifier_checks import tenant_id_condition
from tenantry.model.roles import Role

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from constructs import Construct

    from stacks.control_plane.tenant.tables import TenantTables
    from stacks.platform.platform import Platform

_DETAIL: Final = "$event.detail"


def tenant_saga(scope: Construct, platform: Platform, tables: TenantTables) -> EventSaga:
    """Make the tenant of a new user. Its id is derived from the user's, so that it is the same at each delivery."""
    events, tenants = platform.events, tables.tenants
    digest = "$hash('tenant of ' & $event.detail.userName, 'SHA-256')"
    return EventSaga(
        scope,
        "TenantSaga",
        bus=platform.bus,
        on=events.user_created,
        checks=person(_DETAIL),
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
                    "TableName": tenants.table_name,
                    "Key": {TENANT_ID: {"S": "{% $tenantId %}"}},
                    "ConditionExpression": f"attribute_not_exists({TENANT_ID})",
                },
                statements=[
                    writes(tenants.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID], in_transaction=False)
                ],
                done_already=["DynamoDB.ConditionalCheckFailedException"],
            )
        ],
        emits=SagaEmission(event=events.tenant_created, detail={"tenantId": "{% $tenantId %}", **person_of(_DETAIL)}),
        alarms=platform.alarms,
        log_retention=platform.environment.log_retention,
        removal_policy=platform.environment.removal_policy,
    )


def admin_saga(scope: Construct, platform: Platform, tables: TenantTables, users: dynamodb.ITable) -> EventSaga:
    """Make the founder of a tenant its admin, and the tenant the active one of a user who has none yet."""
    events, tenants = platform.events, tables.tenants
    return EventSaga(
        scope,
        "AdminSaga",
        bus=platform.bus,
        on=events.tenant_created,
        checks=[tenant_id_condition(f"{_DETAIL}.tenantId"), *person(_DETAIL)],
        tasks=[
            SagaTask(
                name="Look the tenant up",
                resource="arn:aws:states:::dynamodb:getItem",
                arguments={
                    "TableName": tenants.table_name,
                    "Key": {TENANT_ID: {"S": "{% $event.detail.tenantId %}"}},
                    "ProjectionExpression": "foundedby",
                    "ConsistentRead": True,
                },
                statements=[reads(tenants.table_arn, "dynamodb:GetItem", attributes=[TENANT_ID, "foundedby"])],
                # An event that is replayed later must not bring back an admin who has been removed since.
                all_done_when="$exists($states.result.Item.foundedby)",
            ),
            _founding(tenants=tenants, members=tables.memberships, users=users),
        ],
        emits=SagaEmission(
            event=events.admin_added,
            detail={"tenantId": "{% $event.detail.tenantId %}", **person_of(_DETAIL), "role": str(Role.ADMIN)},
        ),
        alarms=platform.alarms,
        log_retention=platform.environment.log_retention,
        removal_policy=platform.environment.removal_policy,
    )


def _founding(*, tenants: dynamodb.ITable, members: dynamodb.ITable, users: dynamodb.ITable) -> SagaTask:
    """Write all that says who the first admin of a tenant is, in one transaction: nobody ever sees a part of it."""
    tenant, user = {"S": "{% $event.detail.tenantId %}"}, {"S": "{% $event.detail.userName %}"}
    membership = {
        "TableName": members.table_name,
        "Item": {
            TENANT_ID: tenant,
            USER_ID: user,
            "name": {"S": "{% $event.detail.name %}"},
            "email": {"S": "{% $event.detail.email %}"},
            "roles": {"SS": [str(Role.ADMIN)]},
        },
        # Roles may have changed since the first delivery; they stay.
        "ConditionExpression": f"attribute_not_exists({TENANT_ID})",
    }
    user_record = {
        "TableName": users.table_name,
        "Key": {USER_ID: user},
        "UpdateExpression": f"SET #roles = :roles, {ACTIVE_TENANT_ID} = if_not_exists({ACTIVE_TENANT_ID}, :tenant)",
        # Nobody who is deleted comes back by an event that is replayed, and nobody who is blocked becomes an admin.
        "ConditionExpression": "attribute_not_exists(blockedat) AND attribute_not_exists(deletedat)",
        "ExpressionAttributeNames": {"#roles": f"{{% '{ROLES_PREFIX}' & $event.detail.tenantId %}}"},
        "ExpressionAttributeValues": {":tenant": tenant, ":roles": {"SS": [str(Role.ADMIN)]}},
    }
    founded = {
        "TableName": tenants.table_name,
        "Key": {TENANT_ID: tenant},
        "UpdateExpression": "SET foundedby = :user ADD admins :users",
        "ConditionExpression": "attribute_not_exists(foundedby)",
        "ExpressionAttributeValues": {":user": user, ":users": {"SS": ["{% $event.detail.userName %}"]}},
    }
    return SagaTask(
        name="Found the tenant",
        resource="arn:aws:states:::aws-sdk:dynamodb:transactWriteItems",
        arguments={"TransactItems": [{"Put": membership}, {"Update": user_record}, {"Update": founded}]},
        statements=[
            writes(members.table_arn, "dynamodb:PutItem", attributes=[TENANT_ID, USER_ID, "name", "email", "roles"]),
            writes(
                users.table_arn,
                "dynamodb:UpdateItem",
                attributes=[USER_ID, ACTIVE_TENANT_ID, roles_attribute("*"), "blockedat", "deletedat"],
            ),
            writes(tenants.table_arn, "dynamodb:UpdateItem", attributes=[TENANT_ID, "foundedby", "admins"]),
        ],
        # Deliveries at the same time conflict; whoever tries again finds that it is done.
        done_if_cause_has={"DynamoDb.TransactionCanceledException": "ConditionalCheckFailed"},
    )
