"""Optimistic transactions: decisions on what was read, written on condition that it still holds."""

from __future__ import annotations

import random
import time
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, TypeVar, cast

from tenantry.model.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_TRIES: Final = 8
_PAUSE_SECONDS: Final = 0.02
_OVERTAKEN: Final = frozenset({"None", "ConditionalCheckFailed", "TransactionConflict"})


class OvertakenError(Exception):
    """What was read has changed since, or is being changed."""


def write(client: DynamoDBClient, items: Sequence[TransactWriteItemTypeDef]) -> None:
    """Write all or nothing.

    Raises
    ------
    OvertakenError
        A condition does not hold, or another write is at one of the items.
    botocore.exceptions.ClientError
        For any other reason.
    """
    try:
        client.transact_write_items(TransactItems=items)
    except client.exceptions.TransactionCanceledException as error:
        codes = {reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])}
        if codes <= _OVERTAKEN:
            raise OvertakenError from error
        raise


def operation(
    kind: Literal["ConditionCheck", "Delete", "Update"],
    table: str,
    key: Mapping[str, Any],
    *,
    update: str = "",
    condition: str = "",
    names: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
) -> TransactWriteItemTypeDef:
    """Return one operation of a transaction. What is empty is left out, as DynamoDB demands."""
    given = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": update,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return cast("TransactWriteItemTypeDef", {kind: {name: value for name, value in given.items() if value}})


def retried(attempt: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Have a function that reads, decides and writes retried from the start when another write came first.

    Parameters
    ----------
    attempt
        Does it once. Errors for the caller come from what it has read; conditions on what it writes make sure that this
        was still so. The function that is returned raises a `ConflictError` when others were quicker time and again.
    """

    @wraps(attempt)
    def decide(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for number in range(_TRIES):
            try:
                return attempt(*args, **kwargs)
            except OvertakenError:
                time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**number))  # noqa: S311 - a pause, not a secret
        raise ConflictError("Another request changes the same item at this moment; try again")

    return decide
