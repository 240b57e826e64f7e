"""Alarms, from a change of their state to whoever has subscribed to their topic."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenantry.local.cloud import LocalCloud


def test_every_alarm_reaches_its_topic(deployed: LocalCloud) -> None:
    session, topic = deployed.session(), deployed.output("AlarmsTopicArn")
    sqs, sns, cloudwatch = session.client("sqs"), session.client("sns"), session.client("cloudwatch")
    queue = sqs.create_queue(QueueName="alarms-listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    service = {"Service": "sns.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": service, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    alarms = {alarm["AlarmName"]: alarm for page in pages for alarm in page["MetricAlarms"]}

    def told(count: int) -> Iterator[str]:
        deadline = time.monotonic() + 20
        while count and time.monotonic() < deadline:
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
                "Messages", []
            ):
                count -= 1
                yield json.loads(json.loads(message["Body"])["Message"])["AlarmName"]

    try:
        for name, alarm in alarms.items():
            assert alarm["AlarmActions"], name
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        assert sorted(told(len(alarms))) == sorted(alarms)
        assert alarms
    finally:
        for name in alarms:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=queue)
