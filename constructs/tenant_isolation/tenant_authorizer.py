"""The authorizer that binds each request to the tenant in its verified token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway

from constructs import Construct
from python_lambda import FunctionDefaults, PythonFunction
from tenant_isolation._sources import LAMBDAS, TENANCY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_cognito as cognito


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
        its user; no other parameter can be bound.
    defaults
        What the environment's functions have in common.
    cache_ttl
        How long API Gateway keeps an answer for a token; at most an hour.
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
            },
        )
        self._authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=function,
            identity_sources=[apigateway.IdentitySource.header("Authorization")],
            results_cache_ttl=cache_ttl or Duration.minutes(5),
        )

    @property
    def authorizer(self) -> apigateway.IAuthorizer:
        """The authorizer, for the methods of one API."""
        return self._authorizer
