"""How functions run."""

import json
from typing import Any

from tests.localcloud.ground import Ground, allow
from tests.localcloud.probes import probe

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
