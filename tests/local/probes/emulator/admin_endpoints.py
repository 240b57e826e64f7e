"""Probes of `emulator.admin_endpoints`."""

import requests

from tests.local.emulator import Emulator
from tests.local.probes import probe


@probe(aws=403, ministack=200)
def administration_without_a_key(emulator: Emulator) -> int:
    url = f"{emulator.cloud.endpoint}/_ministack/config"
    return requests.post(url, json={}, verify=str(emulator.cloud.ca_bundle), timeout=10).status_code
