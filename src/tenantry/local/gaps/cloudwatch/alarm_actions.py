"""An alarm is published to a topic if the policies of the topic and of its key allow CloudWatch.

AWS: CloudWatch publishes as `cloudwatch.amazonaws.com`. The topic's policy must allow it, with the alarm as
`aws:SourceArn`; and where the topic is encrypted, the key's policy must, by statements without conditions on the
source, which CloudWatch does not send to KMS. AWS's own key, `alias/aws/sns`, does not allow it.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

MiniStack: publishes, whatever the policies say.

Here: publishes where both policies allow it, and writes a line to the emulator's log where one does not.
"""

from ministack.services import cloudwatch, kms, sns

from tenantry.local.patching import Fields, Original, require, service_calls, wrap

_PRINCIPAL = "cloudwatch.amazonaws.com"
_STATES = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def close() -> None:
    """Close the gap."""
    require(cloudwatch, "logger")
    require(sns, "_topic_by_arn_any_scope")
    require(kms, "_resolve_key")
    wrap(cloudwatch, "_dispatch_alarm_actions", _where_allowed)


def _where_allowed(dispatch: Original, alarm: Fields, old_state: str, new_state: str, reason: str) -> None:
    field = _STATES.get(new_state, "AlarmActions")
    allowed = [action for action in alarm.get(field) or [] if _may_publish(alarm, action)]
    dispatch({**alarm, field: allowed}, old_state, new_state, reason)


def _may_publish(alarm: Fields, action: str) -> bool:
    topic = sns._topic_by_arn_any_scope(action) if ":sns:" in action else None
    if topic is None:  # another kind of action, or a topic that is gone
        return True
    attributes = topic["attributes"]
    try:
        service_calls.check_policy(
            attributes.get("Policy"),
            resource=action,
            action="sns:Publish",
            service=_PRINCIPAL,
            source_arn=alarm.get("AlarmArn", ""),
        )
        if key := attributes.get("KmsMasterKeyId"):
            found = kms._resolve_key(key) or {}
            for used in ("kms:GenerateDataKey", "kms:Decrypt"):
                service_calls.check_policy(
                    found.get("Policy"), resource=found.get("Arn", key), action=used, service=_PRINCIPAL, source_arn=""
                )
    except service_calls.RefusedError as refused:
        cloudwatch.logger.warning("CloudWatch: the alarm %s was not published: %s", alarm.get("AlarmName"), refused)
        return False
    return True
