"""Does the work on the queue of changes of many parks, each in the tenant that was captured with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from park_statuses.parks import Parks
from park_statuses.work import Work
from tenancy.settings import Settings
from tenancy.vending import TokenVendor

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext


class _Settings(Settings):
    parks_table: str
    topics: str


settings = _Settings.load()
logger: Final = Logger(utc=True)
tracer: Final = Tracer()
metrics: Final = Metrics()
vendor = TokenVendor.from_environment()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def work(record: SQSRecord) -> None:
    """Do one piece of work, or say in the log why it failed."""
    try:
        _do(Work.model_validate_json(record.body))
    except Exception:
        logger.exception("failed", message_id=record.message_id)
        raise


def _do(asked: Work) -> None:
    """Do it.

    Isolation: the tenant is the one that the authorizer found when the request came in, whatever is active for the user
    by now; the credentials are vended for it, and deny everything of another's.
    """
    caller = asked.caller
    logger.append_keys(tenant=caller.tenant_id, correlation_id=asked.id)
    tracer.put_annotation("tenant", caller.tenant_id)
    session = vendor.session(caller, "park-statuses")
    parks = Parks(session, caller, table=settings.parks_table, topics=settings.topics)
    done = sum(parks.set_status(park, asked.status, asked.at) for park in dict.fromkeys(asked.ids))
    logger.info("done", asked=len(asked.ids), done=done)
    with single_metric(name="ParksSet", unit=MetricUnit.Count, value=done) as metric:
        metric.add_dimension("tenant", caller.tenant_id)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Do a batch, and name what failed of it, so that only that is tried again."""
    return process_partial_response(event=event, record_handler=work, processor=processor, context=context)
