"""Does the work on the queue of changes of many parks, each in the tenant that was captured with it.

It is done only if whoever asked for it may still do so: the directory is asked when the work is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from park_statuses.parks import Parks
from park_statuses.work import Work
from park_webhooks.makers import Makers
from park_webhooks.pausing import Pauser
from park_webhooks.publication import Publication
from tenantry.model.roles import Role
from tenantry.runtime.authorization_state import AuthorizationStates, SessionEndedError
from tenantry.runtime.settings import Settings
from tenantry.runtime.vending import TokenVendor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Settings(Settings):
    application: str
    event_bus_name: str
    parks_table: str
    tenants_table: str
    tenant_users_table: str
    topics: str
    users_table: str


settings = _Settings.load()
logger: Final = Logger(utc=True)
tracer: Final = Tracer()
metrics: Final = Metrics()
vendor = TokenVendor.from_environment()
directory = boto3.client("dynamodb")
states = AuthorizationStates(
    directory,
    users=settings.users_table,
    tenants=settings.tenants_table,
    memberships=settings.tenant_users_table,
)
makers = Makers(directory, users=settings.users_table, memberships=settings.tenant_users_table)
pauser = Pauser(
    boto3.client("sns"),
    boto3.client("events"),
    application=settings.application,
    bus_name=settings.event_bus_name,
)
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def work(record: SQSRecord) -> None:
    """Do one piece of work, or say in the log why it failed."""
    try:
        _do(Work.model_validate_json(record.body))
    except Exception:
        logger.exception("failed", message_id=record.message_id)
        raise


def _do(asked: Work) -> None:
    """Do it, or nothing if whoever asked may not do it any more.

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
    publication = Publication(
        vendor.session(caller, "webhooks"),
        caller.tenant_id,
        makers=makers,
        pauser=pauser,
        table=settings.parks_table,
        topics=settings.topics,
    )
    session = vendor.session(caller, "park-statuses")
    parks = Parks(session, caller, table=settings.parks_table, publication=publication)
    done = sum(parks.set_status(park, asked.status, asked.at) for park in dict.fromkeys(asked.ids))
    logger.info("done", asked=len(asked.ids), done=done)
    with single_metric(name="ParksSet", unit=MetricUnit.Count, value=done) as metric:
        metric.add_dimension("tenant", caller.tenant_id)


def _may(asked: Work) -> bool:
    """Return whether whoever asked may set the status of parks in that tenant at this moment."""
    try:
        state = states.in_tenant(asked.sign_in, asked.caller.tenant_id)
    except SessionEndedError:
        return False
    return state.tenant_id is not None and Role.ADMIN in state.roles


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Do a batch, and name what failed of it, so that only that is tried again."""
    return process_partial_response(event=event, record_handler=work, processor=processor, context=context)
