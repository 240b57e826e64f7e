"""The state machine that changes accounts: first in the directory, then in the user pool, then on the event bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.platform.defaults import allow, function_defaults, grant_on, writes
from stacks.platform.events import Events
from tenantry.functions import PythonFunction
from tenantry.functions.sources import package_folder
from tenantry.isolation.direct.express_machine import express_machine
from tenantry.isolation.events import dead_letter_queue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_sns as sns

    from stacks.environments import Environment
    from tenantry.isolation.api import Directory
    from tenantry.isolation.events import ApplicationBus

_INPUT: Final = "$states.context.Execution.Input"
_RETRY: Final[Mapping[str, Any]] = {
    "ErrorEquals": ["States.ALL"],
    "IntervalSeconds": 1,
    "MaxAttempts": 2,  # a person waits for the answer
    "BackoffRate": 2,
    "JitterStrategy": "FULL",
}
_GONE: Final = "CognitoIdentityProvider.UserNotFoundException"
_DEAD_LETTER: Final = "Keep as dead letter"
# Attributes of an account, see `tenantry.runtime.accounts`.
_BLOCKED: Final = ("blockedat", "blockedby", "blockedreason")
_DELETED: Final = ("deletedat", "deletedby")
_MOST: Final = Duration.seconds(25)  # API Gateway waits for 29


class AccountChanges(Construct):
    """An Express state machine that blocks, unblocks, signs out, moves and deletes accounts, in both places.

    Isolation: the directory, by which every authorizer decides, is written before the user pool, so that somebody is
    shut out even if the rest fails. Each step can be made again; what fails in spite of its retries is kept in a
    dead-letter queue with its input, from where it is replayed, and an alarm goes off. Only who is granted so by
    `grant_start` can start it. Its logs hold no data.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    environment
        The environment.
    bus, alarms
        Where events and alarms go.
    user_pool
        The user pool.
    directory, invitations
        The directory, and the table where somebody's address may stand besides.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        bus: ApplicationBus,
        alarms: sns.ITopic,
        user_pool: cognito.IUserPool,
        directory: Directory,
        invitations: dynamodb.ITable,
    ) -> None:
        super().__init__(scope, construct_id)
        events = Events(environment.application)
        self._dead_letters = dead_letter_queue(
            self, "DeadLetters", alarms=alarms, removal_policy=environment.removal_policy
        )
        function = PythonFunction(
            self,
            "Directory",
            entry=package_folder("account_changes"),
            defaults=function_defaults(environment),
            description="Changes accounts in the directory",
            environment={
                **directory.variables,
                "INVITATIONS_TABLE": invitations.table_name,
                "USER_POOL_ID": user_pool.user_pool_id,
            },
        )
        grant_on(directory.users.table_arn, function, "dynamodb:GetItem", "dynamodb:BatchGetItem")
        grant_on(directory.tenants.table_arn, function, "dynamodb:BatchGetItem")
        grant_on(directory.memberships.table_arn, function, "dynamodb:Query")
        grant_on(f"{directory.memberships.table_arn}/index/user-index", function, "dynamodb:Query")
        grant_on(f"{invitations.table_arn}/index/invitee-index", function, "dynamodb:Query")
        allow(
            function,
            writes(
                directory.users.table_arn,
                "dynamodb:UpdateItem",
                attributes=["userid", "email", "validafter", "endedsessions", *_BLOCKED, *_DELETED],
            ),
            writes(directory.users.table_arn, "dynamodb:PutItem", attributes=["userid", *_DELETED]),
            writes(directory.users.table_arn, "dynamodb:DeleteItem", attributes=["userid", "email", "deletedat"]),
            writes(
                directory.users.table_arn,
                "dynamodb:ConditionCheckItem",
                attributes=["userid", "blockedat", "deletedat", "roles:*"],
            ),
            writes(directory.tenants.table_arn, "dynamodb:UpdateItem", attributes=["tenantid", "admins"]),
            writes(directory.memberships.table_arn, "dynamodb:UpdateItem", attributes=["tenantid", "userid", "email"]),
            writes(directory.memberships.table_arn, "dynamodb:DeleteItem", attributes=["tenantid", "userid"]),
            writes(invitations.table_arn, "dynamodb:DeleteItem", attributes=["tenantid", "invitationid"]),
        )
        grant_on(user_pool.user_pool_arn, function, "cognito-idp:AdminGetUser")
        self._machine = express_machine(
            self,
            description="Changes accounts in the directory and in the user pool",
            definition=_definition(
                function=function.function_name,
                user_pool=user_pool.user_pool_id,
                bus=bus.bus_name,
                source=events.blocked.source,
                queue_url=self._dead_letters.queue_url,
            ),
            timeout=_MOST,
            log_retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )
        grant_on(function.function_arn, self._machine, "lambda:InvokeFunction")
        grant_on(
            user_pool.user_pool_arn,
            self._machine,
            "cognito-idp:AdminDisableUser",
            "cognito-idp:AdminEnableUser",
            "cognito-idp:AdminUserGlobalSignOut",
            "cognito-idp:AdminDeleteUser",
        )
        bus.grant_publish(
            self._machine,
            source=events.blocked.source,
            detail_types=[event.detail_type for event in events.accounts],
        )
        self._dead_letters.grant(self._machine, "sqs:SendMessage")

    @property
    def state_machine_arn(self) -> str:
        """ARN of the state machine."""
        return self._machine.state_machine_arn

    @property
    def dead_letter_queue_url(self) -> str:
        """URL of the queue that holds what failed."""
        return self._dead_letters.queue_url

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody start a change and wait for its outcome. Whose account it is then is theirs to say."""
        return grant_on(self.state_machine_arn, grantee, "states:StartSyncExecution")


def _definition(*, function: str, user_pool: str, bus: str, source: str, queue_url: str) -> Mapping[str, Any]:
    """Return the state machine in Amazon States Language.

    What is replayed from the dead-letter queue is an event whose detail is the input, as for every saga.
    """
    user = {"UserPoolId": user_pool, "Username": "{% $change.userId %}"}
    states: dict[str, Any] = {
        "Read the change": {
            "Type": "Pass",
            "Assign": {"change": f"{{% $exists({_INPUT}.detail) ? {_INPUT}.detail : {_INPUT} %}}"},
            "Next": "Write the directory",
        },
        "Write the directory": {
            **_task(
                "arn:aws:states:::lambda:invoke",
                {"FunctionName": function, "Payload": "{% $change %}"},
                then="What is left in the pool?",
            ),
            "Assign": {"outcome": "{% $states.result.Payload %}"},
        },
        "What is left in the pool?": {
            "Type": "Choice",
            "Choices": [
                {"Condition": "{% $outcome.status != 200 %}", "Next": "Done"},
                {"Condition": "{% $outcome.pool in ['disable', 'signOut'] %}", "Next": "Sign out in the pool"},
                {"Condition": "{% $outcome.pool = 'enable' %}", "Next": "Enable in the pool"},
                {"Condition": "{% $outcome.pool = 'delete' %}", "Next": "Delete in the pool"},
            ],
            "Default": "Is there an event?",
        },
        "Sign out in the pool": _in_pool("adminUserGlobalSignOut", user, then="Disable as well?"),
        "Disable as well?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $outcome.pool = 'disable' %}", "Next": "Disable in the pool"}],
            "Default": "Is there an event?",
        },
        "Disable in the pool": _in_pool("adminDisableUser", user),
        "Enable in the pool": _in_pool("adminEnableUser", user),
        "Delete in the pool": _in_pool("adminDeleteUser", user),
        "Is there an event?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $exists($outcome.event) %}", "Next": "Publish the event"}],
            "Default": "Done",
        },
        "Publish the event": _task(
            "arn:aws:states:::events:putEvents",
            {
                "Entries": [
                    {
                        "Source": source,
                        "DetailType": "{% $outcome.event %}",
                        "Detail": "{% $outcome.detail %}",
                        "EventBusName": bus,
                    }
                ]
            },
            then="Done",
        ),
        "Done": {"Type": "Succeed", "Output": "{% $outcome %}"},
        _DEAD_LETTER: {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Arguments": {
                "QueueUrl": queue_url,
                "MessageBody": {
                    "stateMachineArn": "{% $states.context.StateMachine.Id %}",
                    "executionArn": "{% $states.context.Execution.Id %}",
                    "error": "{% $states.input.Error %}",
                    "cause": "{% $states.input.Cause %}",
                    "event": {"source": source, "detail-type": "accountChange", "detail": "{% $change %}"},
                },
            },
            "Retry": [_RETRY],
            "Output": {"Error": "{% $states.input.Error %}"},
            "Next": "Failed",
        },
        "Failed": {
            "Type": "Fail",
            "Error": "{% $states.input.Error %}",
            "Cause": "The change failed; it is in the dead-letter queue.",
        },
    }
    return {"QueryLanguage": "JSONata", "StartAt": "Read the change", "States": states}


def _task(resource: str, arguments: Mapping[str, Any], *, then: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": resource,
        "Arguments": arguments,
        "Retry": [_RETRY],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": _DEAD_LETTER}],
        "Output": {},
        "Next": then,
    }


def _in_pool(action: str, user: Mapping[str, str], *, then: str = "Is there an event?") -> dict[str, Any]:
    """Return a call of the user pool; whoever is gone from it needs none."""
    state = _task(f"arn:aws:states:::aws-sdk:cognitoidentityprovider:{action}", user, then=then)
    state["Retry"] = [{"ErrorEquals": [_GONE], "MaxAttempts": 0}, _RETRY]
    state["Catch"] = [{"ErrorEquals": [_GONE], "Output": {}, "Next": then}, *state["Catch"]]
    return state
