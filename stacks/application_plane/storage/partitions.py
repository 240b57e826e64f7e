"""The five partition modes of tenants' objects: four shared buckets, and a bucket a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, CfnParameter, Duration, Stack, Token

from stacks.names import StorageNames
from tenantry.isolation.data import (
    AccessPointBucket,
    DocumentedBucket,
    PrefixBucket,
    SiloBuckets,
    TaggedBucket,
    TenantTable,
)
from tenantry.isolation.vending import TENANT, TENANT_NAME, USER
from tenantry.model.placeholders import run_time_form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stacks.environments import Environment
    from tenantry.isolation.vending import Purpose, TokenVendor


class StoragePartitions:
    """The partitions, and the table that says what is in one of them.

    Attributes
    ----------
    names
        What their buckets and access points are called.
    metadata
        The table.
    variables
        What tells a function the names of the buckets.
    """

    def __init__(self, stack: Stack, environment: Environment) -> None:
        self.names = _storage_names(stack, environment)
        kept = environment.removal_policy
        old_versions = Duration.days(environment.old_versions_days)
        self.prefix = PrefixBucket(
            stack,
            "Prefix",
            bucket_name=self.names.shared_bucket("prefix"),
            old_versions=old_versions,
            removal_policy=kept,
        )
        self.tagged = TaggedBucket(
            stack, "Tag", bucket_name=self.names.shared_bucket("tag"), old_versions=old_versions, removal_policy=kept
        )
        self.access_points = AccessPointBucket(
            stack,
            "AccessPoint",
            bucket_name=self.names.shared_bucket("ap"),
            access_point_name=self.names.access_point(TENANT_NAME),
            old_versions=old_versions,
            removal_policy=kept,
        )
        self.documents = DocumentedBucket(
            stack,
            "Documents",
            bucket_name=self.names.shared_bucket("dbns"),
            old_versions=old_versions,
            removal_policy=kept,
        )
        self.metadata = TenantTable(
            stack,
            "Metadata",
            partition_key="id_concat",
            sort_key="key_name",
            leading_key=f"{TENANT}^{USER}",
            deletion_protection=not environment.ephemeral,
            removal_policy=kept,
        )

        self.silos = SiloBuckets(stack, name=self.names.tenant_bucket(TENANT_NAME), tenant_keys=environment.tenant_keys)
        self.tenant_bucket_name = run_time_form(self.names.tenant_bucket(TENANT_NAME))
        self.tenant_access_point_name = run_time_form(self.names.access_point(TENANT_NAME))
        self.variables: Mapping[str, str] = {
            "PREFIX_BUCKET": self.prefix.bucket_name,
            "TAG_BUCKET": self.tagged.bucket_name,
            "DOCUMENTS_BUCKET": self.documents.bucket_name,
            "TENANT_BUCKET": self.tenant_bucket_name,
            "ACCESS_POINT_ARN": stack.format_arn(
                service="s3", resource="accesspoint", resource_name=self.tenant_access_point_name
            ),
        }

    def grant_tenant_count(self, purpose: Purpose) -> None:
        """Let a purpose's sessions list what their tenant has in every partition, and read none of it."""
        for bucket in (self.silos, self.prefix, self.tagged, self.access_points, self.documents):
            bucket.grant_tenant_count(purpose)

    def grant_tenant_read_write(self, vendor: TokenVendor) -> None:
        """Let the vendor's sessions read and write their tenant's objects, in one partition each."""
        self.silos.grant_tenant_read_write(vendor.purpose("bucket"))
        self.prefix.grant_tenant_read_write(vendor.purpose("prefix"))
        self.tagged.grant_tenant_read_write(vendor.purpose("tag"))
        self.access_points.grant_tenant_read_write(vendor.purpose("access_point"))
        self.documents.grant_tenant_read_write(vendor.purpose("db_nosql"))
        self.metadata.grant_tenant(vendor.purpose("db_nosql"), "GetItem", "Query", "PutItem")

    def outputs(self) -> Mapping[str, str]:
        """Return the names that the stack puts out; the last two with ``{tenant}`` for a tenant's name."""
        return {
            "StorageMetadataTableName": self.metadata.table_name,
            "StoragePrefixBucketName": self.prefix.bucket_name,
            "StorageTagBucketName": self.tagged.bucket_name,
            "StorageAccessPointBucketName": self.access_points.bucket_name,
            "StorageDocumentsBucketName": self.documents.bucket_name,
            "StorageTenantBucketName": self.tenant_bucket_name,
            "StorageTenantAccessPointName": self.tenant_access_point_name,
        }


def _storage_names(stack: Stack, environment: Environment) -> StorageNames:
    """Name the buckets; a template that suits any region cannot be deployed where a name depends on the region."""
    if Token.is_unresolved(stack.region) and not environment.hands_on_names:
        missing = CfnParameter(
            stack,
            "SynthesizedWithoutRegion",
            description="Placeholder that accepts no value: bucket names depend on the region. "
            "Synthesize again with --context region=REGION, or with AWS credentials.",
            allowed_pattern="(?!)",
        )
        CfnOutput(stack, "RegionThatIsMissing", value=missing.value_as_string)
    return StorageNames(
        application=environment.application,
        account=stack.account,
        region=stack.region,
        hands_on=environment.hands_on_names,
    )
