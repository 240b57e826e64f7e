"""Probes of `cognito.refresh_tokens`."""

import time
from typing import Any

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe
from tests.local.user_pool import Pool, claims


@probe(aws=[True, True], ministack=[False, False])
def the_time_of_the_sign_in_in_a_refreshed_token(emulator: Emulator) -> list[bool]:
    pool = Pool(emulator)
    tokens = pool.tokens(pool.confirmed())
    time.sleep(1.1)
    refreshed = pool.refresh(tokens["RefreshToken"])
    names = ("AccessToken", "IdToken")
    return [claims(refreshed[name])["auth_time"] == claims(tokens[name])["auth_time"] for name in names]


_ROTATION: dict[str, Any] = {
    "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
}


@probe(
    aws=["another", "RefreshTokenReuseException", "done", "InvalidParameterException"],
    ministack=["none", "done", "done", "done"],
)
def refresh_tokens_that_rotate(emulator: Emulator) -> list[str]:
    pool = Pool(emulator, **_ROTATION)
    first = pool.tokens(pool.confirmed())["RefreshToken"]
    second = pool.refresh(first).get("RefreshToken", "")
    return [
        "none" if not second else "the same" if second == first else "another",
        outcome(lambda: pool.refresh(first)),
        outcome(lambda: pool.refresh(second or first)),
        outcome(
            lambda: pool.cognito.initiate_auth(
                ClientId=pool.client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": first}
            )
        ),
    ]
