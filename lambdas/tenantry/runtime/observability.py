"""The log, the trace and the metrics of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools import Logger, Metrics, Tracer

if TYPE_CHECKING:
    from collections.abc import Callable

logger: Final = Logger(utc=True)
tracer: Final = Tracer()
metrics: Final = Metrics()


def observed(handler: Callable[..., Any], *, correlation_id_path: str | None = None) -> Any:  # noqa: ANN401 - as Powertools' own
    """Make a Lambda handler log and trace, but never the event, the result or an error's text.

    Parameters
    ----------
    handler
        The handler.
    correlation_id_path
        Where the event has the id under which the function logs; None if it has none.
    """
    traced = tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)
    return logger.inject_lambda_context(traced, correlation_id_path=correlation_id_path, clear_state=True)
