"""Announces a confirmed sign-up, which starts the saga."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import boto3
from aws_lambda_powertools import Logger, Tracer
from botocore.config import Config
from pydantic import BaseModel, ConfigDict, Field

from tenancy.events import Announcer, EventMetadata, SignUp, SignUpData
from tenancy.identifiers import user_id
from tenancy.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The same hook is called after a password reset (PostConfirmation_ConfirmForgotPassword), which makes no tenant.
_SIGN_UP: Final = "PostConfirmation_ConfirmSignUp"


class _Settings(Settings):
    application: str
    event_bus_name: str
    dead_letter_queue_url: str


class _Attributes(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    email: str
    name: str
    email_verified: bool = False
    status: str = Field(default="CONFIRMED", alias="cognito:user_status")


settings = _Settings.load()
logger = Logger(utc=True)
tracer = Tracer()
# Cognito waits five seconds for a hook: two quick tries at the bus, then the dead-letter queue.
_quick = Config(connect_timeout=1, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 2})
bus = boto3.client("events", config=_quick)
announcer = Announcer(
    bus,
    boto3.client("sqs", config=_quick),
    bus_name=settings.event_bus_name,
    queue_url=settings.dead_letter_queue_url,
)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Publish ``signup`` and return the event unchanged, as Cognito demands.

    When the bus does not take the event it goes to the dead-letter queue, from where it can be replayed: the person
    is confirmed by now, and Cognito would not call again.
    """
    if event["triggerSource"] == _SIGN_UP:
        refusal = announcer.announce(f"{settings.application}.idp", "signup", _sign_up(event))
        if refusal is None:
            logger.info("announced")
        else:
            logger.error("not announced; kept in the dead-letter queue", exc_info=refusal)
    return event


def _sign_up(event: dict[str, Any]) -> SignUp:
    attributes = _Attributes.model_validate(event["request"]["userAttributes"])
    return SignUp(
        metadata=EventMetadata(domain="idp", application=settings.application, event_type="signup"),
        data=SignUpData(
            email=attributes.email,
            userName=user_id(event["userName"]),
            name=attributes.name,
            verified=attributes.email_verified,
            status=attributes.status,
        ),
    )
