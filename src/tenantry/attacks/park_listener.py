"""A webhook endpoint that an attack can read: a queue, subscribed like a confirmed endpoint."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tenantry.attacks.waiting import until
from tenantry.attacks.world import policy
from tenantry.model.tenant_tables import WEBHOOK, park_key

if TYPE_CHECKING:
    from tenantry.attacks.accounts import Person
    from tenantry.attacks.world import World

_EVENT: Final = "park-closed"
_WAIT_SECONDS: Final = 1


@dataclass(frozen=True, kw_only=True)
class ParkListener:
    """What a webhook receives, as SNS delivers it.

    Attributes
    ----------
    world
        The run.
    tenant, park
        Whose events it receives.
    url
        Its queue.
    subscription
        Its subscription.
    """

    world: World
    tenant: str
    park: str
    url: str
    subscription: str

    @classmethod
    def of(cls, world: World, tenant: str, park: str, creator: Person | None) -> ParkListener:
        """Subscribe with the operator's credentials as the workflow does; no row is written without a creator."""
        aws, mark = world.target.aws, secrets.token_hex(4)
        topic = aws.sns.create_topic(
            Name=f"{world.target.app}-parks-{tenant}_{park}_{_EVENT}", Attributes={"KmsMasterKeyId": "alias/aws/sns"}
        )["TopicArn"]
        world.cleanup.later(f"the topic {topic}", partial(aws.sns.delete_topic, TopicArn=topic))
        url = aws.sqs.create_queue(QueueName=f"{world.run}-{mark}")["QueueUrl"]
        world.cleanup.later(f"the queue {url}", partial(aws.sqs.delete_queue, QueueUrl=url))
        arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})
        made = aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
        listener = cls(world=world, tenant=tenant, park=park, url=url, subscription=made["SubscriptionArn"])
        if creator:
            item: dict[str, Any] = {
                **park_key(tenant, WEBHOOK, f"{park}#{secrets.token_hex(16)}"),
                "eventtype": {"S": _EVENT},
                "endpoint": {"S": f"https://8-8-8-8.sslip.io/{mark}"},
                "subscription": {"S": listener.subscription},
                "createdby": {"S": creator.user_id},
            }
            aws.dynamodb.put_item(TableName=world.target.parks_table, Item=item)
        return listener

    def received(self, seconds: float) -> bool:
        """Return whether it receives anything within some time; what it received is deleted."""
        return until(self._receive, seconds, pause=0)

    def _receive(self) -> bool:
        sqs = self.world.target.aws.sqs
        found = sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=_WAIT_SECONDS).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return bool(found)
