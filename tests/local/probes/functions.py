"""How functions run."""

import json
from typing import Any

import requests

from tests.local.ground import Ground, allow, outcome, proxy
from tests.local.probes import probe

_FAILING = "def handler(event, context): raise KeyError('lost')"


@probe("lambda_python_runtime", aws="KeyError", ministack="Runtime.HandlerError")
def the_type_of_an_error(ground: Ground) -> str:
    return str(ground.invoke(ground.function(_FAILING))["errorType"])


@probe("lambda_python_runtime", aws=[True, False], ministack=[True, True])
def packages_that_a_function_sees(ground: Ground) -> Any:  # noqa: ANN401
    source = "from importlib.util import find_spec\ndef handler(names, _): return [bool(find_spec(n)) for n in names]"
    return ground.invoke(ground.function(source), ["boto3", "ministack"])


@probe("lambda_python_runtime", aws=True, ministack=False)
def an_environment_survives_an_error(ground: Ground) -> bool:
    source = "import os\ndef handler(fail, context):\n  if fail: raise ValueError(os.getpid())\n  return os.getpid()"
    function = ground.function(source)
    return bool(ground.invoke(function, event=True)["errorMessage"] == str(ground.invoke(function, event=False)))


@probe("lambda_python_runtime", aws=[None, None, None], ministack=["secret", "secret", "endpoint"])
def what_a_function_knows_of_the_emulator(ground: Ground) -> list[str | None]:
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    seen = ground.invoke(ground.function(source))
    names = {"STATE_DIR": "secret", "MINISTACK_SSL_KEY": "secret", "AWS_ENDPOINT_URL": "endpoint"}
    return [label if name in seen else None for name, label in names.items()]


def _dead_letter(ground: Ground, *statements: dict[str, Any]) -> Any:  # noqa: ANN401
    url, arn = ground.queue()
    function = ground.function(_FAILING, *statements, DeadLetterConfig={"TargetArn": arn})
    client = ground.client("lambda")
    client.put_function_event_invoke_config(FunctionName=function, MaximumRetryAttempts=0)
    client.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"order": 1}')
    message = ground.received(url, seconds=2)
    return json.loads(message["Body"]) if message else None


@probe("lambda_failure_destinations", aws={"order": 1}, ministack=None)
def the_event_in_a_dead_letter_queue(ground: Ground) -> Any:  # noqa: ANN401
    letter = _dead_letter(ground, allow("sqs:SendMessage"))
    return None if "requestPayload" in letter else letter


@probe("lambda_failure_destinations", aws=False, ministack=True)
def a_dead_letter_without_permission(ground: Ground) -> bool:
    return _dead_letter(ground) is not None


_LARGE = "def handler(event, context): return 'x' * event"
_LIMIT = 6 * 1024 * 1024


@probe("lambda_payloads", aws=["done", "RequestEntityTooLargeException"] * 2, ministack=["done"] * 4)
def events_that_are_too_large(ground: Ground) -> list[str]:
    """Invoke with the most that fits and with a byte more; at once, and later."""
    function, client = ground.function("def handler(event, context): return len(event)"), ground.client("lambda")

    def invoke(size: int, kind: str) -> str:
        payload = b'"' + b"x" * (size - 2) + b'"'
        return outcome(lambda: client.invoke(FunctionName=function, InvocationType=kind, Payload=payload))

    sizes = ((_LIMIT, "RequestResponse"), (_LIMIT + 1, "RequestResponse"), (2**20, "Event"), (2**20 + 1, "Event"))
    return [invoke(size, kind) for size, kind in sizes]


@probe("lambda_payloads", aws=[_LIMIT + 98, "Function.ResponseSizeTooLarge"], ministack=[_LIMIT + 98, _LIMIT + 99])
def answers_that_are_too_large(ground: Ground) -> list[Any]:
    function = ground.function(_LARGE)
    answers = [ground.invoke(function, event=size) for size in (_LIMIT + 98, _LIMIT + 99)]
    return [answer["errorType"] if isinstance(answer, dict) else len(answer) for answer in answers]


_READER = """
def handler(event, context):
    return {"statusCode": 200, "body": "x" * int((event["queryStringParameters"] or {}).get("size", 0))}
"""


@probe("lambda_payloads", aws=[200, 413, "Request Too Long", 413, 502], ministack=[200, 200, None, 200, 200])
def what_an_api_answers_to_them(ground: Ground) -> list[Any]:
    """Send a body that fits, one that does not, one that does not for its quotes; ask for an answer that does not."""
    function = ground.function(_READER)
    ground.permit(function, "apigateway.amazonaws.com")
    url = ground.api(proxy(function), httpMethod="POST")

    def post(body: bytes, query: str = "") -> requests.Response:
        headers = {"Content-Type": "application/json"}
        return requests.post(f"{url}{query}", body, headers=headers, verify=str(ground.cloud.ca_bundle), timeout=60)

    large = post(b"x" * _LIMIT)
    message = large.json()["message"] if large.status_code != 200 else None
    statuses = [post(b"x" * (_LIMIT // 2)).status_code, large.status_code]
    quoted = post(b'"' * (_LIMIT // 2)).status_code
    return [*statuses, message, quoted, post(b"{}", f"?size={_LIMIT + 100}").status_code]


@probe("lambda_settings", aws=["InvalidParameterValueException"] * 4, ministack=["done"] * 4)
def settings_that_lambda_does_not_take(ground: Ground) -> list[str]:
    """Make and change a function with too many variables, make one with the runtime's own, one slower than its queue."""
    source, client = "def handler(event, context): pass", ground.client("lambda")
    slow, (_, queue) = ground.function(source, Timeout=31), ground.queue()
    large = {"Variables": {"A": "x" * 4096}}
    return [
        outcome(lambda: ground.function(source, Environment=large)),
        outcome(lambda: client.update_function_configuration(FunctionName=slow, Environment=large)),
        outcome(lambda: ground.function(source, Environment={"Variables": {"AWS_REGION": "x"}})),
        outcome(lambda: client.create_event_source_mapping(FunctionName=slow, EventSourceArn=queue)),
    ]
