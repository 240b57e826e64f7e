"""Probes of `apigateway.permission`."""

from tests.local.emulator import Emulator, proxy
from tests.local.probes import probe

_OK = "def handler(event, context): return {'statusCode': 200, 'body': 'ok'}"


def called(emulator: Emulator, source: str, *, permitted: bool = True) -> str:
    function = emulator.function(source)
    if permitted:
        emulator.permit(function, "apigateway.amazonaws.com")
    return emulator.api(proxy(function))


@probe(aws=500, ministack=200)
def a_function_without_permission_for_the_api(emulator: Emulator) -> int:
    return emulator.get(called(emulator, _OK, permitted=False)).status_code
