"""Alarms, from their change of state to the subscribers of their topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
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

    told: list[str] = []

    def received() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        told.extend(
            json.loads(json.loads(message["Body"])["Message"])["AlarmName"] for message in answer.get("Messages", [])
        )
        return len(told) >= len(alarms)

    try:
        for name, alarm in alarms.items():
            assert alarm["AlarmActions"], name
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
        until(received, "a message for each alarm", poll=0)
        assert sorted(told) == sorted(alarms)
        assert alarms
    finally:
        for name in alarms:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a test")
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=queue)
