"""The user pool, its hooks' permissions on it, and its public client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam

from tenantry.functions import acknowledge, acknowledge_reach, declare_store
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.control_plane.user.hooks import Hooks
    from stacks.environments import Environment


def user_pool(scope: Construct, environment: Environment, hooks: Hooks) -> cognito.UserPool:
    """Make the pool, with its hooks."""
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
    pool.add_trigger(cognito.UserPoolOperation.PRE_SIGN_UP, hooks.account)
    pool.add_trigger(cognito.UserPoolOperation.CUSTOM_MESSAGE, hooks.account)
    pool.add_trigger(cognito.UserPoolOperation.POST_CONFIRMATION, hooks.sign_up)
    acknowledge_reach(
        hooks.sign_up,
        pool.user_pool_arn,
        actions=["cognito-idp:AdminUserGlobalSignOut"],
        reason="It signs out one person, by the user name that Cognito itself hands to the hook.",
    )
    # A policy of its own: the function waits for its role's default policy, and the pool for the function.
    iam.Policy(
        scope,
        "SignUpHookEndsSessions",
        roles=[hooks.sign_up.execution_role],
        statements=[
            iam.PolicyStatement(actions=["cognito-idp:AdminUserGlobalSignOut"], resources=[pool.user_pool_arn])
        ],
    )
    pool.add_trigger(
        cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, hooks.token_claims, cognito.LambdaVersion.V2_0
    )
    return pool


def public_client(pool: cognito.UserPool) -> cognito.UserPoolClient:
    """Make the client that people sign up and in with."""
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
