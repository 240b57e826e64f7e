"""Allows a request what its caller may do now, by the verified token and by what the directory says of them."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from botocore.session import get_session

from tenantry.model.authorizer_context import ROLES
from tenantry.model.caller import Caller, Profile
from tenantry.model.errors import UnauthorizedError
from tenantry.runtime.authorization import RoleTable, answer
from tenantry.runtime.authorization_state import AuthorizationStates, SignIn
from tenantry.runtime.kept import shared_secret
from tenantry.runtime.observability import logger, observed
from tenantry.runtime.settings import DirectorySettings
from tenantry.runtime.tokens import SharedSecretVerifier, TokenVerifier, bearer_token, header, is_shared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient


class _Settings(DirectorySettings):
    issuer: str
    audience: str
    routes: str  # one a line, such as "GET /parks admin,member"
    acts_in: Literal["claim", "active"]
    token_header: str = "authorization"  # noqa: S105 - a header's name
    shared_secret_arn: str = ""
    shared_issuer: str = ""
    bare_tokens: bool = False


settings = _Settings.load()
table = RoleTable.parse(settings.routes)
verifier = TokenVerifier(settings.issuer, settings.audience)
# Without boto3, which adds a tenth to the cold start and which no client needs.
database: DynamoDBClient = get_session().create_client("dynamodb")  # type: ignore[assignment]
states = AuthorizationStates(database, settings.tables)
secret = shared_secret(settings.shared_secret_arn)


@partial(observed, correlation_id_path="requestContext.requestId")
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway with the caller's policy.

    Isolation: who calls is what the verified token says. Whether their account and session still count, in which tenant
    they act and in which roles is what the directory says at this moment. An API acts in the tenant of the token's
    claim if the caller still belongs to it (``claim``), or in the tenant that is active for them (``active``); nothing
    else of a request names a tenant.

    Raises
    ------
    Exception
        ``Unauthorized``, the one message that API Gateway turns into a 401.
    """
    try:
        token = _token(event.get("headers"))
        shared = settings.shared_secret_arn and is_shared(token)
        caller, roles, context = _shared(token) if shared else _signed_in(token)
    except UnauthorizedError:
        logger.info("refused")
        raise Exception("Unauthorized") from None  # noqa: TRY002 - the message is API Gateway's contract
    logger.append_keys(tenant=caller.tenant_id)
    logger.info("verified")
    return answer(
        caller,
        allowed=table.allowed(caller, roles),
        denied=table.denied(roles),
        method_arn=event["methodArn"],
        context={**caller.to_authorizer(), **context},
    )


def _signed_in(token: str) -> tuple[Caller, frozenset[str], dict[str, str]]:
    """Return whom a token of the user pool names, their roles at this moment, and what else is said of them."""
    claims = verifier.verify(token)
    named, sign_in = Caller.from_claims(claims), SignIn.from_claims(claims)
    decide = states.in_tenant if settings.acts_in == "claim" else states.active
    state = decide(sign_in, named.tenant_id)
    profile = Profile.from_claims(claims).to_authorizer()
    context = {**profile, **sign_in.to_authorizer(), ROLES: json.dumps(sorted(state.roles))}
    return Caller(user_id=named.user_id, tenant_id=state.tenant_id), state.roles, context


def _shared(token: str) -> tuple[Caller, frozenset[str], dict[str, str]]:
    """Return whom a token of our own issuing names. It has no account: whoever holds it may do what any role may."""
    return Caller.from_shared_claims(_shared_verifier().verify(token)), table.roles, {}


def _token(headers: Mapping[str, str] | None) -> str:
    if settings.token_header == "authorization":  # noqa: S105 - a header's name
        return bearer_token(headers)
    return header(headers, settings.token_header)


def _shared_verifier() -> SharedSecretVerifier:
    return SharedSecretVerifier(secret.get(), settings.shared_issuer, bare_tokens=settings.bare_tokens)
