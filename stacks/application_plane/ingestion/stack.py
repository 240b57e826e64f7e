"""Many tenants' data in: an API of one path a tenant in front of one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms

from stacks.platform.base import ApplicationStack
from tenantry.functions import acknowledge, declare_store
from tenantry.isolation.devices import IngestApi, TenantDevices, TenantLimit
from tenantry.model.stores import By, Store
from tenantry.streaming import DataLake, StreamingApplication

_TEST_TENANT: Final = "T001"  # the document's

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.environments import Environment
    from stacks.platform.platform import Platform


class IngestionStack(ApplicationStack):
    """The stream of all tenants' records, the API that is the only way onto it, and the lake that they end up in.

    Attributes
    ----------
    lake
        The lake.
    """

    name = "ingestion"

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        environment = platform.environment
        super().__init__(scope, construct_id, environment=environment)
        key = kms.Key(
            self,
            "Key",
            description="Encrypts tenants' records, on the stream and in the lake",
            enable_key_rotation=True,
            removal_policy=environment.removal_policy,
        )
        declare_store(key, Store(holds="the key of tenants' records", by=By.NONE))
        stream = _stream(self, environment, key)

        api = IngestApi(
            self,
            "Api",
            api_name=f"{environment.application}-ingest-api",
            stream=stream,
            key=key,
            limit=TenantLimit(
                rate=environment.tenant_rate, burst=environment.tenant_burst, required=environment.tenant_api_keys
            ),
            defaults=platform.api_defaults,
            description="Ingestion of a tenant's records",
        )
        if environment.test_identity:
            user = iam.User(self, "TestUser")
            api.grant_send(user, _TEST_TENANT)
            declare_store(user, Store(holds="access keys", by=By.NONE, kind="AWS::IAM::AccessKey", name="{id}"))
            CfnOutput(
                self,
                "TestUserName",
                value=user.user_name,
                description=f"IAM user that may send records as tenant {_TEST_TENANT}",
            )
            CfnOutput(
                self, "InvokeURL", value=f"{api.url}/{_TEST_TENANT}", description="URL that the test user may call"
            )

        # As `tenantry devices` names them.
        declare_store(
            self,
            Store(
                holds="a tenant's part of the rate",
                by=By.NAME,
                kind="AWS::ApiGateway::ApiKey",
                name=f"{environment.application}-{{tenant}}",
            ),
            Store(
                holds="a tenant's servers, with their certificates",
                by=By.NAME,
                kind="AWS::IoT::Thing",
                name=f"{environment.application}:{{tenant}}:{{server}}",
            ),
            # Only those that its tag says to be the application's.
            Store(holds="which servers are a tenant's", by=By.NAME, kind="AWS::IoT::ThingType", name="{tenant}"),
        )
        devices = TenantDevices(self, "Devices")
        devices.grant_tenant_send(api)

        self.lake = lake = DataLake(
            self,
            "Lake",
            key=key,
            database_name=f"{environment.application.replace('-', '_')}_lake",
            record_format=environment.lake_format,
            keep=Duration.days(environment.lake_days) if environment.lake_days else None,
            removal_policy=environment.removal_policy,
        )
        application = StreamingApplication(
            self,
            "Streaming",
            stream=stream,
            lake=lake,
            key=key,
            alarms=platform.alarms,
            checkpoint_interval=Duration.seconds(environment.checkpoint_seconds),
            log_retention=environment.log_retention,
            removal_policy=environment.removal_policy,
        )

        CfnOutput(self, "DataLakeBucket", value=lake.bucket_name)
        CfnOutput(self, "DataLakeDatabase", value=lake.database_name)
        CfnOutput(self, "StreamingApplicationName", value=application.application_name)
        CfnOutput(self, "StreamingRoleName", value=application.role_name)
        CfnOutput(self, "IngestApiUrl", value=api.url)
        CfnOutput(self, "IngestDevicePolicyName", value=devices.policy_name)
        CfnOutput(self, "IngestDeviceRoleAlias", value=devices.role_alias)
        CfnOutput(self, "IngestDeviceRoleArn", value=devices.role_arn)
        CfnOutput(self, "IngestStreamName", value=stream.stream_name)
        CfnOutput(self, "IngestUsagePlanId", value=api.usage_plan_id)


def _stream(scope: Construct, environment: Environment, key: kms.IKey) -> kinesis.Stream:
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
        Store(holds="records under way to the lake", by=By.PARTITION_KEY, key="PartitionKey", forms=("{tenant}",)),
    )
    acknowledge(
        stream, "AwsSolutions-KDS3", "A customer managed key: readers and writers need a grant on the key as well."
    )
    return stream
