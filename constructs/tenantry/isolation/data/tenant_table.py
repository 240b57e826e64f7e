"""A pooled table: the rows of all tenants, each reachable with credentials of its own tenant only."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import declare_store
from tenantry.isolation._imported import imported
from tenantry.isolation.direct.service_integration import ServiceAction
from tenantry.isolation.events.event_saga import SagaTask
from tenantry.isolation.validation import attribute_name, index_name
from tenantry.isolation.validation import table_name as checked_table_name
from tenantry.isolation.vending.tenant_statement import TenantStatement
from tenantry.model.identifier_checks import tenant_id_condition, user_id_condition
from tenantry.model.placeholders import TENANT, USER, run_time_form
from tenantry.model.policies import is_bound
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Self

    from tenantry.isolation.direct.template_statements import Value
    from tenantry.isolation.vending.token_vendor import Purpose

# What the leading key can bind; Scan and PartiQL are not among it.
_READS: Final = ("GetItem", "BatchGetItem", "Query")
_WRITES: Final = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem")
_PLACEHOLDERS: Final = re.compile(f"({re.escape(TENANT)}|{re.escape(USER)})")
_ID_IN_EVENT: Final = re.compile(r"\$event(\.[A-Za-z_]\w*)+", re.ASCII)
# What Step Functions has an integration of its own for, and the field that names the row.
_TASKS: Final = {"GetItem": "Key", "PutItem": "Item", "UpdateItem": "Key", "DeleteItem": "Key"}


class TenantTable(Construct):
    """A DynamoDB table whose rows a session reaches only where the partition key is its own tenant's leading key.

    Isolation: each grant to sessions is bound to ``dynamodb:LeadingKeys``, in the table and in each index, on reads and
    writes alike. ``Scan`` and PartiQL, which the condition cannot bind, are granted to nobody. Three other methods give
    access to what no session tag binds: `service_action` to an API, whose template has to begin the key with the
    authorizer's tenant; `saga_task` to a saga, whose key the table makes of a checked id; and `grant_every_tenant` to a
    state machine, whose definition has to do the same by itself.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html

    Parameters
    ----------
    scope, construct_id
        Where the table stands in the app.
    partition_key, sort_key
        Names of the key attributes; both are strings.
    leading_key
        What the partition key of a caller's rows is: the tenant's id, or a text with the placeholders
        ``tenantry.isolation.vending.TENANT`` and ``USER`` in it, the tenant's first. A character that no tenant's id
        holds, such as ``^`` or ``#``, stands between the tenant and the user or a wildcard.
    table_name
        Its name, where a contract names it.
    indexes
        Partition and sort key of global secondary indexes by name. A partition key has to hold the same value as that
        of the table: by another value, no session can query the index.
    deletion_protection, removal_policy
        Whether the table can be deleted, and what becomes of it with the stack.

    Raises
    ------
    ValueError
        `leading_key` does not begin with the tenant, does not show where the tenant ends or has another placeholder, or
        a name is not one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partition_key: str,
        sort_key: str,
        leading_key: str = TENANT,
        table_name: str | None = None,
        indexes: Mapping[str, tuple[str, str]] | None = None,
        deletion_protection: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        given = dict(indexes or {})
        if sort_key == partition_key:
            raise ValueError(f"The sort key {sort_key!r} is the partition key as well: name another attribute.")
        for name in (sort_key, *(key for keys in given.values() for key in keys)):
            attribute_name(name)
        table = dynamodb.Table(
            self,
            "Table",
            table_name=table_name and checked_table_name(table_name),
            partition_key=_string(partition_key),
            sort_key=_string(sort_key),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=deletion_protection,
            removal_policy=removal_policy,
        )
        self._refer(
            table.table_arn, table.table_name, partition_key=partition_key, leading_key=leading_key, indexes=given
        )
        declare_store(
            table,
            Store(
                holds="rows",
                by=By.PARTITION_KEY,
                key=partition_key,
                forms=(run_time_form(leading_key),),
            ),
        )
        for name, (hash_key, range_key) in given.items():
            table.add_global_secondary_index(
                index_name=name,
                partition_key=_string(hash_key),
                sort_key=_string(range_key),
                projection_type=dynamodb.ProjectionType.ALL,
            )

    @classmethod
    def from_table_name(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        table_name: str,
        partition_key: str,
        leading_key: str = TENANT,
        indexes: Collection[str] = (),
    ) -> Self:
        """Return the table of another stack by its name, in this stack's account and region.

        Isolation: its grants are the same as those of the stack that makes it. Give the same keys and the names of the
        indexes that may be used.
        """
        arn = Stack.of(scope).format_arn(service="dynamodb", resource="table", resource_name=table_name)
        return cls.from_table_arn(
            scope, construct_id, table_arn=arn, partition_key=partition_key, leading_key=leading_key, indexes=indexes
        )

    @classmethod
    def from_table_arn(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        table_arn: str,
        partition_key: str,
        leading_key: str = TENANT,
        indexes: Collection[str] = (),
    ) -> Self:
        """Return the table of another stack by its ARN; as `from_table_name`."""
        name = Stack.of(scope).split_arn(table_arn, ArnFormat.SLASH_RESOURCE_NAME).resource_name or ""
        return imported(
            cls,
            scope,
            construct_id,
            lambda table: table._refer(  # noqa: SLF001 - its own class
                table_arn,
                checked_table_name(name),
                partition_key=partition_key,
                leading_key=leading_key,
                indexes=indexes,
            ),
        )

    def _refer(self, arn: str, name: str, *, partition_key: str, leading_key: str, indexes: Collection[str]) -> None:
        if not leading_key.startswith(TENANT):
            raise ValueError(f"The leading key {leading_key!r} must begin with the tenant ({TENANT!r}).")
        _no_other_placeholder(f"The leading key {leading_key!r}", leading_key)
        if not is_bound(leading_key):
            raise ValueError(
                f"The leading key {leading_key!r} does not show where the tenant ends, so that two tenants could have "
                "one row: put a character that no tenant's id holds, such as '^' or '#', between the tenant and what "
                "follows it."
            )
        self._arn, self._name = arn, name
        self._partition_key, self._leading_key = attribute_name(partition_key), leading_key
        self._indexes = [index_name(index) for index in indexes]

    @property
    def table_name(self) -> str:
        """The table's name, for the functions that vend."""
        return self._name

    def grant_tenant_read(self, purpose: Purpose, *, attributes: Sequence[str] = ()) -> Purpose:
        """Let a purpose's sessions read their tenant's rows, from the table and every index.

        Parameters
        ----------
        purpose
            A purpose of a `TokenVendor`.
        attributes
            The only attributes that may be read, the keys included; all if none is given.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return self.grant_tenant(purpose, *_READS, attributes=attributes)

    def grant_tenant_write(self, purpose: Purpose, *, attributes: Sequence[str] = ()) -> Purpose:
        """Let a purpose's sessions write their tenant's rows.

        Parameters
        ----------
        purpose
            A purpose of a `TokenVendor`.
        attributes
            The only attributes that may be written, the keys included; all if none is given.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return self.grant_tenant(purpose, *_WRITES, attributes=attributes)

    def grant_tenant_read_write(self, purpose: Purpose, *, attributes: Sequence[str] = ()) -> Purpose:
        """Let a purpose's sessions read and write their tenant's rows.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        return self.grant_tenant(purpose, *_READS, *_WRITES, attributes=attributes)

    def grant_tenant(self, purpose: Purpose, *operations: str, attributes: Sequence[str] = ()) -> Purpose:
        """Let a purpose's sessions do some operations, such as ``Query``, with their tenant's rows.

        Parameters
        ----------
        purpose
            A purpose of a `TokenVendor`.
        operations
            Names of operations.
        attributes
            The only attributes that may be read and written, the keys included; all if none is given.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.

        Raises
        ------
        ValueError
            An operation cannot be bound to a tenant.
        """
        self._check(operations)
        return purpose.allow(self._statement([f"dynamodb:{operation}" for operation in operations], attributes))

    def service_action(self, operation: str, *, indexes: Sequence[str] = ()) -> ServiceAction:
        """Return what an API may do with rows without a function, for a `ServiceIntegration`.

        Isolation: a role of API Gateway is nobody's in particular, so that no session tag binds it. What does is the
        request's template, which cannot be built unless the partition key, and ``:pk`` for a partition key ``pk``,
        begin with the authorizer's tenant. The role itself refuses what names no tenant at all.

        Parameters
        ----------
        operation
            Such as ``GetItem``.
        indexes
            The indexes that it may use.

        Raises
        ------
        ValueError
            The operation cannot be bound to a tenant, or the table has no such index.
        """
        self._check([operation])
        if unknown := [name for name in indexes if name not in self._indexes]:
            known = ", ".join(self._indexes) or "none"
            raise ValueError(f"{self.node.path} has no index {unknown[0]!r}; it has {known}.")
        key = self._partition_key
        return ServiceAction(
            service="dynamodb",
            action=operation,
            resource_arn=self._arn,
            index_arns=[f"{self._arn}/index/{name}" for name in indexes],
            target={"TableName": self._name},
            own_fields=[key, f":{key}"],
            conditions=self._some_tenant(),
            impossible=self._impossible(operation),
        )

    def grant_every_tenant(self, grantee: iam.IGrantable, *operations: str) -> iam.Grant:
        """Let a state machine do some operations with any tenant's rows, one tenant at a time.

        It is for machines whose input an API's template makes, with the tenant from the authorizer: a machine's role
        is bound by no session tag, so that its definition has to begin every partition key with that tenant.

        Parameters
        ----------
        grantee
            The state machine.
        operations
            Such as ``UpdateItem``.

        Raises
        ------
        ValueError
            An operation cannot be bound to a tenant.
        """
        self._check(operations)
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[f"dynamodb:{operation}" for operation in operations],
            resource_arns=[self._arn],
            conditions=self._some_tenant(),
        )

    def saga_task(
        self,
        name: str,
        operation: str,
        *,
        tenant: str,
        user: str = "",
        partition: str = "",
        row: Mapping[str, Any],
        arguments: Mapping[str, Any] | None = None,
        done_already: Sequence[str] = (),
    ) -> SagaTask:
        """Return a task of an `EventSaga` that does one operation with a row of the event's tenant.

        Isolation: the table makes the partition key, of ids that the saga has checked before it does anything; an event
        whose ids are malformed becomes a dead-letter message. The saga's role gets this operation, on rows that are of
        some tenant. It is bound to no single one: the event says whose row it is, so grant who may publish the event.

        Parameters
        ----------
        name
            Of the state.
        operation
            ``GetItem``, ``PutItem``, ``UpdateItem`` or ``DeleteItem``.
        tenant, user
            Where the event has the ids, such as ``$event.detail.tenantId``; the user's where the partition key has it.
        partition
            What follows the tenant in the partition key, such as ``#park``, where the table's leading key has a
            wildcard.
        row
            What `PutItem` puts beside the partition key, or the sort key of the row otherwise, in DynamoDB's JSON.
        arguments
            Further arguments, such as ``ConditionExpression``.
        done_already
            As for `SagaTask`.

        Raises
        ------
        ValueError
            The operation is none of these, the row or the arguments name what the table does, an id is missing or is
            no path in the event, or `partition` is missing or does not fit the leading key.
        """
        if operation not in _TASKS:
            raise ValueError(f"A saga cannot do {operation!r} with one row: choose of {', '.join(_TASKS)}.")
        whole = self._partition(partition)
        if (USER in whole) != bool(user):
            raise ValueError(f"The leading key {whole!r} and user={user!r} do not fit: name the user in both.")
        ids = {TENANT: tenant, **({USER: user} if user else {})}
        for path in ids.values():
            if not _ID_IN_EVENT.fullmatch(path):
                raise ValueError(
                    f"{path!r} does not say where the event has an id: give a path such as '$event.detail.tenantId', "
                    "whose names have letters, digits and '_' only."
                )
        field = _TASKS[operation]
        if taken := {self._partition_key} & row.keys() or {"TableName", field} & (arguments or {}).keys():
            raise ValueError(f"{min(taken)!r} is for {self.node.path} to say: leave it out of the task {name!r}.")
        parts = filter(None, _PLACEHOLDERS.split(whole))
        key = " & ".join(f"({ids[part]})" if part in ids else json.dumps(part) for part in parts)
        return SagaTask(
            name=name,
            resource=f"arn:aws:states:::dynamodb:{operation[0].lower()}{operation[1:]}",
            arguments={
                "TableName": self._name,
                field: {self._partition_key: {"S": f"{{% {key} %}}"}, **row},
                **(arguments or {}),
            },
            statements=[
                iam.PolicyStatement(
                    actions=[f"dynamodb:{operation}"], resources=[self._arn], conditions=self._some_tenant()
                )
            ],
            checks=[tenant_id_condition(tenant), *([user_id_condition(user)] if user else [])],
            done_already=done_already,
        )

    def _partition(self, rest: str) -> str:
        """Return one partition key that fits the leading key: it, or the tenant and `rest`."""
        whole = TENANT + rest if rest else self._leading_key
        if {"*", "?"} & set(whole):
            raise ValueError(
                f"The partition key {whole!r} has a wildcard, which a row would hold as it is: give what follows the "
                f"tenant in partition=..., in full, so that it fits {self._leading_key!r}."
            )
        _no_other_placeholder(f"partition={rest!r}", whole)
        if not fnmatchcase(whole, self._leading_key.replace("[", "[[]")):
            raise ValueError(
                f"partition={rest!r} does not fit the leading key {self._leading_key!r} of {self.node.path}: give what "
                "follows the tenant there, without a wildcard."
            )
        return whole

    def _impossible(self, operation: str) -> Mapping[str, Value]:
        """Return a request that the role may make, on a partition of nobody, and that DynamoDB refuses."""
        nobody = {"S": self._leading_key.replace(TENANT, "-").replace(USER, "-")}
        if operation == "Query":
            return {
                "KeyConditionExpression": f"{self._partition_key} = :nobody",
                "ExpressionAttributeValues": {":nobody": nobody},
                "Limit": 0,
            }
        return {"Item" if operation == "PutItem" else "Key": {self._partition_key: nobody}}  # without the sort key

    def _some_tenant(self) -> dict[str, dict[str, Sequence[str]]]:
        """Return the condition that each row is of a tenant."""
        return _bound_to(self._leading_key.replace(TENANT, "?*").replace(USER, "?*"))

    def _check(self, operations: Sequence[str]) -> None:
        if unbound := set(operations) - {*_READS, *_WRITES}:
            raise ValueError(
                f"{min(unbound)!r} cannot be bound to one tenant: choose of {', '.join((*_READS, *_WRITES))}."
            )

    def _statement(self, actions: Sequence[str], attributes: Sequence[str]) -> TenantStatement:
        conditions = _bound_to(self._leading_key)
        if attributes:
            conditions["ForAllValues:StringEquals"] = {"dynamodb:Attributes": list(attributes)}
            # A read that names no attributes gets all of them, so it has to name them; and a write could ask for the
            # whole row as it was.
            conditions["StringEqualsIfExists"] = {
                "dynamodb:Select": ["SPECIFIC_ATTRIBUTES"],
                "dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"],
            }
            conditions["Null"] = {**conditions["Null"], "dynamodb:Attributes": ["false"]}
        return TenantStatement(
            actions=actions,
            resources=[self._arn, *(f"{self._arn}/index/{name}" for name in self._indexes)],
            conditions=conditions,
        )


def _no_other_placeholder(what: str, text: str) -> None:
    if {"{", "}"} & set(_PLACEHOLDERS.sub("", text)):
        raise ValueError(f"{what} has a placeholder that is neither {TENANT!r} nor {USER!r}: use these alone.")


def _bound_to(leading_key: str) -> dict[str, dict[str, Sequence[str]]]:
    return {
        # ForAllValues is also true of a request that names no key, hence Null.
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [leading_key]},
        "Null": {"dynamodb:LeadingKeys": ["false"]},
    }


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
