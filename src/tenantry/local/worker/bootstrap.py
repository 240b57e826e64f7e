"""Run a Python function for the emulator, as AWS's runtime would.

The emulator starts it as a script of its own, and talks to it over lines of JSON: the first one names
the function, each further one is an invocation, each answer is one line on the real standard output. Whatever the
function prints goes to standard error and so to its log.

Other than the emulator's own worker, it survives an exception of the function, as an execution environment on AWS
does, and says its type. It must not import anything but the standard library before the function's own packages.
"""

import importlib
import json
import os
import site
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Final, TextIO

#: Ends an invocation's log, so that the emulator need not guess when it has all of it.
END_OF_LOG = "\x00end of log"
#: The one key of an answer that is an error.
ERROR = "\x00error"
#: Where the log goes, whatever a function puts in its place.
_LOG: Final[TextIO] = sys.stderr

Handler = Callable[[Any, "Context"], Any]


class Context:
    """The context object of an invocation."""

    def __init__(self, init: dict[str, Any], call: dict[str, Any]) -> None:
        self.function_name = init["function_name"]
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.invoked_function_arn = call.get("invoked_function_arn") or init["arn"]
        self.memory_limit_in_mb = str(init["memory"])
        self.aws_request_id = call.get("request_id") or ""
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self.identity = None
        self.client_context = None
        self.tenant_id = None
        self._deadline = time.monotonic() + call.get("timeout_ms", 3000) / 1000

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


def _load(init: dict[str, Any]) -> Handler:
    """Return the handler, or a stand-in that raises what loading it has raised: on AWS, each invocation then fails."""
    sys.path.insert(0, init["code_dir"])
    for layer in filter(None, os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)):
        site.addsitedir(os.path.join(layer, "python"))  # noqa: PTH118 - before any import that is not needed
    problem: BaseException
    try:
        module = importlib.import_module(init["module"])
        if found := getattr(module, init["handler"], None):
            handler: Handler = found
            return handler
        problem = _named("Runtime.HandlerNotFound", f"Handler '{init['handler']}' missing on module '{init['module']}'")
    except ImportError as error:
        problem = _named("Runtime.ImportModuleError", f"Unable to import module '{init['module']}': {error}")
    except BaseException as error:  # noqa: BLE001 - a module may even call sys.exit
        problem = error

    def failed(_event: Any, _context: Context) -> None:  # noqa: ANN401
        raise problem

    return failed


def _named(name: str, message: str) -> Exception:
    made: Exception = type(name, (Exception,), {})(message)
    return made


def _answer(handler: Handler, event: Any, context: Context) -> Any:  # noqa: ANN401
    try:
        result = handler(event, context)
    except Exception as error:  # noqa: BLE001 - whatever the function raises is its answer
        return {ERROR: _described(error, traceback.format_tb(error.__traceback__)[1:])}
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        return {ERROR: _described(_named("Runtime.MarshalError", f"Unable to marshal response: {error}"), [])}
    return result


def _described(error: Exception, frames: list[str]) -> dict[str, Any]:
    name = type(error).__name__
    _LOG.write(f"[ERROR] {name}: {error}\nTraceback (most recent call last):\n{''.join(frames)}")
    return {"errorMessage": str(error), "errorType": name, "stackTrace": frames}


def main() -> None:
    """Answer invocations until the emulator closes the pipe."""
    replies, sys.stdout = sys.stdout, sys.stderr

    def reply(content: dict[str, Any]) -> None:
        replies.write(json.dumps(content) + "\n")
        replies.flush()

    init = json.loads(sys.stdin.readline())
    os.environ.update(init.get("env") or {})
    handler = _load(init)
    reply({"status": "ready", "cold": True})
    for line in sys.stdin:
        message = json.loads(line)
        call = message.get("ctx") or {}
        os.environ.pop("_X_AMZN_TRACE_ID", None)
        if trace_id := call.get("trace_id"):
            os.environ["_X_AMZN_TRACE_ID"] = str(trace_id)
        result = _answer(handler, message["event"], Context(init, call))
        _LOG.write(f"\n{END_OF_LOG}\n")
        _LOG.flush()
        reply({"status": "ok", "result": result})


if __name__ == "__main__":
    main()
