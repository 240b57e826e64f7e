"""Probes of `cognito.attributes`."""

from typing import Any

from tests.local.emulator import Emulator, outcome
from tests.local.probes import probe
from tests.local.user_pool import Pool


@probe(aws=["NotAuthorizedException"] * 2, ministack=["done"] * 2)
def attributes_that_users_may_not_write_at_sign_up(emulator: Emulator) -> list[str]:
    pool = Pool(emulator)
    forbidden = [{"email_verified": "true"}, {"custom:tenant": "other"}]
    return [outcome(lambda given=given: pool.sign_up(**given)) for given in forbidden]  # type: ignore[misc]


@probe(aws=["NotAuthorizedException"] * 2 + ["done"], ministack=["done"] * 3)
def attributes_that_users_may_not_write_later(emulator: Emulator) -> list[str]:
    pool = Pool(emulator)
    token = pool.tokens(pool.confirmed())["AccessToken"]

    def update(name: str) -> object:
        return pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": name, "Value": "true"}])

    return [outcome(lambda name=name: update(name)) for name in ("email_verified", "custom:tenant", "name")]  # type: ignore[misc]


@probe(aws=["the old one", "CodeMismatchException"], ministack=["the new one", "InvalidAction"])
def an_address_that_is_not_verified_yet(emulator: Emulator) -> list[str]:
    pool = Pool(emulator, verify_first=True)
    address, new = pool.confirmed(), f"{emulator.name('new')}@example.com"
    token = pool.tokens(address)["AccessToken"]
    pool.cognito.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "email", "Value": new}])
    found = pool.cognito.get_user(AccessToken=token)["UserAttributes"]
    now = next(item["Value"] for item in found if item["Name"] == "email")
    verify = pool.cognito.verify_user_attribute
    return [
        "the old one" if now == address else "the new one",
        outcome(lambda: verify(AccessToken=token, AttributeName="email", Code="wrong")),
    ]


@probe(aws=["done", "InvalidParameterException", False], ministack=["done", "done", True])
def pools_that_ask_for_codes_they_do_not_send(emulator: Emulator) -> list[Any]:
    first = {"AttributesRequireVerificationBeforeUpdate": ["email"]}

    def make(**settings: Any) -> str:  # noqa: ANN401
        pool = {"PoolName": emulator.name("pool"), "UserAttributeUpdateSettings": first, **settings}
        return outcome(lambda: emulator.client("cognito-idp").create_user_pool(**pool))

    pool = {"Type": "AWS::Cognito::UserPool", "Properties": {"UserAttributeUpdateSettings": first}}
    return [make(AutoVerifiedAttributes=["email"]), make(), bool(emulator.stack(Pool=pool))]
