"""The authorizer that asks the database, for users who belong to many tenants in different roles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from python_lambda import PythonFunction
from tenant_isolation._sources import LAMBDAS, TENANCY
from tenant_isolation.api_route import Access

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_cognito as cognito
    from aws_cdk import aws_dynamodb as dynamodb

    from python_lambda import FunctionDefaults
    from tenant_isolation.api_route import Route

_BOUND: Final = "{tenantId}"
_MEMBER: Final = "{memberId}"
_CALLER: Final = "{userId}"
_ANYBODY: Final = "*"
_ROLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class MemberAuthorizer(Construct):
    """Lets a request through only to what the caller's roles in their active tenant open, as the database has them now.

    Isolation: the token says who calls, and nothing else. The active tenant and the roles come from the directory, in
    one consistent read; a tenant in the token, the path or the body never wins over it. The policy that comes back
    lists the routes that the roles open, with the active tenant and the caller in the place of ``{tenantId}`` and
    ``{userId}``. What the roles do not open stays shut, also where a wildcard would cover it. With a `cache_ttl` of
    zero a switch, a withdrawn role and a removal count at the next call, with another one after that time at the
    latest.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    user_pool, client
        Whose ID tokens count.
    users
        The table of users: HASH ``userid``, with ``activetenantid`` and for each tenant the string set
        ``roles:<tenant>``.
    memberships
        The table that maps users to tenants: HASH ``tenantid``, RANGE ``userid``, with the string set ``roles``. It is
        read for users who have no such set of their own.
    routes
        The routes of the API, each with its roles.
    defaults
        What the environment's functions have in common.
    cache_ttl
        How long API Gateway keeps an answer for a token. Zero if it is not given.

    Raises
    ------
    ValueError
        A route says of its roles what cannot be.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
        users: dynamodb.ITable,
        memberships: dynamodb.ITable,
        routes: Sequence[Route],
        defaults: FunctionDefaults,
        cache_ttl: Duration | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        function = PythonFunction(
            self,
            "Function",
            entry=LAMBDAS / "member_authorizer",
            shared=[TENANCY],
            defaults=defaults,
            description="Verifies ID tokens and allows what the caller's roles open",
            environment={
                "ISSUER": f"https://cognito-idp.{stack.region}.{stack.url_suffix}/{user_pool.user_pool_id}",
                "AUDIENCE": client.user_pool_client_id,
                "ROUTES": "\n".join(rule for route in routes for rule in _rules(route)),
                "USERS_TABLE": users.table_name,
                "TENANT_USERS_TABLE": memberships.table_name,
            },
        )
        for table in (users, memberships):
            iam.Grant.add_to_principal(grantee=function, actions=["dynamodb:GetItem"], resource_arns=[table.table_arn])
        self._authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=function,
            identity_sources=[apigateway.IdentitySource.header("Authorization")],
            results_cache_ttl=cache_ttl or Duration.seconds(0),
        )

    @property
    def authorizer(self) -> apigateway.IAuthorizer:
        """The authorizer, for the methods of one API."""
        return self._authorizer


def _rules(route: Route) -> Iterator[str]:
    """Return the rules that the function reads (`tenancy.authorization.RoleRule`)."""
    if wrong := [role for role in (*route.roles, *route.own_roles) if not _ROLE.fullmatch(role)]:
        raise ValueError(f"{route} cannot be for {wrong[0]!r}: a role is made of letters, digits and underscores.")
    if route.access is Access.USER:
        if route.roles or route.own_roles or _BOUND in route.path:
            raise ValueError(f"{route} is for users without a tenant as well: it has neither roles nor {_BOUND}.")
        yield f"{route} {_ANYBODY}"
        return
    if route.access is not Access.TENANT:
        raise ValueError(f"{route} does not pass the member authorizer: it is for Access.TENANT or Access.USER.")
    if not route.roles:
        raise ValueError(f"{route} must say which roles open it.")
    yield f"{route} {','.join(route.roles)}"
    if route.own_roles:
        if _MEMBER not in route.path:
            raise ValueError(f"{route} is for {','.join(route.own_roles)} themselves: its path needs {_MEMBER}.")
        yield f"{route.method} {route.path.replace(_MEMBER, _CALLER)} {','.join(route.own_roles)}"
