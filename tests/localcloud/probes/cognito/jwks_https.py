"""Probes of `cognito.jwks_https`."""

from localcloud.settings import ACCOUNT, REGION
from tests.localcloud.ground import MOCK, Ground
from tests.localcloud.probes import probe
from tests.localcloud.user_pool import Pool


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
