"""Probes of `stepfunctions.input`."""

from typing import Any

from tests.local.emulator import Emulator
from tests.local.probes import probe
from tests.local.probes.stepfunctions.succeed import run


@probe(aws="InvalidExecutionInput", ministack={})
def an_input_that_is_not_json(emulator: Emulator) -> Any:  # noqa: ANN401
    return run(emulator, "refused")
