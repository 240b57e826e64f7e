"""A burst of invocations shares a function's workers."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.local.emulator import Emulator


def _workers(emulator: Emulator, burst: int) -> int:
    source = "import os, time\ndef handler(event, context): time.sleep(0.2); return os.getpid()"
    function = emulator.function(source)

    def invoke(_: Any) -> Any:  # noqa: ANN401
        return emulator.invoke(function)

    with ThreadPoolExecutor(burst) as pool:
        return len(set(pool.map(invoke, range(burst))))


def test_a_burst_does_not_start_a_process_for_each(emulator: Emulator, bare_emulator: Emulator) -> None:
    from tenantry.local.gaps.aws_lambda.worker_limit import _WORKERS  # noqa: PLC0415 - imports MiniStack

    burst = _WORKERS + 4
    assert _workers(emulator, burst) <= _WORKERS
    assert _workers(bare_emulator, burst) > _WORKERS
