"""Many tenants' data in: an API of one path a tenant in front of one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration

from stacks.application_plane.ingestion.senders import allow_test_user, tenant_devices
from stacks.application_plane.ingestion.stream import record_key, record_stream
from stacks.platform.functions import usage_counter
from stacks.platform.platform import ApplicationStack, Platform
from tenantry.isolation.devices import IngestApi, TenantLimit
from tenantry.streaming import DataLake, StreamingApplication

if TYPE_CHECKING:
    from constructs import Construct

    from tenantry.isolation.metering import UsageRegistry


class IngestionStack(ApplicationStack):
    """The stream of all tenants' records, the API that is the only way onto it, and the lake that they end up in."""

    name = "ingestion"

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform, usage: UsageRegistry) -> None:
        environment = platform.environment
        super().__init__(scope, construct_id, environment=environment)
        key = record_key(self, environment)
        stream = record_stream(self, environment, key)
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
            allow_test_user(self, api)
        devices = tenant_devices(self, api, application=environment.application)
        lake = DataLake(
            self,
            "Lake",
            key=key,
            database_name=f"{environment.application.replace('-', '_')}_lake",
            record_format=environment.lake_format,
            keep=Duration.days(environment.lake_days) if environment.lake_days else None,
            removal_policy=environment.removal_policy,
        )
        usage_counter(
            self,
            "ingestion",
            "Counts the records of a tenant in the last hour",
            platform=platform,
            registry=usage,
            grant=lake.grant_tenant_read_aggregates,
            environment={"LAKE_BUCKET": lake.bucket_name},
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

        self.add_outputs(
            DataLakeBucket=lake.bucket_name,
            DataLakeDatabase=lake.database_name,
            StreamingApplicationName=application.application_name,
            StreamingRoleName=application.role_name,
            IngestApiUrl=api.url,
            IngestDevicePolicyName=devices.policy_name,
            IngestDeviceRoleAlias=devices.role_alias,
            IngestDeviceRoleArn=devices.role_arn,
            IngestStreamName=stream.stream_name,
            IngestUsagePlanId=api.usage_plan_id,
        )
