"""Lambda refuses invalid environment variables and event sources of functions.

AWS: environment variables have 4 KB in total, and no name that the runtime reserves. A queue whose messages come back
sooner than its function may take is no event source.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html

MiniStack: accepts any.

Here: as on AWS, for a template as well.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs

from tenantry.local.patching import Fields, Original, cloudformation, require, wrap

_ENVIRONMENT_BYTES = 4096
_RESERVED = {
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
}


def close() -> None:
    """Close the gap."""
    require(lambda_svc, "_get_func_record_for_ref")
    require(sqs, "_queue_by_arn")
    wrap(lambda_svc, "_create_function", partial(_checked, _environment_problem, 0))
    wrap(lambda_svc, "_update_config", partial(_checked, _environment_problem, 1))
    wrap(lambda_svc, "_create_esm", partial(_checked, _source_problem, 0))
    cloudformation.before("AWS::Lambda::Function", _environment_problem)
    cloudformation.before("AWS::Lambda::EventSourceMapping", _source_problem)


def _checked(problem_of: Callable[[Fields], str], data_at: int, call: Original, *arguments: Any) -> Any:
    if problem := problem_of(arguments[data_at]):
        return error_response_json("InvalidParameterValueException", problem, 400)
    return call(*arguments)


def _environment_problem(data: Fields) -> str:
    variables = (data.get("Environment") or {}).get("Variables") or {}
    if reserved := sorted(_RESERVED & set(variables)):
        return (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided contains reserved keys that are currently not supported for modification. {', '.join(reserved)}"
        )
    if sum(len(f"{name}{value}".encode()) for name, value in variables.items()) > _ENVIRONMENT_BYTES:
        return (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the {_ENVIRONMENT_BYTES // 1024}KB limit."
        )
    return ""


def _source_problem(data: Fields) -> str:
    queue = sqs._queue_by_arn(data["EventSourceArn"]) if ":sqs:" in str(data.get("EventSourceArn")) else None
    function = lambda_svc._get_func_record_for_ref(str(data.get("FunctionName")))[1]
    if not queue or not function:
        return ""
    visible, timeout = int(queue["attributes"].get("VisibilityTimeout", 30)), int(function.get("Timeout", 3))
    if visible >= timeout:
        return ""
    return f"Queue visibility timeout: {visible} seconds is less than Function timeout: {timeout} seconds"
