"""The log, the trace and the metrics of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from aws_lambda_powertools import Logger, Metrics, Tracer

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = TypeVar("Handler", bound=Callable[..., Any])

logger: Final = Logger(utc=True)
tracer: Final = Tracer()
metrics: Final = Metrics()


def observed(handler: Handler, *, correlation_id_path: str | None = None) -> Handler:
    """Make a Lambda handler log and trace, never the event, its result or what an error says of them.

    Parameters
    ----------
    handler
        The handler.
    correlation_id_path
        Where the event has the id under which the function logs; None if it has none.
    """
    traced = tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)
    logged = logger.inject_lambda_context(traced, correlation_id_path=correlation_id_path, clear_state=True)
    return cast("Handler", logged)
