"""Starts changes of accounts, and waits for what comes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.model.errors import UnfinishedError
from tenantry.runtime.statuses import raise_for

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

    from tenantry.model.identifiers import UserId


@dataclass
class AccountWorkflow:
    """The state machine `AccountChanges`.

    Attributes
    ----------
    client
        Step Functions.
    state_machine_arn
        Which it is.
    """

    client: SFNClient
    state_machine_arn: str

    def run(self, change: str, user: UserId, *, by: str, **more: object) -> dict[str, Any]:
        """Make a change in the directory and in the user pool, and return what has happened.

        Parameters
        ----------
        change, user, by
            Which, of whose account, and who asks.
        more
            `reason`, `session` or `at`, as the change takes them.

        Raises
        ------
        TenancyError
            It was refused, and nothing was done.
        UnfinishedError
            A part of it could not be done.
        """
        answer = self.client.start_sync_execution(
            stateMachineArn=self.state_machine_arn,
            input=json.dumps({"change": change, "userId": user, "by": by, **more}),
        )
        if answer["status"] != "SUCCEEDED":
            raise UnfinishedError(
                f"The change is incomplete ({answer.get('error', answer['status'])}). It is kept in the dead-letter "
                "queue AccountChanges; make it again, or replay it"
            )
        outcome: dict[str, Any] = json.loads(answer["output"])
        raise_for(outcome["status"], outcome.get("message", ""))
        return outcome
