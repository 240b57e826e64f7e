"""Buckets as this project makes them: encrypted, closed to the public, TLS only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_s3 as s3

from tenantry.functions import acknowledge

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from constructs import Construct

_NO_ACCESS_LOG = "CloudTrail's data events tell who read what; server access logs add cost."


def private_bucket(
    scope: Construct,
    *,
    removal_policy: RemovalPolicy,
    encryption: s3.BucketEncryption = s3.BucketEncryption.S3_MANAGED,
    no_access_log: str = _NO_ACCESS_LOG,
    **more: Any,  # noqa: ANN401 - of `s3.Bucket`
) -> s3.Bucket:
    """Make a construct's bucket, with the reason why it has no server access log."""
    bucket = s3.Bucket(
        scope,
        "Bucket",
        encryption=encryption,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        removal_policy=removal_policy,
        **more,
    )
    acknowledge(bucket, "AwsSolutions-S1", no_access_log)
    return bucket
