"""Lets a request in when its token is the user pool's, and only to what is the caller's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Tracer

from tenancy.authorization import RouteRule, policy
from tenancy.caller import Caller
from tenancy.errors import UnauthorizedError
from tenancy.settings import Settings
from tenancy.tokens import TokenVerifier, bearer_token

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Settings(Settings):
    issuer: str
    audience: str
    routes: str  # one a line, such as "GET /tenant/{tenantId}"


settings = _Settings.load()
logger = Logger(utc=True)
tracer = Tracer()
rules = [RouteRule.parse(line) for line in settings.routes.splitlines()]
verifier = TokenVerifier(settings.issuer, settings.audience)


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Answer API Gateway with the caller's policy.

    Raises
    ------
    Exception
        ``Unauthorized``, the one message that API Gateway turns into a 401.
    """
    try:
        caller = Caller.from_claims(verifier.verify(bearer_token(event.get("headers"))))
    except UnauthorizedError:
        logger.info("refused")
        raise Exception("Unauthorized") from None  # noqa: TRY002 - the message is API Gateway's contract
    logger.append_keys(tenant=caller.tenant_id)
    logger.info("verified")
    return policy(caller, rules, event["methodArn"])
