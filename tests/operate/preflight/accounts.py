"""Accounts to ask: one whose every answer a test gives."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from botocore.stub import Stubber

from tenantry.operate.aws import Aws
from tenantry.operate.preflight.account import Account
from tenantry.operate.preflight.assembly import Assembly
from tests.synthesized import assembly

if TYPE_CHECKING:
    from collections.abc import Mapping

ID: Final = "123456789012"
REGION: Final = "eu-west-1"
CALLER: Final = f"arn:aws:sts::{ID}:assumed-role/deployer/me"


class Answers:
    """An account in which a call that no answer was given for is an error."""

    def __init__(self, *, caller: str = CALLER, region: str = REGION) -> None:
        session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name=region)
        partition = caller.split(":")[1]
        self.account = Account(aws=Aws(session), id=ID, region=region, partition=partition, caller=caller)
        self._stubs: dict[tuple[str, str | None], Stubber] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Answer from now on."""
        return self

    def __exit__(self, *_: object) -> None:
        """Answer no more."""
        self._stack.close()

    def _stub(self, service: str, region: str | None) -> Stubber:
        if (service, region) not in self._stubs:
            stub = Stubber(self.account.client(service, region=region))
            self._stubs[service, region] = self._stack.enter_context(stub)
        return self._stubs[service, region]

    def give(self, service: str, operation: str, answer: Mapping[str, Any], *, region: str | None = None) -> None:
        """Answer a call."""
        self._stub(service, region).add_response(operation, dict(answer))

    def refuse(self, service: str, operation: str, code: str, message: str = "", *, region: str | None = None) -> None:
        """Answer a call with an error."""
        self._stub(service, region).add_client_error(operation, code, message)


def of_templates(**resources: Mapping[str, Any]) -> Assembly:
    """Return an app of one stack, `stack`, with these resources."""
    return Assembly(templates={"stack": {"Resources": resources}})


def of_environment(name: str, **more: Any) -> Assembly:  # noqa: ANN401 - fields of an assembly
    """Return the app as it is synthesized for an environment."""
    return Assembly(
        templates={f"tenantry-{stack}": template for stack, template in assembly(name).templates.items()}, **more
    )
