"""Probes of `cognito.auth_flows`."""

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe
from tests.local.user_pool import Pool


@probe(aws="InvalidParameterException", ministack="done")
def a_password_flow_of_a_client_that_names_no_flow(emulator: Emulator) -> str:
    pool = Pool(emulator, ExplicitAuthFlows=[])
    address = pool.confirmed()
    return outcome(lambda: pool.tokens(address))
