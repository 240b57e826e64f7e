"""Lets a request in when its token is genuine, and only to what is the caller's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities import parameters

from tenancy.authorization import RouteRule, policy
from tenancy.caller import Caller
from tenancy.errors import UnauthorizedError
from tenancy.settings import Settings
from tenancy.tokens import SharedSecretVerifier, TokenVerifier, bearer_token, header, is_shared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

_SECRET_AGE_SECONDS: Final = 300


class _Settings(Settings):
    issuer: str
    audience: str
    routes: str  # one a line, such as "GET /tenant/{tenantId}"
    token_header: str = "authorization"  # noqa: S105 - a header's name
    shared_secret_arn: str = ""
    shared_issuer: str = ""
    bare_tokens: bool = False
    tenant_required: bool = False


settings = _Settings.load()
logger = Logger(utc=True)
tracer = Tracer()
rules = RouteRule.parse_all(settings.routes)
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
        caller = _caller(event.get("headers"))
    except UnauthorizedError:
        logger.info("refused")
        raise Exception("Unauthorized") from None  # noqa: TRY002 - the message is API Gateway's contract
    logger.append_keys(tenant=caller.tenant_id)
    logger.info("verified")
    allowed = () if settings.tenant_required and caller.tenant_id is None else rules
    return policy(caller, allowed, event["methodArn"])


def _caller(headers: Mapping[str, str] | None) -> Caller:
    if settings.token_header == "authorization":  # noqa: S105 - a header's name
        token = bearer_token(headers)
    else:
        token = header(headers, settings.token_header)
    if settings.shared_secret_arn and is_shared(token):
        return Caller.from_shared_claims(_shared_verifier().verify(token))
    return Caller.from_claims(verifier.verify(token))


def _shared_verifier() -> SharedSecretVerifier:
    secret = str(parameters.get_secret(settings.shared_secret_arn, max_age=_SECRET_AGE_SECONDS))
    return SharedSecretVerifier(secret, settings.shared_issuer, bare_tokens=settings.bare_tokens)
