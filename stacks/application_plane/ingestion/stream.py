"""The stream of all tenants' records, and the key that encrypts these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms

from tenantry.functions import acknowledge, declare_store
from tenantry.model.placeholders import TENANT_IN_NAME
from tenantry.model.stores import By, Store

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environments import Environment


def record_key(scope: Construct, environment: Environment) -> kms.Key:
    """Make the key of tenants' records."""
    key = kms.Key(
        scope,
        "Key",
        description="Encrypts tenants' records, on the stream and in the lake",
        enable_key_rotation=True,
        removal_policy=environment.removal_policy,
    )
    declare_store(key, Store(holds="the key of tenants' records", by=By.SHARED))
    return key


def record_stream(scope: Construct, environment: Environment, key: kms.IKey) -> kinesis.Stream:
    """Make the stream of all tenants' records."""
    shards = environment.stream_shards
    stream = kinesis.Stream(
        scope,
        "Stream",
        stream_mode=kinesis.StreamMode.PROVISIONED if shards else kinesis.StreamMode.ON_DEMAND,
        shard_count=shards,
        retention_period=Duration.days(environment.stream_retention_days),
        encryption=kinesis.StreamEncryption.KMS,
        encryption_key=key,
        removal_policy=environment.removal_policy,
    )
    declare_store(
        stream,
        Store(holds="records under way to the lake", by=By.PARTITION_KEY, key="PartitionKey", forms=(TENANT_IN_NAME,)),
    )
    acknowledge(
        stream, "AwsSolutions-KDS3", "A customer managed key: readers and writers need a grant on the key as well."
    )
    return stream
