"""Probes of `emulator.admin_endpoints`."""

import requests

from tests.local.ground import Ground
from tests.local.probes import probe


@probe(aws=403, ministack=200)
def administration_without_a_key(ground: Ground) -> int:
    url = f"{ground.cloud.endpoint}/_ministack/config"
    return requests.post(url, json={}, verify=str(ground.cloud.ca_bundle), timeout=10).status_code
