"""Probes of `aws_lambda.python_runtime`."""

from typing import Any

from tests.local.emulator import Emulator
from tests.local.probes import probe

FAILING = "def handler(event, context): raise KeyError('lost')"


@probe(aws="KeyError", ministack="Runtime.HandlerError")
def the_type_of_an_error(emulator: Emulator) -> str:
    return str(emulator.invoke(emulator.function(FAILING))["errorType"])


@probe(aws=[True, False], ministack=[True, True])
def packages_that_a_function_sees(emulator: Emulator) -> Any:  # noqa: ANN401
    source = "from importlib.util import find_spec\ndef handler(names, _): return [bool(find_spec(n)) for n in names]"
    return emulator.invoke(emulator.function(source), ["boto3", "ministack"])


@probe(aws=True, ministack=False)
def an_environment_survives_an_error(emulator: Emulator) -> bool:
    source = "import os\ndef handler(fail, context):\n  if fail: raise ValueError(os.getpid())\n  return os.getpid()"
    function = emulator.function(source)
    return bool(emulator.invoke(function, event=True)["errorMessage"] == str(emulator.invoke(function, event=False)))


@probe(aws=[None, None, None], ministack=["secret", "secret", "endpoint"])
def what_a_function_knows_of_the_emulator(emulator: Emulator) -> list[str | None]:
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    seen = emulator.invoke(emulator.function(source))
    names = {"STATE_DIR": "secret", "MINISTACK_SSL_KEY": "secret", "AWS_ENDPOINT_URL": "endpoint"}
    return [label if name in seen else None for name, label in names.items()]
