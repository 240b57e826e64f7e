"""Probes of `apigateway.empty_segments`."""

from tests.local.ground import MOCK, Ground
from tests.local.probes import probe


@probe(aws=403, ministack=200)
def a_path_with_an_empty_segment(ground: Ground) -> int:
    return ground.get(ground.api(MOCK).replace("/test/thing", "/test//thing")).status_code
