"""The streaming application on Managed Service for Apache Flink."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import ArnFormat, AssetHashType, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisanalyticsv2 as flink
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from tenantry.flink import ENTRY, JAR, SOURCE, package, package_hash
from tenantry.functions import (
    LOG,
    acknowledge_reach,
    acknowledge_wildcard,
    declare_store,
    in_own_account,
    service_principal,
)
from tenantry.functions.local_bundling import without_docker
from tenantry.isolation.alarms import alarm

if TYPE_CHECKING:
    from aws_cdk import aws_kinesis as kinesis
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns

    from tenantry.streaming.data_lake import DataLake

#: The newest of the service's versions of Flink whose connector for Kinesis the build can fetch (ADR 0010).
_RUNTIME: Final = "FLINK-1_20"
_App: Final = flink.CfnApplication
_SERVICE: Final = "kinesisanalytics.amazonaws.com"
_COLON: Final = ArnFormat.COLON_RESOURCE_NAME
_NAMESPACE: Final = "AWS/KinesisAnalytics"
_READING: Final = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
)


class StreamingApplication(Construct):
    """Brings records of many tenants from one stream into one partition of the lake a tenant.

    Isolation: the tenant is the one that the gateway wrote into the record and used as its partition key; what the
    caller's own object says of it does not count. What is not such a record goes to the lake's errors, whole. The role
    can read this stream, add files to this lake and write its own log, and nothing else.

    CloudFormation makes the application and cannot start it: `tenantry streaming start` does, once. Updates keep it
    running, from a snapshot.

    Parameters
    ----------
    scope, construct_id
        Where it stands in the app.
    stream
        What it reads.
    lake
        What it writes to.
    key
        What encrypts both.
    alarms
        Told when it falls behind, fails to checkpoint, starts again or is down.
    parallelism
        How many of each task run side by side; the service adds more when they are busy.
    checkpoint_interval
        Time between checkpoints: how late records are in the lake, and how many files a tenant's day has.
    log_retention
        How long its log is kept.
    removal_policy
        What becomes of its log with the stack.

    Sources: https://docs.aws.amazon.com/managed-flink/latest/java/how-it-works.html,
    https://docs.aws.amazon.com/managed-flink/latest/java/monitoring-metrics-alarms.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stream: kinesis.IStream,
        lake: DataLake,
        key: kms.IKey,
        alarms: sns.ITopic,
        parallelism: int = 1,
        checkpoint_interval: Duration | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        interval = checkpoint_interval or Duration.minutes(1)
        code = assets.Asset(
            self,
            "Code",
            path=str(SOURCE),
            asset_hash=package_hash(),
            asset_hash_type=AssetHashType.CUSTOM,
            bundling=without_docker(package),
        )
        group = logs.LogGroup(self, "Log", retention=log_retention, removal_policy=removal_policy)
        declare_store(group, LOG)
        log = logs.LogStream(self, "LogStream", log_group=group, removal_policy=removal_policy)
        role = self._role(stream=stream, lake=lake, key=key, code=code, group=group, log=log)
        properties = {
            "Region": Stack.of(self).region,
            "InputStreamName": stream.stream_name,
            "S3SinkPath": lake.bucket_name,
            "OutputFormat": lake.record_format.value,
            # Over many checkpoints, since these rows are few: but not so many that nobody sees them for an hour.
            "AggregateFileSeconds": str(min(900, 15 * interval.to_seconds())),
            # Of the five reads a second that a shard allows, one: others can read as well.
            "flink.shard.getrecords.intervalmillis": "1000",
        }
        application = flink.CfnApplication(
            self,
            "Application",
            runtime_environment=_RUNTIME,
            service_execution_role=role.role_arn,
            application_description="Tenants' records from the stream into the lake",
            application_configuration=_App.ApplicationConfigurationProperty(
                application_code_configuration=_App.ApplicationCodeConfigurationProperty(
                    code_content_type="ZIPFILE",
                    code_content=_App.CodeContentProperty(
                        s3_content_location=_App.S3ContentLocationProperty(
                            bucket_arn=code.bucket.bucket_arn, file_key=code.s3_object_key
                        )
                    ),
                ),
                environment_properties=_App.EnvironmentPropertiesProperty(
                    property_groups=[
                        _App.PropertyGroupProperty(
                            property_group_id="ConsumerConfigProperties", property_map=properties
                        ),
                        _App.PropertyGroupProperty(
                            property_group_id="kinesis.analytics.flink.run.options",
                            property_map={"python": ENTRY, "jarfile": JAR},
                        ),
                    ]
                ),
                flink_application_configuration=_App.FlinkApplicationConfigurationProperty(
                    checkpoint_configuration=_App.CheckpointConfigurationProperty(
                        configuration_type="CUSTOM",
                        checkpointing_enabled=True,
                        checkpoint_interval=interval.to_milliseconds(),
                        min_pause_between_checkpoints=1000,
                    ),
                    monitoring_configuration=_App.MonitoringConfigurationProperty(
                        configuration_type="CUSTOM", log_level="WARN", metrics_level="TASK"
                    ),
                    parallelism_configuration=_App.ParallelismConfigurationProperty(
                        configuration_type="CUSTOM",
                        parallelism=parallelism,
                        parallelism_per_kpu=1,
                        auto_scaling_enabled=True,
                    ),
                ),
                application_snapshot_configuration=_App.ApplicationSnapshotConfigurationProperty(
                    snapshots_enabled=True
                ),
                application_system_rollback_configuration=(
                    _App.ApplicationSystemRollbackConfigurationProperty(rollback_enabled=True)
                ),
            ),
        )
        # The service tries the role when the application is made.
        application.node.add_dependency(role)
        option = flink.CfnApplicationCloudWatchLoggingOption(
            self,
            "Logging",
            application_name=application.ref,
            cloud_watch_logging_option=flink.CfnApplicationCloudWatchLoggingOption.CloudWatchLoggingOptionProperty(
                log_stream_arn=_stream_arn(self, group, log)
            ),
        )
        option.node.add_dependency(role)
        self._application, self._execution_role = application, role
        self._alarms(stream, alarms)

    @property
    def application_name(self) -> str:
        """The application's name, for operators."""
        return self._application.ref

    @property
    def role_name(self) -> str:
        """Name of the role that it runs with."""
        return self._execution_role.role_name

    def _role(
        self,
        *,
        stream: kinesis.IStream,
        lake: DataLake,
        key: kms.IKey,
        code: assets.Asset,
        group: logs.LogGroup,
        log: logs.LogStream,
    ) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=service_principal(self, _SERVICE),
            description="Writes tenants' records from the stream to the data lake",
        )
        any_group = Stack.of(self).format_arn(
            service="logs", resource="log-group", resource_name="*", arn_format=_COLON
        )
        for resource, granted in (
            (stream.stream_arn, _READING),
            (key.key_arn, ("kms:Decrypt", "kms:GenerateDataKey")),
            (group.log_group_arn, ("logs:DescribeLogStreams",)),
            (_stream_arn(self, group, log), ("logs:PutLogEvents",)),
            (any_group, ("logs:DescribeLogGroups",)),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=list(granted), resources=[resource]))
        for resource, granted in ((stream.stream_arn, _READING), (key.key_arn, ("kms:Decrypt", "kms:GenerateDataKey"))):
            acknowledge_reach(
                role,
                resource,
                actions=granted,
                reason="It reads the records of all tenants; each carries the tenant that API Gateway put into it, "
                "under which it is filed.",
            )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[code.bucket.arn_for_objects(code.s3_object_key)],
                conditions=in_own_account(self),
            )
        )
        lake.grant_write(role)
        acknowledge_wildcard(role, any_group, "The service asks which log groups there are, by no name.")
        acknowledge_wildcard(role, group.log_group_arn, "The group's own streams; CDK writes its ARN so.")
        return role

    def _alarms(self, stream: kinesis.IStream, alarms: sns.ITopic) -> None:
        minute = Duration.minutes(1)

        def own(name: str) -> cloudwatch.Metric:
            return cloudwatch.Metric(
                namespace=_NAMESPACE,
                metric_name=name,
                dimensions_map={"Application": self.application_name},
                statistic="Maximum",
                period=minute,
            )

        def rate(name: str) -> cloudwatch.MathExpression:
            return cloudwatch.MathExpression(
                expression="RATE(counter)", using_metrics={"counter": own(name)}, period=minute, label=name
            )

        above = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        watched: dict[str, tuple[cloudwatch.IMetric, int, int, str]] = {
            "BehindAlarm": (
                stream.metric_get_records_iterator_age_milliseconds(statistic="Maximum", period=minute),
                15 * 60_000,
                5,
                "Records have waited 15 minutes on the stream: the application is too slow",
            ),
            "CheckpointAlarm": (
                rate("numberOfFailedCheckpoints"),
                0,
                3,
                "Checkpoints fail: no file is completed until they succeed",
            ),
            "RestartAlarm": (rate("fullRestarts"), 0, 3, "The application restarts repeatedly"),
            "DowntimeAlarm": (own("downtime"), 0, 5, "The application is not running"),
        }
        for name, (metric, threshold, periods, text) in watched.items():
            what = f"{text}. See docs/ingestion.md"
            alarm(self, name, metric, what, tells=alarms, threshold=threshold, periods=periods, comparison=above)
        # A metric that stays away is the only sign of an application that nobody has started, or that has been stopped.
        alarm(
            self,
            "StoppedAlarm",
            own("uptime"),
            "The application is stopped. Start it: tenantry streaming start. See docs/ingestion.md",
            tells=alarms,
            threshold=0,
            periods=5,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )


def _stream_arn(scope: Construct, group: logs.LogGroup, log: logs.LogStream) -> str:
    return Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"{group.log_group_name}:log-stream:{log.log_stream_name}",
        arn_format=_COLON,
    )
