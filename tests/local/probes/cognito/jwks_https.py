"""Probes of `cognito.jwks_https`."""

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.ground import MOCK, Ground
from tests.local.probes import probe
from tests.local.user_pool import Pool


@probe(aws=200, ministack=401)
def a_token_of_the_pool_at_an_api(ground: Ground) -> int:
    pool = Pool(ground)
    authorizer = {
        "type": "COGNITO_USER_POOLS",
        "providerARNs": [f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool.id}"],
        "identitySource": "method.request.header.Authorization",
    }
    url = ground.api(MOCK, authorizationType="COGNITO_USER_POOLS", authorizer=authorizer)
    return ground.get(url, Authorization=pool.tokens(pool.confirmed())["IdToken"]).status_code
