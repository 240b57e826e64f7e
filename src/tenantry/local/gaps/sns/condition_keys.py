"""Policies can restrict which endpoints a caller subscribes.

AWS: `sns:Protocol` and `sns:Endpoint` hold the protocol and the endpoint of a `Subscribe`.
https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html#sns-policy-keys

MiniStack: does not have these keys, so that no condition on them ever holds.

Here: the keys are present.
"""

from ministack.core import iam_actions

from tenantry.local.patching import Fields, Original, require, wrap

#: Both replace: iam_actions.request_tag_context.
AFTER = ("eventbridge.condition_keys",)

_ACTION = "sns:Subscribe"


def close() -> None:
    """Close the gap."""
    require(iam_actions, "_param")
    wrap(iam_actions, "request_tag_context", _reading_subscriptions)


def _reading_subscriptions(read: Original, service: str, action: str, body: bytes, parameters: Fields) -> Fields:
    context: Fields = read(service, action, body, parameters)
    if action != _ACTION:
        return context
    given = {f"sns:{name}": iam_actions._param(body, parameters, name) for name in ("Protocol", "Endpoint")}
    return {**context, **{key: value for key, value in given.items() if value}}
