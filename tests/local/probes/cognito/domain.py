"""Probes of `cognito.domain`."""

import requests

from tests.local.ground import Ground
from tests.local.probes import probe
from tests.local.user_pool import PASSWORD, Pool


@probe(aws="invalid_client", ministack="signed in")
def the_sign_in_page_of_a_pool_without_a_domain(ground: Ground) -> str:
    back = "https://example.com/callback"
    pool = Pool(ground, CallbackURLs=[back], AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"])
    form = {"client_id": pool.client_id, "username": pool.confirmed(), "password": PASSWORD, "redirect_uri": back}
    url = f"{ground.cloud.endpoint}/oauth2/login"
    reply = requests.post(url, data=form, verify=str(ground.cloud.ca_bundle), timeout=10, allow_redirects=False)
    return "signed in" if "code=" in reply.headers.get("Location", "") else str(reply.json()["error"])
