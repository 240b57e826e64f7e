"""Probes of `apigateway.empty_segments`."""

from tests.local.emulator import MOCK, Emulator
from tests.local.probes import probe


@probe(aws=403, ministack=200)
def a_path_with_an_empty_segment(emulator: Emulator) -> int:
    return emulator.get(emulator.api(MOCK).replace("/test/thing", "/test//thing")).status_code
