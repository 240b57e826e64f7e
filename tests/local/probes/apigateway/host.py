"""Probes of `apigateway.host`."""

from tenantry.local.settings import REGION
from tests.local.emulator import MOCK, Emulator
from tests.local.probes import probe


@probe(aws=200, ministack=403)
def the_host_name_of_an_api(emulator: Emulator) -> int:
    url = emulator.api(MOCK)
    api, _, path = url.partition("/_aws/execute-api/")[2].partition("/")
    host = f"{api}.execute-api.{REGION}.amazonaws.com"
    status = emulator.get(f"{emulator.cloud.endpoint}/{path}", Host=host).status_code
    return status if status == 200 else 403
