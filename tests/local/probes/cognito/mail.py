"""Probes of `cognito.mail`."""

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe
from tests.local.user_pool import Pool


@probe(aws="CodeMismatchException", ministack="done")
def a_well_known_code(emulator: Emulator) -> str:
    pool = Pool(emulator)
    address = pool.sign_up()
    return outcome(lambda: pool.confirm(address, "123456"))


@probe(aws="InvalidParameterException", ministack="done")
def a_code_to_confirm_what_is_confirmed(emulator: Emulator) -> str:
    pool = Pool(emulator)
    address = pool.confirmed()
    return outcome(lambda: pool.cognito.resend_confirmation_code(ClientId=pool.client_id, Username=address))


@probe(aws="InvalidParameterException", ministack="done")
def a_code_for_a_new_password_to_an_unverified_address(emulator: Emulator) -> str:
    pool = Pool(emulator)
    address = pool.confirmed()
    return outcome(lambda: pool.cognito.forgot_password(ClientId=pool.client_id, Username=address))
