"""Probes of `cloudwatch.alarm_actions`."""

from typing import Any

from tenantry.local.settings import ACCOUNT, REGION
from tests.local.emulator import Emulator, policy
from tests.local.probes import probe

_CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


def _alarmed(emulator: Emulator, condition: dict[str, Any] | None, key: str = "") -> bool:
    """Return whether an alarm reaches the queue behind a topic, whose policy allows CloudWatch on a condition."""
    sns, cloudwatch = emulator.client("sns"), emulator.client("cloudwatch")
    topic = sns.create_topic(Name=emulator.name("topic"), Attributes={"KmsMasterKeyId": key} if key else {})["TopicArn"]
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    let_in = {"Effect": "Allow", "Principal": _CLOUDWATCH, "Action": "sns:Publish", "Resource": topic}
    statements = [deny] if condition is None else [deny, {**let_in, "Condition": condition} if condition else let_in]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(*statements))
    url, arn = emulator.queue(open_to="sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    name = emulator.name("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Probes",
        MetricName="Metric",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a probe")
    return emulator.received(url, seconds=1) is not None


@probe(aws=[True, True, False, False], ministack=[True] * 4)
def topics_with_and_without_permission_for_alarms(emulator: Emulator) -> list[bool]:
    """Raise it at a topic that allows CloudWatch, this account's alarms, another account's alarms, and nobody."""
    alarms = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"
    of_this_account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": alarms}}
    of_another = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    return [_alarmed(emulator, condition) for condition in ({}, of_this_account, of_another, None)]


@probe(aws=[True, False, False, False], ministack=[True] * 4)
def encrypted_topics_with_and_without_permission_for_alarms(emulator: Emulator) -> list[bool]:
    """Raise it where the key allows CloudWatch, allows it on a condition, and allows only the account."""
    kms = emulator.client("kms")
    use = {"Effect": "Allow", "Principal": _CLOUDWATCH, "Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
    unsent = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
    own = [
        kms.create_key(Policy=policy({**statement, "Resource": "*"}))["KeyMetadata"]["Arn"]
        for statement in (use, {**use, "Condition": unsent}, account)
    ]
    return [_alarmed(emulator, {}, key) for key in (*own, "alias/aws/sns")]
