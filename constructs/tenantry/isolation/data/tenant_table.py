"""A pooled table: the rows of all tenants, each reachable with credentials of its own tenant only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from tenantry.functions import declare_store
from tenantry.isolation.direct.service_integration import ServiceAction
from tenantry.isolation.vending.tenant_statement import TENANT, USER, TenantStatement
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tenantry.isolation.direct.template_statements import Value
    from tenantry.isolation.vending.token_vendor import Purpose

# What the leading key can bind; Scan and PartiQL are not among it.
_READS: Final = ("GetItem", "BatchGetItem", "Query")
_WRITES: Final = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem")


class TenantTable(Construct):
    """A DynamoDB table in which every partition key, of the table and of each index, is bound to one tenant.

    Isolation: sessions reach the rows whose partition key their tenant is named by (``dynamodb:LeadingKeys``), on reads
    and writes alike. ``Scan`` and PartiQL, which the condition cannot bind, are granted to nobody. Nothing but the
    ``grant_tenant_*`` methods gives access.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html

    Parameters
    ----------
    scope, construct_id
        Where the table stands in the app.
    partition_key, sort_key
        Names of the key attributes; both are strings.
    leading_key
        What the partition key of a caller's rows is: the tenant's id, or a text with the placeholders
        ``tenantry.isolation.TENANT`` and ``USER`` in it, the tenant's first.
    table_name
        Its name, where a contract names it.
    indexes
        Partition and sort key of global secondary indexes by name. Their partition keys hold the same value.
    deletion_protection, removal_policy
        Whether the table can be deleted, and what becomes of it with the stack.

    Raises
    ------
    ValueError
        `leading_key` does not begin with the tenant.
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
        if not leading_key.startswith(TENANT):
            raise ValueError(f"The leading key {leading_key!r} must begin with the tenant ({TENANT!r}).")
        self._leading_key = leading_key
        self._partition_key = partition_key
        self._table = dynamodb.Table(
            self,
            "Table",
            table_name=table_name,
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
        declare_store(
            self._table,
            Store(
                holds="rows",
                by=By.PARTITION_KEY,
                key=partition_key,
                forms=(leading_key.replace(TENANT, "{tenant}").replace(USER, "{user}"),),
            ),
        )
        self._indexes = dict(indexes or {})
        for name, (hash_key, range_key) in self._indexes.items():
            self._table.add_global_secondary_index(
                index_name=name,
                partition_key=_string(hash_key),
                sort_key=_string(range_key),
                projection_type=dynamodb.ProjectionType.ALL,
            )

    @property
    def table_name(self) -> str:
        """The table's name, for the functions that vend."""
        return self._table.table_name

    def grant_tenant_read(self, purpose: Purpose, *, attributes: Sequence[str] = ()) -> None:
        """Let a purpose's sessions read their tenant's rows, from the table and every index.

        Parameters
        ----------
        purpose
            A purpose of a `TokenVendor`.
        attributes
            The only attributes that may be read, the keys included; all if none is given.
        """
        self.grant_tenant(purpose, *_READS, attributes=attributes)

    def grant_tenant_write(self, purpose: Purpose, *, attributes: Sequence[str] = ()) -> None:
        """Let a purpose's sessions write their tenant's rows.

        Parameters
        ----------
        purpose
            A purpose of a `TokenVendor`.
        attributes
            The only attributes that may be written, the keys included; all if none is given.
        """
        self.grant_tenant(purpose, *_WRITES, attributes=attributes)

    def grant_tenant_read_write(self, purpose: Purpose, *, attributes: Sequence[str] = ()) -> None:
        """Let a purpose's sessions read and write their tenant's rows."""
        self.grant_tenant(purpose, *_READS, *_WRITES, attributes=attributes)

    def grant_tenant(self, purpose: Purpose, *operations: str, attributes: Sequence[str] = ()) -> None:
        """Let a purpose's sessions do some operations, such as ``Query``, with their tenant's rows.

        Parameters
        ----------
        purpose
            A purpose of a `TokenVendor`.
        operations
            Names of operations.
        attributes
            The only attributes that may be read and written, the keys included; all if none is given.

        Raises
        ------
        ValueError
            An operation cannot be bound to a tenant.
        """
        self._check(operations)
        purpose.allow(self._statement([f"dynamodb:{operation}" for operation in operations], attributes))

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
            The operation cannot be bound to a tenant.
        """
        self._check([operation])
        key = self._partition_key
        return ServiceAction(
            service="dynamodb",
            action=operation,
            resource_arn=self._table.table_arn,
            index_arns=[f"{self._table.table_arn}/index/{name}" for name in indexes],
            target={"TableName": self._table.table_name},
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
            resource_arns=[self._table.table_arn],
            conditions=self._some_tenant(),
        )

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
        shape = self._leading_key.replace(TENANT, "?*").replace(USER, "?*")
        return {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [shape]},
            "Null": {"dynamodb:LeadingKeys": ["false"]},
        }

    def _check(self, operations: Sequence[str]) -> None:
        if unbound := set(operations) - {*_READS, *_WRITES}:
            raise ValueError(
                f"{min(unbound)!r} cannot be bound to one tenant: choose of {', '.join((*_READS, *_WRITES))}."
            )

    def _statement(self, actions: Sequence[str], attributes: Sequence[str]) -> TenantStatement:
        arn = self._table.table_arn
        conditions: dict[str, dict[str, Sequence[str]]] = {
            # ForAllValues is also true of a request that names no key, hence Null.
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [self._leading_key]},
            "Null": {"dynamodb:LeadingKeys": ["false"]},
        }
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
            resources=[arn, *(f"{arn}/index/{name}" for name in self._indexes)],
            conditions=conditions,
        )


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
