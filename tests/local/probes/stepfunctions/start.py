"""Probes of `stepfunctions.start`."""

import time
from typing import Any

from tests.local.emulator import Emulator
from tests.local.probes import probe

PASS_DEFINITION: dict[str, Any] = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}


@probe(aws=True, ministack=False)
def an_execution_starts_at_once(emulator: Emulator) -> bool:
    machine = emulator.machine(PASS_DEFINITION)

    def seconds() -> float:
        began = time.monotonic()
        emulator.client("stepfunctions").start_sync_execution(stateMachineArn=machine)
        return time.monotonic() - began

    return min(seconds() for _ in range(5)) < 0.15
