"""Probes of `cognito.case`."""

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe
from tests.local.user_pool import Pool


@probe(aws=["done", "UsernameExistsException"], ministack=["UserNotFoundException", "done"])
def a_user_name_in_another_case(emulator: Emulator) -> list[str]:
    pool = Pool(emulator)
    address = pool.confirmed()
    return [outcome(lambda: pool.tokens(address.upper())), outcome(lambda: pool.sign_up(email=address.upper()))]
