"""The log and the trace of a function."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from tenantry.runtime.log import Log
from tenantry.runtime.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

logger: Final = Log()
tracer: Final = Trace()


def observed(handler: Callable[..., Any], *, correlation_id_path: str | None = None) -> Any:  # noqa: ANN401 - as a decorator keeps it
    """Make a Lambda handler log and trace, but never the event, the result or an error's text.

    Parameters
    ----------
    handler
        The handler.
    correlation_id_path
        Where the event has the id under which the function logs, such as ``requestContext.requestId``; None if it has
        none.
    """
    path = correlation_id_path.split(".") if correlation_id_path else None

    @wraps(handler)
    def observed_handler(event: Any, context: Any) -> Any:  # noqa: ANN401 - whatever invokes it
        logger.begin(context, _at(event, path) if path else None)
        tracer.begin()
        try:
            return handler(event, context)
        finally:
            tracer.end()

    return observed_handler


def _at(event: object, path: list[str]) -> object:
    for name in path:
        event = event.get(name) if isinstance(event, dict) else None
    return event
