"""Probes of `cognito.jwks_https`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import MOCK, Emulator
from tests.local.probes import probe
from tests.local.user_pool import Pool


@probe(aws=200, ministack=401)
def a_token_of_the_pool_at_an_api(emulator: Emulator) -> int:
    pool = Pool(emulator)
    authorizer = {
        "type": "COGNITO_USER_POOLS",
        "providerARNs": [f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool.id}"],
        "identitySource": "method.request.header.Authorization",
    }
    url = emulator.api(MOCK, authorizationType="COGNITO_USER_POOLS", authorizer=authorizer)
    return emulator.get(url, Authorization=pool.tokens(pool.confirmed())["IdToken"]).status_code
