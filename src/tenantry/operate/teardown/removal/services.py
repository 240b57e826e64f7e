"""Everything that one or two calls remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry.operate.teardown.removal.hand import Hand, Removal, if_there

if TYPE_CHECKING:
    from collections.abc import Callable

# The shortest time for which KMS keeps a key that is to be deleted; whoever regrets it cancels the deletion.
_KEY_DAYS: Final = 7
_GOING: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


def _simple(look: Callable[[Hand, str], str | None], remove: Callable[[Hand, str], object]) -> Removal:
    """Return a removal of which "it is not there" is no error."""
    return Removal(
        amount=lambda hand, name: if_there(lambda: look(hand, name)),
        remove=lambda hand, name: if_there(lambda: remove(hand, name)),
    )


def _table(hand: Hand, name: str) -> str | None:
    found = hand.aws.dynamodb.describe_table(TableName=name)["Table"]
    return None if found.get("TableStatus") == "DELETING" else f"about {found.get('ItemCount', 0):,} items"


def unprotect_table(hand: Hand, name: str) -> None:
    """Let a table be deleted."""
    if hand.aws.dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
        hand.aws.dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
        hand.aws.dynamodb.get_waiter("table_exists").wait(TableName=name)


def _remove_table(hand: Hand, name: str) -> None:
    unprotect_table(hand, name)
    hand.aws.dynamodb.delete_table(TableName=name)
    hand.aws.dynamodb.get_waiter("table_not_exists").wait(TableName=name)


def _pool(hand: Hand, pool: str) -> str | None:
    found = hand.aws.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    return f"about {found.get('EstimatedNumberOfUsers', 0):,} accounts"


def unprotect_pool(hand: Hand, pool: str) -> None:
    """Let a user pool be deleted.

    An update sets what it does not name back to its default, which does not matter to a pool that goes.
    """
    found = hand.aws.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    if found.get("DeletionProtection") == "ACTIVE":
        hand.aws.cognito.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")


def _remove_pool(hand: Hand, pool: str) -> None:
    found = hand.aws.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    if domain := found.get("Domain"):
        hand.aws.cognito.delete_user_pool_domain(Domain=domain, UserPoolId=pool)
    unprotect_pool(hand, pool)
    hand.aws.cognito.delete_user_pool(UserPoolId=pool)


def _queue(hand: Hand, url: str) -> str | None:
    name: Final = "ApproximateNumberOfMessages"
    found = hand.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"]
    return f"about {int(found[name]):,} messages"


def _log_group(hand: Hand, name: str) -> str | None:
    listing = hand.aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    for page in listing:
        for group in page["logGroups"]:
            if group["logGroupName"] == name:
                return f"about {group.get('storedBytes', 0):,} bytes"
    return None


def _stream(hand: Hand, name: str) -> str | None:
    status = hand.aws.kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"]
    return None if status == "DELETING" else ""


def _remove_stream(hand: Hand, name: str) -> None:
    hand.aws.kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
    hand.aws.kinesis.get_waiter("stream_not_exists").wait(StreamName=name)


def _bus(hand: Hand, name: str) -> str | None:
    hand.aws.events.describe_event_bus(Name=name)
    return f"{len(_rules(hand, name)):,} rules"


def _rules(hand: Hand, bus: str) -> list[str]:
    listing = hand.aws.events.get_paginator("list_rules")
    return [rule["Name"] for page in listing.paginate(EventBusName=bus) for rule in page["Rules"]]


def _remove_bus(hand: Hand, bus: str) -> None:
    events = hand.aws.events
    for rule in _rules(hand, bus):
        targets = [target["Id"] for target in events.list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]]
        if targets:
            events.remove_targets(Rule=rule, EventBusName=bus, Ids=targets)
        events.delete_rule(Name=rule, EventBusName=bus)
    events.delete_event_bus(Name=bus)


def _key(hand: Hand, key: str) -> str | None:
    return None if hand.aws.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] in _GOING else ""


def _remove_key(hand: Hand, key: str) -> None:
    if _key(hand, key) is not None:
        hand.aws.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=_KEY_DAYS)


def _remove_alias(hand: Hand, alias: str) -> None:
    _remove_key(hand, hand.aws.kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"])
    hand.aws.kms.delete_alias(AliasName=alias)


def _topic(hand: Hand, arn: str) -> str | None:
    found = hand.aws.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    count = int(found.get("SubscriptionsConfirmed", 0)) + int(found.get("SubscriptionsPending", 0))
    return f"{count:,} subscriptions"


def _remove_topic(hand: Hand, arn: str) -> None:
    # Those of a topic that is gone would stay, and count against the account's quota.
    for page in hand.aws.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn):
        for subscription in page["Subscriptions"]:
            if subscription["SubscriptionArn"].startswith("arn:"):  # a pending one has none
                hand.aws.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    hand.aws.sns.delete_topic(TopicArn=arn)


def _api_key(hand: Hand, key: str) -> str:
    hand.aws.apigateway.get_api_key(apiKey=key)  # an error if it is not there
    return ""


def _access_key(hand: Hand, name: str) -> str | None:
    user, _, key = name.partition("/")
    keys: Any = hand.aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    return "" if any(found["AccessKeyId"] == key for found in keys) else None


def _remove_access_key(hand: Hand, name: str) -> None:
    user, _, key = name.partition("/")
    hand.aws.iam.delete_access_key(UserName=user, AccessKeyId=key)


TABLE: Final = _simple(_table, _remove_table)
POOL: Final = _simple(_pool, _remove_pool)
QUEUE: Final = _simple(_queue, lambda hand, url: hand.aws.sqs.delete_queue(QueueUrl=url))
LOG_GROUP: Final = _simple(_log_group, lambda hand, name: hand.aws.logs.delete_log_group(logGroupName=name))
STREAM: Final = _simple(_stream, _remove_stream)
SECRET: Final = _simple(
    lambda hand, arn: None if "DeletedDate" in hand.aws.secrets.describe_secret(SecretId=arn) else "",
    lambda hand, arn: hand.aws.secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True),
)
BUS: Final = _simple(_bus, _remove_bus)
ARCHIVE: Final = _simple(
    lambda hand, name: f"{hand.aws.events.describe_archive(ArchiveName=name).get('EventCount', 0):,} events",
    lambda hand, name: hand.aws.events.delete_archive(ArchiveName=name),
)
KEY: Final = _simple(_key, _remove_key)
ALIAS: Final = _simple(lambda hand, alias: _key(hand, alias) or "", _remove_alias)
TOPIC: Final = _simple(_topic, _remove_topic)
API_KEY: Final = _simple(
    _api_key,
    lambda hand, key: hand.aws.apigateway.delete_api_key(apiKey=key),
)
ACCESS_KEY: Final = _simple(_access_key, _remove_access_key)
