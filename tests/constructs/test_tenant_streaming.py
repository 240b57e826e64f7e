"""The lake, its tables, and the streaming application's permissions."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from tenantry.streaming import DataLake, LakeFormat, StreamingApplication
from tests.synthesized import new_app


def _template(record_format: LakeFormat = LakeFormat.JSON, **lake: Any) -> Template:  # noqa: ANN401
    stack = Stack(new_app(), "Test")
    key = kms.Key(stack, "Key")
    made = DataLake(stack, "Lake", key=key, database_name="test_lake", record_format=record_format, **lake)
    StreamingApplication(
        stack,
        "Streaming",
        stream=kinesis.Stream(stack, "Stream", encryption=kinesis.StreamEncryption.KMS, encryption_key=key),
        lake=made,
        key=key,
        alarms=sns.Topic(stack, "Alarms"),
        checkpoint_interval=Duration.minutes(2),
    )
    return Template.from_stack(stack)


@pytest.fixture(scope="module")
def template() -> Template:
    """Return the template of a lake in JSON and its application."""
    return _template()


def _configuration(template: Template) -> dict[str, Any]:
    (application,) = template.find_resources("AWS::KinesisAnalyticsV2::Application").values()
    assert application["Properties"]["RuntimeEnvironment"] == "FLINK-1_20"
    configuration: dict[str, Any] = application["Properties"]["ApplicationConfiguration"]
    return configuration


def test_lake_is_private_encrypted_and_requires_tls(template: Template) -> None:
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "PublicAccessBlockConfiguration": dict.fromkeys(
                ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
            ),
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    Match.object_like(
                        {
                            "BucketKeyEnabled": True,
                            "ServerSideEncryptionByDefault": Match.object_like({"SSEAlgorithm": "aws:kms"}),
                        }
                    )
                ]
            },
        },
    )
    template.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [Match.object_like({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}})]
                )
            }
        },
    )


def test_unfinished_uploads_are_kept_for_days() -> None:
    rules = _rules(_template())
    assert rules["Uploads"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7
    assert "ExpirationInDays" not in rules["Records"]
    assert rules["Errors"]["ExpirationInDays"] == 90


def test_records_expire_as_configured() -> None:
    assert _rules(_template(keep=Duration.days(30)))["Records"]["ExpirationInDays"] == 30


def _rules(template: Template) -> dict[str, Any]:
    (bucket,) = template.find_resources("AWS::S3::Bucket").values()
    return {rule["Id"]: rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]}


def test_queries_must_filter_by_tenant(template: Template) -> None:
    tables = template.find_resources("AWS::Glue::Table").values()
    inputs = {table["Properties"]["TableInput"]["Name"]: table["Properties"]["TableInput"] for table in tables}
    assert set(inputs) == {"data", "aggregates", "errors"}
    for name in ("data", "aggregates"):
        assert inputs[name]["Parameters"]["projection.tenantid.type"] == "injected"
        assert [key["Name"] for key in inputs[name]["PartitionKeys"]] == ["tenantid", "year", "month", "day"]
    assert "projection.tenantid.type" not in inputs["errors"]["Parameters"]
    template_ = str(inputs["data"]["Parameters"]["storage.location.template"])
    assert "/data/tenantid=${tenantid}/year=${year}/month=${month}/day=${day}" in template_


def test_table_and_application_use_one_format() -> None:
    made = _template(LakeFormat.PARQUET)
    made.has_resource_properties(
        "AWS::Glue::Table",
        {"TableInput": {"Name": "data", "StorageDescriptor": {"InputFormat": Match.string_like_regexp("parquet")}}},
    )
    assert _properties(made)["OutputFormat"] == "parquet"


def _properties(template: Template) -> dict[str, Any]:
    groups = _configuration(template)["EnvironmentProperties"]["PropertyGroups"]
    found: dict[str, Any] = next(
        group["PropertyMap"] for group in groups if group["PropertyGroupId"] == "ConsumerConfigProperties"
    )
    return found


def test_application_has_the_documented_properties(template: Template) -> None:
    assert {"Region", "InputStreamName", "S3SinkPath"} <= set(_properties(template))
    groups = _configuration(template)["EnvironmentProperties"]["PropertyGroups"]
    assert {
        "PropertyGroupId": "kinesis.analytics.flink.run.options",
        "PropertyMap": {"python": "main.py", "jarfile": "lib/streaming.jar"},
    } in groups


def test_application_checkpoints_snapshots_and_scales(template: Template) -> None:
    configuration = _configuration(template)
    flink = configuration["FlinkApplicationConfiguration"]
    assert flink["CheckpointConfiguration"]["CheckpointInterval"] == 120_000
    assert flink["CheckpointConfiguration"]["CheckpointingEnabled"] is True
    assert flink["ParallelismConfiguration"]["AutoScalingEnabled"] is True
    assert configuration["ApplicationSnapshotConfiguration"]["SnapshotsEnabled"] is True


def test_role_may_read_stream_add_files_and_log_only(template: Template) -> None:
    (policy,) = template.find_resources("AWS::IAM::Policy").values()
    allowed: dict[str, list[str]] = {}
    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            allowed.setdefault(action, []).append(str(statement["Resource"]))
    assert set(allowed) == {
        *(
            f"kinesis:{name}"
            for name in ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
        ),
        *("kms:Decrypt", "kms:GenerateDataKey"),
        *("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"),
        *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
        *("logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"),
    }
    (written,) = allowed["s3:PutObject"]
    assert all(f"/{folder}/*" in written for folder in ("data", "errors", "aggregates"))
    (prefixes,) = [
        statement["Condition"]["StringLike"]["s3:prefix"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:ListBucket"
    ]
    assert prefixes == [f"{folder}/*/_part-*_tmp_*" for folder in ("data", "errors", "aggregates")]
    (deleted,) = allowed["s3:DeleteObject"]
    assert deleted.count("_part-*_tmp_*") == 3
    assert all("Stream" in resource for resource in allowed["kinesis:GetRecords"])


def test_alarms_cover_lag_failure_and_downtime(template: Template) -> None:
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    assert len(alarms) == 5
    assert all(alarm["Properties"]["AlarmActions"] for alarm in alarms.values())
    watched = str(alarms)
    for metric in (
        "GetRecords.IteratorAgeMilliseconds",
        "numberOfFailedCheckpoints",
        "fullRestarts",
        "downtime",
        "uptime",
    ):
        assert metric in watched
    (stopped,) = [alarm for name, alarm in alarms.items() if "Stopped" in name]
    assert stopped["Properties"]["TreatMissingData"] == "breaching"
