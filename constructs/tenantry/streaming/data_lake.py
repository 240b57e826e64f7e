"""A data lake of many tenants' records, one partition a tenant, and the tables that find them."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from tenantry.functions import acknowledge_reach, acknowledge_wildcard, declare_store, in_own_account
from tenantry.isolation.data.private_bucket import private_bucket
from tenantry.isolation.validation import database_name as check_database_name
from tenantry.isolation.vending import TENANT, TenantStatement
from tenantry.model.directory_tables import TENANT_ID
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Content, Store
from tenantry.model.tags import TENANT_ID_TAG, principal_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kms as kms

    from tenantry.isolation.vending import Purpose

DATA: Final = "data"
ERRORS: Final = "errors"
AGGREGATES: Final = "aggregates"
_DATE: Final = ("year", "month", "day")
# The last parts of files that are still being written; a snapshot may need them for as long as it is kept.
_UNFINISHED: Final = "_part-*_tmp_*"
_WRITES_FOR_ALL: Final = (
    "It writes the files of every tenant, each record under the tenant that it carries, and reads none but to see "
    "whether it was finished."
)
_TIERING: Final = Duration.days(30)
_UPLOADS: Final = Duration.days(7)


class LakeFormat(Enum):
    """How tenants' records are written: lines of JSON, compressed, or Parquet."""

    JSON = "json"
    PARQUET = "parquet"


class DataLake(Construct):
    """One bucket for all tenants' records: encrypted, private, TLS only; keys begin ``data/tenantid=<tenant>/``.

    Isolation: the bucket is private. `grant_write` gives one role the right to add files, and vended sessions may read
    their own tenant's aggregates (`grant_tenant_read_aggregates`); nobody else is given any right here. A query through
    the tables names one tenant, or Athena refuses it: the tenant's partition is `injected` from the query and is not
    found by listing. What a person may read is for their own role's policy to say, by prefix.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    key
        What encrypts it.
    database_name
        Name of the Glue database.
    record_format
        How tenants' records are written.
    keep
        How long records are kept; for ever if not given.
    keep_errors
        How long rejected records are kept.
    first_year
        The oldest year that queries look for.
    removal_policy
        What becomes of it with the stack.

    Source: https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        database_name: str,
        record_format: LakeFormat = LakeFormat.JSON,
        keep: Duration | None = None,
        keep_errors: Duration | None = None,
        first_year: int = 2026,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._record_format = record_format
        self._key = key
        self._years = f"{first_year},{first_year + 50}"
        self._bucket = private_bucket(
            self,
            removal_policy=removal_policy,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,  # one call of KMS an hour and object group rather than one a file
            lifecycle_rules=[
                # Not sooner: a snapshot goes on with the uploads that were under way when it was taken.
                s3.LifecycleRule(id="Uploads", abort_incomplete_multipart_upload_after=_UPLOADS),
                s3.LifecycleRule(
                    id="Records",
                    prefix=f"{DATA}/",
                    transitions=_transitions(keep),
                    expiration=keep,
                ),
                s3.LifecycleRule(id="Errors", prefix=f"{ERRORS}/", expiration=keep_errors or Duration.days(90)),
            ],
        )
        declare_store(
            self._bucket,
            Store(
                holds="tenants' records, aggregates, and rejected records, which are nobody's",
                by=By.PREFIX,
                forms=tuple(f"{folder}/{TENANT_ID}={TENANT_IN_NAME}/" for folder in (DATA, AGGREGATES)),
                emptied=(Content.OBJECTS,),
            ),
        )
        self._database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=check_database_name(database_name),
                description="Tenants' records, aggregates of them, and records that could not be read",
            ),
        )
        self._tables()

    @property
    def bucket_name(self) -> str:
        """The bucket's name, for whoever writes to it."""
        return self._bucket.bucket_name

    @property
    def database_name(self) -> str:
        """The Glue database's name."""
        return self._database.ref

    @property
    def record_format(self) -> LakeFormat:
        """How tenants' records are written."""
        return self._record_format

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let an identity add files below the lake's three folders, and finish or take back those it has begun.

        It may list unfinished parts as well: a Flink that resumes asks for parts that it had removed before it failed,
        and must learn that they are gone.
        """
        folders = [f"{self._bucket.bucket_arn}/{folder}" for folder in (DATA, ERRORS, AGGREGATES)]
        files = [f"{folder}/*" for folder in folders]
        parts = [f"{folder}/*/{_UNFINISHED}" for folder in folders]
        unfinished = [f"{folder}/*/{_UNFINISHED}" for folder in (DATA, ERRORS, AGGREGATES)]
        writing = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:GetObject"]
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=writing,
            resource_arns=files,
            conditions=in_own_account(self),
        )
        grant = grant.combine(
            iam.Grant.add_to_principal(
                grantee=grantee, actions=["s3:DeleteObject"], resource_arns=parts, conditions=in_own_account(self)
            )
        )
        grant = grant.combine(
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["s3:ListBucket"],
                resource_arns=[self._bucket.bucket_arn],
                conditions={**in_own_account(self), "StringLike": {"s3:prefix": unfinished}},
            )
        )
        listing = ([self._bucket.bucket_arn], ["s3:ListBucket"])
        for resources, actions in ((files, writing), (parts, ["s3:DeleteObject"]), listing):
            for resource in resources:
                acknowledge_reach(grantee, resource, actions=actions, reason=_WRITES_FOR_ALL)
        for resource in [*files, *parts]:
            acknowledge_wildcard(
                grantee.grant_principal,  # type: ignore[arg-type]  # a role, which is a construct
                resource,
                "Files of every tenant, whose names nobody knows before; it deletes unfinished parts only, and reads a "
                "file's size after a failure, to see whether the file was finished.",
            )
        return grant

    def grant_tenant_read_aggregates(self, purpose: Purpose) -> Purpose:
        """Let a purpose's sessions list and read the aggregates of their tenant, and nothing else of the lake.

        One key encrypts all tenants' files: what may be decrypted is what S3 gives out, and S3 gives the tenant's own.

        Returns
        -------
        Purpose
            The purpose, not an `iam.Grant`: see `Purpose.allow`.
        """
        own = f"{AGGREGATES}/{TENANT_ID}={TENANT}/"
        stack = Stack.of(self)
        return purpose.allow(
            TenantStatement(
                actions=["s3:ListBucket"],
                resources=[self._bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{own}*"]}},
            ),
            TenantStatement(actions=["s3:GetObject"], resources=[f"{self._bucket.bucket_arn}/{own}*"]),
            TenantStatement(
                actions=["kms:Decrypt"],
                resources=[self._key.key_arn],
                conditions={
                    "StringEquals": {
                        principal_tag(TENANT_ID_TAG): [TENANT],
                        "kms:ViaService": [f"s3.{stack.region}.{stack.url_suffix}"],
                    }
                },
            ),
        )

    def _tables(self) -> None:
        text = (
            "org.apache.hadoop.mapred.TextInputFormat",
            "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        )
        json = ("org.openx.data.jsonserde.JsonSerDe", {"ignore.malformed.json": "false"})
        if self.record_format is LakeFormat.JSON:
            # The whole line is one column: tenants' objects have no form in common. json_extract reads it.
            self._table(
                DATA,
                "Tenants' records: one line of JSON each",
                {"record": "string"},
                text,
                ("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", {"field.delim": "\u0001"}),
            )
        else:
            self._table(
                DATA,
                "Tenants' records",
                {"arrived": "timestamp", "size": "bigint", "record": "string"},
                (
                    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                ),
                ("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", {}),
            )
        self._table(
            AGGREGATES,
            "Counts, bytes, first and last arrival of a tenant's records; add up the rows of one window",
            {
                "window_start": "timestamp",
                "window_end": "timestamp",
                "records": "bigint",
                "bytes": "bigint",
                "first_at": "timestamp",
                "last_at": "timestamp",
            },
            text,
            json,
        )
        self._table(
            ERRORS,
            "Records that could not be read, in base64, each with the reason",
            dict.fromkeys(("reason", "arrived", "partitionkey", "shard", "sequence", "record"), "string"),
            text,
            json,
            by_tenant=False,
        )

    def _table(
        self,
        name: str,
        description: str,
        columns: Mapping[str, str],
        formats: tuple[str, str],
        serde: tuple[str, Mapping[str, str]],
        *,
        by_tenant: bool = True,
    ) -> None:
        keys = (*((TENANT_ID,) if by_tenant else ()), *_DATE)
        location = f"s3://{self._bucket.bucket_name}/{name}"
        projection: dict[str, Any] = {
            "projection.enabled": "true",
            "projection.year.type": "integer",
            "projection.year.range": self._years,
            "projection.month.type": "integer",
            "projection.month.range": "1,12",
            "projection.month.digits": "2",
            "projection.day.type": "integer",
            "projection.day.range": "1,31",
            "projection.day.digits": "2",
            "storage.location.template": "/".join([location, *(f"{key}=${{{key}}}" for key in keys)]),
        }
        if by_tenant:
            projection[f"projection.{TENANT_ID}.type"] = "injected"
        glue.CfnTable(
            self,
            name.capitalize(),
            catalog_id=Stack.of(self).account,
            database_name=self._database.ref,
            table_input=glue.CfnTable.TableInputProperty(
                name=name,
                description=description,
                table_type="EXTERNAL_TABLE",
                parameters={"EXTERNAL": "TRUE", **projection},
                partition_keys=_columns(dict.fromkeys(keys, "string")),
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    location=f"{location}/",
                    columns=_columns(columns),
                    input_format=formats[0],
                    output_format=formats[1],
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=serde[0], parameters=dict(serde[1])
                    ),
                ),
            ),
        )


def _columns(types: Mapping[str, str]) -> Sequence[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in types.items()]


def _transitions(keep: Duration | None) -> list[s3.Transition]:
    """Return how records get cheaper: S3 refuses a transition that is not before the expiry, and there is none then.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    """
    if keep is not None and keep.to_days() <= _TIERING.to_days():
        return []
    return [s3.Transition(storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=_TIERING)]
