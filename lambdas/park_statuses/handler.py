"""Consumes the queue of bulk updates of parks, each in the tenant that was captured with it.

It is done only if whoever asked for it may still do so: the directory is asked when the work is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from park_statuses.parks import Parks
from park_statuses.work import Work
from park_webhooks.parts import Publications, PublicationSettings
from tenantry.model.roles import Role
from tenantry.runtime.authorization_state import AuthorizationStates, SessionEndedError
from tenantry.runtime.observability import logger, observed, tracer
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Settings(PublicationSettings):
    tenants_table: str


settings = _Settings.load()
vendor = TokenVendor.from_environment()
states = AuthorizationStates(
    boto3.client("dynamodb"),
    users=settings.users_table,
    tenants=settings.tenants_table,
    memberships=settings.tenant_users_table,
)
publications = Publications(settings)
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def work(record: SQSRecord) -> None:
    """Do one message's work, and log why it failed."""
    try:
        _do(Work.model_validate_json(record.body))
    except Exception:
        logger.exception("failed", message_id=record.message_id)
        raise


def _do(asked: Work) -> None:
    """Do the work, or drop it if the user who requested it has lost the required role.

    Isolation: the tenant is the one that the authorizer found when the request came in, whatever is active for the user
    by now; the credentials are vended for it, and deny everything of another's. Account, session, membership and role
    are those of this moment: work of somebody who was removed, or whose session has ended, is dropped.
    """
    caller = asked.caller
    logger.append_keys(tenant=caller.tenant_id, correlation_id=asked.id)
    tracer.put_annotation("tenant", caller.tenant_id)
    if not _may(asked):
        logger.warning("dropped: the user who requested it lost the required role", user=caller.user_id)
        with single_metric(name="WorkDropped", unit=MetricUnit.Count, value=1) as metric:
            metric.add_dimension("tenant", caller.tenant_id)
        return
    publication = publications.of(caller, vendor)
    session = vendor.session(caller, "park-statuses")
    parks = Parks(session, caller, table=settings.parks_table, publication=publication)
    done = sum(parks.set_status(park, asked.status, asked.at) for park in dict.fromkeys(asked.ids))
    logger.info("done", asked=len(asked.ids), done=done)
    with single_metric(name="ParksSet", unit=MetricUnit.Count, value=done) as metric:
        metric.add_dimension("tenant", caller.tenant_id)


def _may(asked: Work) -> bool:
    """Return whether the user who requested it may update parks in that tenant at this moment."""
    try:
        state = states.in_tenant(asked.sign_in, asked.caller.tenant_id)
    except SessionEndedError:
        return False
    return state.tenant_id is not None and Role.ADMIN in state.roles


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Work on a batch, and return the messages that failed, so that only these are retried."""
    return process_partial_response(event=event, record_handler=work, processor=processor, context=context)
