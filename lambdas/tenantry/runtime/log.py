"""The structured log of a function: one JSON object a line, on standard output."""

from __future__ import annotations

import json
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVELS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_encode: Final = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Log:
    """Writes lines with the fields of the invocation: the function, its request, and what was added during it.

    Parameters
    ----------
    stream
        Where it writes; standard output by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream
        self._service = os.environ.get("SERVICE_NAME", "")
        self._least = _LEVELS.get(os.environ.get("LOG_LEVEL", "INFO"), _LEVELS["INFO"])
        self._fields: dict[str, Any] = {}
        self._cold = True

    def begin(self, context: Any, correlation_id: object) -> None:  # noqa: ANN401 - Lambda's context, which has no type
        """Begin an invocation: what an earlier one has added is gone."""
        self._fields = {
            "cold_start": self._cold,
            "function_name": context.function_name,
            "function_memory_size": context.memory_limit_in_mb,
            "function_arn": context.invoked_function_arn,
            "function_request_id": context.aws_request_id,
        }
        self._cold = False
        if correlation_id is not None:
            self._fields["correlation_id"] = correlation_id

    @property
    def correlation_id(self) -> str | None:
        """The id under which this invocation logs."""
        return self._fields.get("correlation_id")

    def append_keys(self, **fields: object) -> None:
        """Add fields to all further lines of this invocation."""
        self._fields.update(fields)

    def info(self, message: str, **fields: object) -> None:
        """Write what has happened."""
        self._write("INFO", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Write what somebody should look at."""
        self._write("WARNING", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """Write what has failed."""
        self._write("ERROR", message, fields)

    def exception(self, message: str, **fields: object) -> None:
        """Write what has failed, with the error that is being handled and where it was raised."""
        kind, _, _ = sys.exc_info()
        named = kind.__name__ if kind else None
        self._write("ERROR", message, {**fields, "exception_name": named, "exception": traceback.format_exc()})

    def _write(self, level: str, message: str, fields: Mapping[str, object]) -> None:
        if _LEVELS[level] < self._least:
            return
        caller = sys._getframe(2)  # noqa: SLF001 - as `logging` does it
        line = {
            "level": level,
            "location": f"{caller.f_code.co_name}:{caller.f_lineno}",
            "message": message,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": self._service,
            **self._fields,
            **fields,
        }
        if trace := os.environ.get("_X_AMZN_TRACE_ID"):
            line["xray_trace_id"] = trace.partition(";")[0].removeprefix("Root=")
        # One write: the lines of threads must not run into each other.
        (self.stream or sys.stdout).write(_encode(line) + "\n")
