"""Probes of `apigateway.errors`."""

from typing import Any

from tests.local.emulator import Emulator
from tests.local.probes import probe
from tests.local.probes.apigateway.permission import called


@probe(aws=[502, False], ministack=[502, True])
def a_failing_function(emulator: Emulator) -> list[Any]:
    reply = emulator.get(called(emulator, "def handler(event, context): raise ValueError('table users: no such row')"))
    return [reply.status_code, "users" in reply.text]


@probe(aws=502, ministack=200)
def an_answer_that_is_not_a_response(emulator: Emulator) -> int:
    return emulator.get(called(emulator, "def handler(event, context): return {'rows': [1]}")).status_code
