"""The cost of an idle environment: counted from the templates, and shown in docs/deployment.md."""

from __future__ import annotations

from typing import Any, Final

import pytest

from benchmarks.idle.costs import items, shown_in, table
from tests.synthesized import ROOT, assembly

_PRICES: Final = {
    "flink": {"unit_hour": 1.0, "storage_gigabyte_month": 1.0, "storage_gigabytes": 50},
    "kinesis": {"stream_hour": 2.0, "shard_hour": 1.0, "extended_shard_hour": 1.0},
    "alarms": {"metric_month": 1.0},
    "dashboards": {"month": 3.0},
    "keys": {"month": 1.0},
    "secrets": {"month": 0.5},
    "queues": {"million_requests": 1.0, "pollers": 5, "poll_seconds": 20},
}


def _costs(**resources: dict[str, Any]) -> dict[str, tuple[int, float]]:
    found = items([{"Resources": resources}], _PRICES)
    return {item.what.partition(" (")[0]: (item.count, item.dollars) for item in found if item.count}


def _stream(**properties: object) -> dict[str, Any]:
    return {"Type": "AWS::Kinesis::Stream", "Properties": properties}


def test_running_flink_application_is_billed_one_extra_unit() -> None:
    parallelism = {"ParallelismConfiguration": {"Parallelism": 5, "ParallelismPerKPU": 2}}
    application = {
        "Type": "AWS::KinesisAnalyticsV2::Application",
        "Properties": {"ApplicationConfiguration": {"FlinkApplicationConfiguration": parallelism}},
    }

    assert _costs(A=application) == {"Streaming application": (4, 4 * 730 + 3 * 50)}


@pytest.mark.parametrize(
    ("stream", "costs"),
    [
        (_stream(ShardCount=2, RetentionPeriodHours=24), {"Kinesis shards": (2, 2 * 730)}),
        (_stream(ShardCount=2, RetentionPeriodHours=168), {"Kinesis shards": (2, 4 * 730)}),
        (_stream(StreamModeDetails={"StreamMode": "ON_DEMAND"}), {"Kinesis streams on demand": (1, 2 * 730)}),
    ],
)
def test_stream_costs_by_its_mode(stream: dict[str, Any], costs: dict[str, Any]) -> None:
    assert _costs(S=stream) == costs


def test_alarm_costs_by_its_metrics() -> None:
    simple = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "x"}}
    both = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {"Metrics": [{"Expression": "a+b"}, {"MetricStat": {}}, {"MetricStat": {}}]},
    }

    assert _costs(A=simple, B=both) == {"CloudWatch alarms": (3, 3.0)}


def test_document_has_the_costs_of_the_templates() -> None:
    environments = {name: items(list(assembly(name).templates.values())) for name in ("dev", "prod")}
    page = (ROOT / "docs" / "deployment.md").read_text()

    assert table(environments) in page, "Run `make docs`, or put this in its place:\n" + table(environments)
    assert shown_in(page, table(environments)) == page


def test_every_hourly_billed_type_is_counted() -> None:
    """Kinds that cost nothing while nobody uses them; a new one is looked up, and counted or put here."""
    counted = {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::KinesisAnalyticsV2::Application",
        "AWS::Lambda::EventSourceMapping",
        "AWS::SecretsManager::Secret",
    }
    free = ("ApiGateway", "CloudFront", "Cognito", "DynamoDB", "EventSchemas", "Events", "Glue", "IAM", "IoT")
    more = ("Lambda", "Logs", "S3", "SNS", "SQS", "SSM", "StepFunctions", "KinesisAnalyticsV2")
    kinds = {
        resource["Type"]
        for name in ("dev", "prod")
        for template in assembly(name).templates.values()
        for resource in template["Resources"].values()
    }

    assert {kind for kind in kinds - counted if kind.split("::")[1] not in free + more} == {"Custom::WebPage"}
