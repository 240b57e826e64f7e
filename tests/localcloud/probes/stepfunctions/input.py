"""Probes of `stepfunctions.input`."""

from typing import Any

from tests.localcloud.ground import Ground
from tests.localcloud.probes import probe
from tests.localcloud.probes.stepfunctions.succeed import run


@probe(aws="InvalidExecutionInput", ministack={})
def an_input_that_is_not_json(ground: Ground) -> Any:  # noqa: ANN401
    return run(ground, "refused")
