"""The first step of the onboarding saga: the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.control_plane.saga_checks import person, person_of
from stacks.platform.defaults import writes
from tenantry.isolation.events import EventSaga, SagaEmission, SagaTask
from tenantry.model.directory_tables import USER_ID

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from constructs import Construct

    from stacks.platform.platform import Foundation


def user_saga(scope: Construct, foundation: Foundation, users: dynamodb.Table) -> EventSaga:
    """Put a user who has confirmed their sign-up into the table of users."""
    return EventSaga(
        scope,
        "UserSaga",
        bus=foundation.bus,
        on=foundation.events.signed_up,
        checks=person("$event.detail.data"),
        tasks=[_put_user(users)],
        emits=SagaEmission(
            event=foundation.events.user_created,
            detail=person_of("$event.detail.data"),
        ),
        alarms=foundation.alarms,
        log_retention=foundation.environment.log_retention,
        removal_policy=foundation.environment.removal_policy,
    )


def _put_user(users: dynamodb.Table) -> SagaTask:
    """Put the user, whichever event comes first; what is there already stays, the active tenant above all."""
    return SagaTask(
        name="Put the user",
        resource="arn:aws:states:::dynamodb:updateItem",
        arguments={
            "TableName": users.table_name,
            "Key": {USER_ID: {"S": "{% $event.detail.data.userName %}"}},
            "UpdateExpression": "SET #email = if_not_exists(#email, :email), #name = if_not_exists(#name, :name)",
            # An event that comes late must not bring a deleted person's data back, nor make them a tenant.
            "ConditionExpression": "attribute_not_exists(deletedat)",
            "ExpressionAttributeNames": {"#email": "email", "#name": "name"},
            "ExpressionAttributeValues": {
                ":email": {"S": "{% $event.detail.data.email %}"},
                ":name": {"S": "{% $event.detail.data.name %}"},
            },
        },
        statements=[
            writes(
                users.table_arn,
                "dynamodb:UpdateItem",
                attributes=[USER_ID, "email", "name", "deletedat"],
                in_transaction=False,
            )
        ],
        pointless_after=["DynamoDB.ConditionalCheckFailedException"],
    )
