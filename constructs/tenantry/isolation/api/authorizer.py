"""The authorizer: who calls is in the verified token, and what they may do is in the directory."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from tenantry.functions import FunctionDefaults, PythonFunction, RuntimeLock, acknowledge, declare_store, package_folder
from tenantry.isolation.api.route import Access, Route
from tenantry.model import variables
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aws_cdk import aws_cognito as cognito

    from tenantry.isolation.api.directory import Directory

# What the directory says counts within five seconds: this long a policy is kept, and the rest is for the request.
_LONGEST_KEPT: Final = Duration.seconds(3)
_BOUND: Final = "{tenantId}"
_MEMBER: Final = "{memberId}"
_CALLER: Final = "{userId}"
_ANYBODY: Final = "*"
_ROLE: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_RULE: Final = re.compile(r"[A-Z]+ /\S* (\*|[A-Za-z_]\w*(,[A-Za-z_]\w*)*)", re.ASCII)


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
        A published secret, with which tokens without expiry and audience are accepted as well. A random one is made if
        it is not given.
    removal_policy
        What becomes of the secret with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        issuer: str,
        published_secret: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
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
        declare_store(self._secret, Store(holds="what signs shared tokens", by=By.NONE))
        acknowledge(
            self._secret, "AwsSolutions-SMG4", "Rotating it signs everyone out: operators put a new one when they must."
        )
        self._settings: Mapping[str, str] = {
            variables.SHARED_SECRET_ARN: self._secret.secret_arn,
            variables.SHARED_ISSUER: issuer,
            variables.BARE_TOKENS: str(published_secret is not None).lower(),
        }

    @property
    def settings(self) -> Mapping[str, str]:
        """Environment variables of the functions that issue or verify."""
        return self._settings

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let `grantee` read the secret, to verify tokens or to issue them."""
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=[self._secret.secret_arn]
        )


class ActsIn(Enum):
    """The tenant that a request to an API acts in."""

    CLAIM = "claim"
    """The tenant of the token's claim, while the caller belongs to it."""
    ACTIVE_TENANT = "active"
    """The tenant that is active for the caller, whatever the token says."""


class TenantAuthorizer(Construct):
    """Lets a request through only to what its caller may do now, in one tenant, by their roles in it.

    Isolation: a token counts when the user pool signed it for this client and it has not expired. It says who calls.
    Whether the account and the session still count, whether the tenant is open, and which roles the caller has in it is
    read from the directory, strongly consistently, in one call. The policy that comes back lists the routes that the
    roles open, with the caller's own ids in the place of ``{tenantId}`` and ``{userId}``. What the roles do not open is
    denied, also where a wildcard would cover it. API Gateway keeps a policy for 3 seconds at most, and not at all where
    the active tenant decides.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    user_pool, client
        Whose ID tokens count.
    directory
        Who may do what.
    routes
        The routes, each with its roles. A route of an API of your own is text: ``GET /reports/{tenantId} admin,clerk``,
        or ``GET /hello *`` for whoever is signed in.
    defaults
        What the environment's functions have in common.
    acts_in
        Which tenant a request acts in.
    cache_ttl
        How long API Gateway keeps a policy for a token: 3 seconds if it is not given, and zero where the active tenant
        decides.
    shared_tokens
        Tokens of our own issuing that count beside the pool's; none if not given. Whoever holds one may use every route
        of a tenant.
    token_header
        The header that holds the token, after ``Bearer`` in the case of ``Authorization``.

    Raises
    ------
    ValueError
        A route says of its roles what cannot be, policies would be kept for too long, or shared tokens are to count
        where the active tenant decides.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        user_pool: cognito.IUserPool,
        client: cognito.IUserPoolClient,
        directory: Directory,
        routes: Sequence[Route | str],
        defaults: FunctionDefaults,
        acts_in: ActsIn = ActsIn.CLAIM,
        cache_ttl: Duration | None = None,
        shared_tokens: SharedTokens | None = None,
        token_header: str = "Authorization",  # noqa: S107 - a header's name
    ) -> None:
        super().__init__(scope, construct_id)
        if shared_tokens and acts_in is ActsIn.ACTIVE_TENANT:
            raise ValueError(f"{self.node.path} cannot take shared tokens: their users have no active tenant.")
        stack = Stack.of(self)
        function = PythonFunction(
            self,
            "Function",
            entry=package_folder("tenantry.handlers.authorizer"),
            lock=RuntimeLock.TOKENS,
            defaults=defaults,
            description="Verifies ID tokens and returns a policy from the caller's membership and roles",
            environment={
                variables.ISSUER: f"https://cognito-idp.{stack.region}.{stack.url_suffix}/{user_pool.user_pool_id}",
                variables.AUDIENCE: client.user_pool_client_id,
                variables.ROUTES: "\n".join(rule for route in routes for rule in _rules(route)),
                variables.ACTS_IN: acts_in.value,
                variables.TOKEN_HEADER: token_header.lower(),
                **directory.variables,
                **(shared_tokens.settings if shared_tokens else {}),
            },
        )
        directory.grant_read_state(function)
        if shared_tokens:
            shared_tokens.grant_read(function)
        self._authorizer = apigateway.RequestAuthorizer(
            self,
            "Authorizer",
            handler=function,
            identity_sources=[apigateway.IdentitySource.header(token_header)],
            results_cache_ttl=_kept_for(acts_in, cache_ttl),
        )

    @property
    def authorizer(self) -> apigateway.IAuthorizer:
        """The authorizer, for the methods of one API."""
        return self._authorizer


def _kept_for(acts_in: ActsIn, given: Duration | None) -> Duration:
    longest = Duration.seconds(0) if acts_in is ActsIn.ACTIVE_TENANT else _LONGEST_KEPT
    kept = longest if given is None else given
    if kept.to_seconds() > longest.to_seconds():
        raise ValueError(
            f"API Gateway must not keep policies for {kept.to_seconds()} seconds: what the directory says would count "
            f"too late. Use {longest.to_seconds()} or fewer."
        )
    return kept


def _rules(route: Route | str) -> Iterator[str]:
    """Return the rules that the function reads (`tenantry.runtime.authorization.RoleRule`)."""
    if isinstance(route, str):
        if not _RULE.fullmatch(route):
            raise ValueError(f"{route!r} is not a route with roles. Use e.g. 'GET /reports/{{tenantId}} admin,clerk'.")
        yield route
        return
    if wrong := [role for role in (*route.roles, *route.own_roles) if not _ROLE.fullmatch(role)]:
        raise ValueError(f"{route} cannot be for {wrong[0]!r}: a role is made of letters, digits and underscores.")
    if route.access is Access.USER:
        if route.roles or route.own_roles or _BOUND in route.path:
            raise ValueError(f"{route} is for users without a tenant as well: it has neither roles nor {_BOUND}.")
        yield f"{route} {_ANYBODY}"
        return
    if route.access is not Access.TENANT:
        raise ValueError(f"{route} does not pass the authorizer: it is for Access.TENANT or Access.USER.")
    if not route.roles:
        raise ValueError(f"{route} must say which roles open it: Route(..., roles=[...]).")
    yield f"{route} {','.join(route.roles)}"
    if route.own_roles:
        if _MEMBER not in route.path:
            raise ValueError(f"{route} is for {','.join(route.own_roles)} themselves: its path needs {_MEMBER}.")
        yield f"{route.method} {route.path.replace(_MEMBER, _CALLER)} {','.join(route.own_roles)}"
