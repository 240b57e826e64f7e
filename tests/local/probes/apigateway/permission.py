"""Probes of `apigateway.permission`."""

from tests.local.ground import Ground, proxy
from tests.local.probes import probe

_OK = "def handler(event, context): return {'statusCode': 200, 'body': 'ok'}"


def called(ground: Ground, source: str, *, permitted: bool = True) -> str:
    function = ground.function(source)
    if permitted:
        ground.permit(function, "apigateway.amazonaws.com")
    return ground.api(proxy(function))


@probe(aws=500, ministack=200)
def a_function_without_permission_for_the_api(ground: Ground) -> int:
    return ground.get(called(ground, _OK, permitted=False)).status_code
