"""Probes of `cognito.domain`."""

import requests

from tests.local.emulator import Emulator
from tests.local.probes import probe
from tests.local.user_pool import PASSWORD, Pool


@probe(aws="invalid_client", ministack="signed in")
def the_sign_in_page_of_a_pool_without_a_domain(emulator: Emulator) -> str:
    back = "https://example.com/callback"
    pool = Pool(emulator, CallbackURLs=[back], AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"])
    form = {"client_id": pool.client_id, "username": pool.confirmed(), "password": PASSWORD, "redirect_uri": back}
    url = f"{emulator.cloud.endpoint}/oauth2/login"
    reply = requests.post(url, data=form, verify=str(emulator.cloud.ca_bundle), timeout=10, allow_redirects=False)
    return "signed in" if "code=" in reply.headers.get("Location", "") else str(reply.json()["error"])
