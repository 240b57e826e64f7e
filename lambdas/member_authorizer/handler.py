"""Lets a request in when its token is genuine, and to what the caller's roles in their active tenant open."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Tracer

from tenancy.authorization import RoleTable, answer
from tenancy.caller import Caller, Profile
from tenancy.errors import UnauthorizedError
from tenancy.settings import Settings
from tenancy.standing import Standings
from tenancy.tokens import TokenVerifier, bearer_token

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Settings(Settings):
    issuer: str
    audience: str
    routes: str  # one a line, such as "GET /parks admin,member"
    users_table: str
    tenant_users_table: str


settings = _Settings.load()
logger = Logger(utc=True)
tracer = Tracer()
table = RoleTable.parse(settings.routes)
verifier = TokenVerifier(settings.issuer, settings.audience)
database = boto3.client("dynamodb")
standings = Standings(database, settings.users_table, settings.tenant_users_table)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway with the caller's policy.

    Isolation: who calls is what the verified token says; in which tenant and in which roles is what the directory says
    at this moment. What the token, the path or the body say of a tenant is not read.

    Raises
    ------
    Exception
        ``Unauthorized``, the one message that API Gateway turns into a 401.
    """
    try:
        claims = verifier.verify(bearer_token(event.get("headers")))
        user = Caller.from_claims(claims).user_id
    except UnauthorizedError:
        logger.info("refused")
        raise Exception("Unauthorized") from None  # noqa: TRY002 - the message is API Gateway's contract
    standing = standings.of(user)
    caller = Caller(user_id=user, tenant_id=standing.tenant_id)
    logger.append_keys(tenant=caller.tenant_id)
    logger.info("verified")
    return answer(
        caller,
        allowed=table.allowed(caller, standing.roles),
        denied=table.denied(standing.roles),
        method_arn=event["methodArn"],
        context={
            **caller.to_authorizer(),
            **Profile.from_claims(claims).to_authorizer(),
            "roles": json.dumps(sorted(standing.roles)),
        },
    )
