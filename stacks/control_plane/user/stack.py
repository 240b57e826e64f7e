"""Who people are: the user pool with its hooks, the users table and the user saga."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from stacks.control_plane.saga_checks import has_user, text
from stacks.platform.defaults import ONE_PROCESSOR_MIB, allow, function_defaults, grant_on, reads, table, writes
from stacks.platform.events import Events
from stacks.platform.names import admin_api_parameter
from tenantry.functions import PythonFunction, RuntimeLock, acknowledge, declare_store
from tenantry.functions.sources import package_folder
from tenantry.isolation.events import EventSaga, SagaEmission, SagaTask, dead_letter_queue
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from stacks.environments import Environment
    from tenantry.functions import FunctionDefaults
    from tenantry.isolation.events import ApplicationBus


# What both hooks write of a user: when their sessions end, and never of somebody who is deleted.
_ACCOUNT: Final = ("userid", "resetasked", "validafter", "deletedat")


class UserStack(Stack):
    """The user pool, its hooks, the table of users, and the first step of the saga.

    Attributes
    ----------
    user_pool, client
        Where people sign up and in, and the public client that they do it with.
    users
        The table of users.
    token_claims_hook
        The hook that asks the tenant admin API.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        bus: ApplicationBus,
        alarms: sns.ITopic,
    ) -> None:
        super().__init__(
            scope, construct_id, env=environment.cdk_environment, stack_name=environment.stack_name("user")
        )
        application = environment.application
        events = Events(application)
        functions = function_defaults(environment)

        self.users = table(self, "Users", name=f"{application}-users", hash_key="userid", environment=environment)
        declare_store(self.users, Store(holds="people, with their roles", by=By.ATTRIBUTE, key="roles:{tenant}"))

        sign_up_dead_letters = dead_letter_queue(
            self, "SignUpDeadLetters", alarms=alarms, removal_policy=environment.removal_policy
        )
        # One package, two functions: a sign-up whose confirmation hook is broken is made all the same, and heals later.
        hooks = {
            "APPLICATION": application,
            "EVENT_BUS_NAME": bus.bus_name,
            "DEAD_LETTER_QUEUE_URL": sign_up_dead_letters.queue_url,
            "USERS_TABLE": self.users.table_name,
            "CONFIRMATION_PROOF_REQUIRED": str(environment.confirmation_proof_required).lower(),
        }
        account_hook = self._account_hooks(
            "AccountHook",
            functions,
            hooks,
            "Records how an account was created before a confirmation code is sent",
        )
        allow(
            account_hook,
            writes(
                self.users.table_arn,
                "dynamodb:UpdateItem",
                attributes=["userid", "origin", "newpassword", "confirmationhash", "resetasked", "deletedat"],
                in_transaction=False,
            ),
        )
        sign_up_hook = self._account_hooks(
            "SignUpHook",
            functions,
            hooks,
            "Publishes confirmed sign-ups, and ends all sessions after a password reset",
        )
        bus.grant_publish(sign_up_hook, source=events.signed_up.source, detail_types=[events.signed_up.detail_type])
        sign_up_dead_letters.grant(sign_up_hook, "sqs:SendMessage")
        allow(
            sign_up_hook,
            writes(
                self.users.table_arn,
                "dynamodb:UpdateItem",
                attributes=[*_ACCOUNT, "newpassword", "confirmationhash"],
                in_transaction=False,
            ),
        )

        parameter = admin_api_parameter(application)
        self.token_claims_hook = PythonFunction(
            self,
            "TokenClaimsHook",
            entry=package_folder("token_claims_hook"),
            lock=RuntimeLock.SIGNED_REQUESTS,
            defaults=functions,
            description="Refuses tokens to blocked and deleted accounts, and adds the active tenant to tokens",
            timeout=Duration.seconds(5),  # Cognito waits no longer
            memory_size=ONE_PROCESSOR_MIB,  # keeps a cold start within those
            environment={
                "APPLICATION": application,
                "EVENT_BUS_NAME": bus.bus_name,
                "USERS_TABLE": self.users.table_name,
                "ADMIN_API_PARAMETER": parameter,
                "OPERATOR_ACCOUNTS_FOUND_TENANTS": str(environment.operator_accounts_found_tenants).lower(),
            },
        )
        # The tenant stack imports it, and CloudFormation deletes no export that is in use (ADR 0030).
        role = cast("iam.CfnRole", self.token_claims_hook.execution_role.node.default_child)
        role.override_logical_id("TokenClaimsHookRole5A26C696")
        allow(
            self.token_claims_hook,
            reads(
                self.users.table_arn,
                "dynamodb:GetItem",
                # As `tenantry.runtime.account_records` asks for.
                attributes=[
                    "userid",
                    "activetenantid",
                    "email",
                    "origin",
                    "newpassword",
                    "resetasked",
                    "blockedat",
                    "deletedat",
                ],
            ),
            writes(self.users.table_arn, "dynamodb:UpdateItem", attributes=[*_ACCOUNT, "email"], in_transaction=False),
        )
        bus.grant_publish(
            self.token_claims_hook, source=events.signed_up.source, detail_types=[events.signed_up.detail_type]
        )
        grant_on(
            self.format_arn(service="ssm", resource="parameter", resource_name=parameter.lstrip("/")),
            self.token_claims_hook,
            "ssm:GetParameter",
        )

        _alarm_on_failures(self, application=application, alarms=alarms)

        self.user_pool = _user_pool(self, environment)
        self.user_pool.add_trigger(cognito.UserPoolOperation.PRE_SIGN_UP, account_hook)
        self.user_pool.add_trigger(cognito.UserPoolOperation.CUSTOM_MESSAGE, account_hook)
        self.user_pool.add_trigger(cognito.UserPoolOperation.POST_CONFIRMATION, sign_up_hook)
        # A policy of its own: the function waits for its role's default policy, and the pool for the function.
        iam.Policy(
            self,
            "SignUpHookEndsSessions",
            roles=[sign_up_hook.execution_role],
            statements=[
                iam.PolicyStatement(
                    actions=["cognito-idp:AdminUserGlobalSignOut"], resources=[self.user_pool.user_pool_arn]
                )
            ],
        )
        self.user_pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, self.token_claims_hook, cognito.LambdaVersion.V2_0
        )
        self.client = _client(self.user_pool)

        saga = EventSaga(
            self,
            "UserSaga",
            bus=bus,
            on=events.signed_up,
            checks=[has_user("$event.detail.data"), text("$event.detail.data.email"), text("$event.detail.data.name")],
            tasks=[_put_user(self.users)],
            emits=SagaEmission(
                event=events.user_created,
                detail={field: f"{{% $event.detail.data.{field} %}}" for field in ("email", "userName", "name")},
            ),
            alarms=alarms,
            log_retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )

        CfnOutput(self, "UserPoolId", value=self.user_pool.user_pool_id)
        CfnOutput(self, "UserPoolClientId", value=self.client.user_pool_client_id)
        CfnOutput(self, "UsersTableName", value=self.users.table_name)
        CfnOutput(self, "SignUpDeadLetterQueueUrl", value=sign_up_dead_letters.queue_url)
        CfnOutput(self, "UserSagaDeadLetterQueueUrl", value=saga.dead_letter_queue_url)
        CfnOutput(self, "UserSagaStateMachineArn", value=saga.state_machine_arn)

    def _account_hooks(
        self, construct_id: str, defaults: FunctionDefaults, variables: Mapping[str, str], description: str
    ) -> PythonFunction:
        return PythonFunction(
            self,
            construct_id,
            entry=package_folder("account_hooks"),
            defaults=defaults,
            description=description,
            timeout=Duration.seconds(5),  # Cognito waits no longer
            memory_size=ONE_PROCESSOR_MIB,  # keeps a cold start within those
            environment=variables,
        )


def _alarm_on_failures(scope: Construct, *, application: str, alarms: sns.ITopic) -> None:
    """Tell operators of tokens that the hook issued without a claim, or refused, because something had failed.

    One of them in an hour may be a call that got lost, three in five minutes are not.
    """
    for name, what in (
        ("TokensWithoutClaim", "Users get tokens without a tenant claim: the tenant admin API fails or is slow"),
        ("TokensRefusedByFailure", "Users cannot sign in: the users table fails or is slow"),
    ):
        cloudwatch.Metric(
            namespace=application,
            metric_name=name,
            dimensions_map={"service": "token_claims_hook"},
            statistic="Sum",
            period=Duration.minutes(5),
        ).create_alarm(
            scope,
            f"{name}Alarm",
            alarm_description=f"{what}. See docs/operations.md",
            threshold=3,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(actions.SnsAction(alarms))


def _put_user(users: dynamodb.Table) -> SagaTask:
    """Put the user, whichever event comes first; what is there already stays, the active tenant above all."""
    return SagaTask(
        name="Put the user",
        resource="arn:aws:states:::dynamodb:updateItem",
        arguments={
            "TableName": users.table_name,
            "Key": {"userid": {"S": "{% $event.detail.data.userName %}"}},
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
                attributes=["userid", "email", "name", "deletedat"],
                in_transaction=False,
            )
        ],
        pointless_after=["DynamoDB.ConditionalCheckFailedException"],
    )


def _user_pool(scope: Construct, environment: Environment) -> cognito.UserPool:
    pool = cognito.UserPool(
        scope,
        "UserPool",
        sign_in_aliases=cognito.SignInAliases(email=True),
        sign_in_case_sensitive=False,  # Ada@example.com must not be a second person beside ada@example.com
        self_sign_up_enabled=True,
        auto_verify=cognito.AutoVerifiedAttrs(email=True),
        standard_attributes=cognito.StandardAttributes(
            email=cognito.StandardAttribute(required=True, mutable=True),
            fullname=cognito.StandardAttribute(required=True, mutable=True),
        ),
        password_policy=cognito.PasswordPolicy(
            min_length=12, require_lowercase=True, require_uppercase=True, require_digits=True, require_symbols=True
        ),
        account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
        mfa=cognito.Mfa.OPTIONAL,
        mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
        keep_original=cognito.KeepOriginalAttrs(email=True),  # a new address counts once it is verified
        feature_plan=cognito.FeaturePlan.ESSENTIALS,  # the least that runs hooks of version 2
        deletion_protection=not environment.ephemeral,
        removal_policy=environment.removal_policy,
    )
    declare_store(pool, Store(holds="accounts of people", by=By.PERSON))
    acknowledge(pool, "AwsSolutions-COG2", "A second factor is each person's choice; who needs it sets REQUIRED.")
    acknowledge(
        pool, "AwsSolutions-COG8", "Plus costs more a user; its threat protection is the deploying team's choice."
    )
    return pool


def _client(pool: cognito.UserPool) -> cognito.UserPoolClient:
    return pool.add_client(
        "Client",
        auth_flows=cognito.AuthFlow(user_srp=True),
        disable_o_auth=True,  # no implicit flow, nor any other
        generate_secret=False,  # a page cannot keep one
        prevent_user_existence_errors=True,
        enable_token_revocation=True,
        id_token_validity=Duration.hours(1),
        access_token_validity=Duration.hours(1),
        refresh_token_validity=Duration.days(30),
        # Each refresh gives a new refresh token; the old one counts a little longer, for an answer that got lost.
        refresh_token_rotation_grace_period=Duration.seconds(10),
        # No tenant and no role is an attribute, and the client can write none but these.
        read_attributes=cognito.ClientAttributes().with_standard_attributes(
            email=True, email_verified=True, fullname=True
        ),
        write_attributes=cognito.ClientAttributes().with_standard_attributes(email=True, fullname=True),
    )
