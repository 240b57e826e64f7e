"""Whose account it is, whether it is the one that the app was synthesized for, and whether the CDK can deploy there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry.operate.preflight.account import NOT_ASKED, code_of, reason
from tenantry.operate.preflight.findings import fails, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.operate.preflight.account import Account
    from tenantry.operate.preflight.assembly import Assembly
    from tenantry.operate.preflight.findings import Finding


def place(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Compare account and region with those of the templates."""
    here = f"account {account.id}, region {account.region}"
    wanted = {"account": (assembly.account, account.id), "region": (assembly.region, account.region)}
    differing = [name for name, (there, found) in wanted.items() if there and there != found]
    if differing:
        yield fails(
            "account",
            f"The templates are for {' and '.join(f'{name} {wanted[name][0]}' for name in differing)}; "
            f"the credentials are of {here}.",
            "Sign in to the other account (AWS_PROFILE, AWS_REGION), or synthesize again with these credentials.",
        )
    elif closed := assembly.unfillable():
        yield fails(
            "account",
            f"The templates cannot be deployed: no value is allowed for {', '.join(closed)}.",
            f'Synthesize again for a region: CONTEXT="--context region={account.region}".',
        )
    else:
        yield ok("account", f"{account.caller}: {here}.", asked=False)


def bootstrap(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Check whether `cdk bootstrap` was run here, in a version that is new enough."""
    remedy = f"Run `cdk bootstrap aws://{account.id}/{account.region}`."
    name = assembly.bootstrap_parameter
    if not name:
        return
    try:
        version = int(account.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except NOT_ASKED as error:
        if code_of(error) == "ParameterNotFound":
            yield fails(
                "bootstrap",
                f"The CDK is not bootstrapped in this account and region: the parameter {name} is missing.",
                remedy,
            )
        else:
            yield unknown("bootstrap", f"{name}: {reason(error)}.", "Allow ssm:GetParameter on it.")
        return
    if version < assembly.bootstrap_version:
        says = f"The CDK's bootstrap is of version {version}; the stacks need {assembly.bootstrap_version}."
        yield fails("bootstrap", says, remedy)
    else:
        yield ok("bootstrap", f"The CDK's bootstrap is of version {version}.")
