"""What stacks share: the directory by its names, tables of the control plane, and grants bound to attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from tenantry.functions import acknowledge_reach
from tenantry.isolation.api import Directory
from tenantry.model.directory_tables import MEMBERSHIPS, TENANTS, USERS, table_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

    from stacks.environments import Environment

# MiB that come with one whole processor. A cold start is spent importing, and takes longer in the proportion that there
# is less of one: the token hook takes 0.9 s of a processor's time for it, the function behind the admin API 0.8 s. With
# the 512 MiB that other functions have, 0.29 of a processor, that alone were 2.7 s of the 3 for which the hook waits.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ONE_PROCESSOR_MIB: Final = 1769
_IN_TRANSACTIONS: Final = ("ForAnyValue:StringEquals", {"dynamodb:EnclosingOperation": ["TransactWriteItems"]})


def directory(scope: Construct, environment: Environment) -> Directory:
    """Return the directory by the names that the contracts give its tables, for stacks that do not follow its own."""
    name = environment.application
    return Directory.from_table_names(
        scope,
        "Directory",
        users=table_name(name, USERS),
        tenants=table_name(name, TENANTS),
        memberships=table_name(name, MEMBERSHIPS),
    )


def table(
    scope: Construct,
    construct_id: str,
    *,
    name: str | None = None,
    hash_key: str,
    environment: Environment,
    range_key: str | None = None,
    expires: str | None = None,
) -> dynamodb.Table:
    """Make a table of the control plane: on demand, encrypted, recoverable to any second of the last 35 days."""
    return dynamodb.Table(
        scope,
        construct_id,
        table_name=name,  # a contract's name
        partition_key=string_key(hash_key),
        sort_key=string_key(range_key) if range_key else None,
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        time_to_live_attribute=expires,
        deletion_protection=not environment.ephemeral,
        removal_policy=environment.removal_policy,
    )


def grant_on(resource_arn: str, grantee: iam.IGrantable, *actions: str, because: str = "") -> iam.Grant:
    """Let `grantee` do this on one resource: CDK's own grants on a table reach all of its indexes as well.

    Where it holds data of tenants, `because` says why no tenant reaches another's (`acknowledge_reach`).
    """
    if because:
        acknowledge_reach(grantee, resource_arn, actions=actions, reason=because)
    return iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[resource_arn])


def writes(
    table_arn: str,
    *actions: str,
    attributes: Sequence[str],
    in_transaction: bool = True,
    returned: Sequence[str] = ("NONE",),
) -> iam.PolicyStatement:
    """Return what lets somebody write these attributes of a table and no others.

    Isolation: a write that names any other attribute is denied, in a condition too, and so is one that asks for what
    the item holds. What IAM cannot bind is the value, whose item it is, and that a condition must be there: a
    `PutItem` replaces the whole item whatever it names, so prefer `UpdateItem`.

    Parameters
    ----------
    table_arn
        The table.
    actions
        `dynamodb:UpdateItem` and the like; `dynamodb:ConditionCheckItem` counts, as it tells what an item holds.
    attributes
        The table's key, and every top-level attribute that the requests name: in `Item`, in update and in condition
        expressions. `*` stands for any text, as in `roles:*`.
    in_transaction
        Whether the write is allowed as a part of `TransactWriteItems` only.
    returned
        What the requests may ask for as `ReturnValues`.

    Raises
    ------
    ValueError
        Without attributes nothing would be bound.

    References
    ----------
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    if not attributes:
        raise ValueError(f"Name the attributes that may be written to {table_arn}, its key among them.")
    statement = iam.PolicyStatement(
        actions=list(actions),
        resources=[table_arn],
        conditions={
            # `ForAllValues` holds for a request without the key, hence `Null`.
            _for_all(attributes): {"dynamodb:Attributes": sorted(attributes)},
            "Null": {"dynamodb:Attributes": "false"},
            # A request that does not say what it wants back gets nothing, and need not carry the key.
            "StringEqualsIfExists": {"dynamodb:ReturnValues": list(returned)},
        },
    )
    if in_transaction:
        statement.add_condition(*_IN_TRANSACTIONS)
    return statement


def reads(table_arn: str, *actions: str, attributes: Sequence[str]) -> iam.PolicyStatement:
    """Return what lets somebody read these attributes of a table and no others, each named in the request.

    Isolation: a read that names another attribute, or that names none and so asks for all, is denied.

    Parameters
    ----------
    table_arn
        The table, or an index.
    actions
        `dynamodb:GetItem` and the like.
    attributes
        The table's key, and every top-level attribute that the requests name.

    Raises
    ------
    ValueError
        Without attributes nothing would be bound.
    """
    if not attributes:
        raise ValueError(f"Name the attributes that may be read from {table_arn}, its key among them.")
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[table_arn],
        conditions={
            _for_all(attributes): {"dynamodb:Attributes": sorted(attributes)},
            "Null": {"dynamodb:Attributes": "false"},
            "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
        },
    )


def allow(grantee: iam.IGrantable, *statements: iam.PolicyStatement, because: str) -> None:
    """Add statements about tenants' data to what a grantee may do; `because` as for `grant_on`."""
    for statement in statements:
        for resource in statement.resources:
            acknowledge_reach(grantee, resource, actions=statement.actions, reason=because)
        grantee.grant_principal.add_to_principal_policy(statement)


def _for_all(names: Sequence[str]) -> str:
    return f"ForAllValues:String{'Like' if any('*' in name for name in names) else 'Equals'}"


def string_key(name: str) -> dynamodb.Attribute:
    """Return a key attribute that is text."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
