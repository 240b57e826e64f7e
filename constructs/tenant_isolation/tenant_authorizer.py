"""The authorizer that binds each request to the tenant in its verified token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from python_lambda import FunctionDefaults, PythonFunction, acknowledge
from tenant_isolation._sources import LAMBDAS, TENANCY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_cognito as cognito


class SharedTokens(Construct):
    """Tokens that the application issues and signs itself, with a secret that Secrets Manager makes and keeps.

    Isolation: whoever can read the secret can be any tenant. Only what is granted can: the authorizer that verifies,
    and the issuer. `published_secret` is for playing a hands-on whose tokens and secret are public, and nothing else.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    issuer
        Who issues the tokens; also whom they are for.
    published_secret
        A secret that the world knows, with which bare tokens count as well. A random one is made if it is not given.
    removal_policy
        What becomes of the secret with the stack.

    Attributes
    ----------
    settings
        Environment variables of the functions that issue or verify.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        issuer: str,
        published_secret: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        self._secret = secretsmanager.Secret(
            self,
            "Secret",
            description=f"Signs the tokens that {issuer} issues",
            removal_policy=removal_policy,
            secret_string_value=SecretValue.unsafe_plain_text(published_secret) if published_secret else None,
            generate_secret_string=None
            if published_secret
            else secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        )
        acknowledge(
            self._secret, "AwsSolutions-SMG4", "Rotating it signs everyone out: operators put a new one when they must."
        )
        self.settings: Mapping[str, str] = {
            "SHARED_SECRET_ARN": self._secret.secret_arn,
            "SHARED_ISSUER": issuer,
            "BARE_TOKENS": str(published_secret is not None).lower(),
        }

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` read the secret, to verify tokens or to issue them."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=[self._secret.secret_arn]
        )


class TenantAuthorizer(Construct):
    """Lets a request through only for the tenant and user that its verified ID token names.

    Isolation: a token counts when the user pool signed it for this client and it has not expired. The policy that
    comes back lists the API's routes with the caller's own ids in them, so that an answer that API Gateway has kept
    for a token is right for every route it can meet, and right for no other tenant. The function has no grant at all.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    user_pool, client
        Whose ID tokens count.
    routes
        The routes to allow, such as ``GET /tenant/{tenantId}``: ``{tenantId}`` is the token's tenant and ``{userId}``
        its user; any other parameter may be anything.
    defaults
        What the environment's functions have in common.
    cache_ttl
        How long API Gateway keeps an answer for a token; at most an hour.
    shared_tokens
        Tokens of our own issuing that count beside the pool's; none if not given.
    token_header
        The header that holds the token, after ``Bearer`` in the case of ``Authorization``.
    tenant_required
        Whether a user who has no tenant yet may call nothing: right where every route acts in the caller's tenant.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
        routes: Sequence[str],
        defaults: FunctionDefaults,
        cache_ttl: Duration | None = None,
        shared_tokens: SharedTokens | None = None,
        token_header: str = "Authorization",  # noqa: S107 - a header's name
        tenant_required: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        function = PythonFunction(
            self,
            "Function",
            entry=LAMBDAS / "tenant_authorizer",
            shared=[TENANCY],
            defaults=defaults,
            description="Verifies ID tokens and allows what is the caller's own",
            environment={
                "ISSUER": f"https://cognito-idp.{stack.region}.{stack.url_suffix}/{user_pool.user_pool_id}",
                "AUDIENCE": client.user_pool_client_id,
                "ROUTES": "\n".join(routes),
                "TOKEN_HEADER": token_header.lower(),
                "TENANT_REQUIRED": str(tenant_required).lower(),
                **(shared_tokens.settings if shared_tokens else {}),
            },
        )
        if shared_tokens:
            shared_tokens.grant_read(function)
        self._authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=function,
            identity_sources=[apigateway.IdentitySource.header(token_header)],
            results_cache_ttl=cache_ttl or Duration.minutes(5),
        )

    @property
    def authorizer(self) -> apigateway.IAuthorizer:
        """The authorizer, for the methods of one API."""
        return self._authorizer
