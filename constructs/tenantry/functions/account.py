"""Whose account a policy is about: AWS services that act for it, and buckets that it owns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import IConstruct

# The services whose documentation says that they name their source when they assume a role, and how its ARN begins.
_NAME_THEIR_SOURCE: Final = {
    # https://docs.aws.amazon.com/iot/latest/developerguide/cross-service-confused-deputy-prevention.html
    "credentials.iot.amazonaws.com": "iot",
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
    "events.amazonaws.com": "events",
    # https://docs.aws.amazon.com/managed-flink/latest/java/iam-cross-service-confused-deputy-prevention.html
    "kinesisanalytics.amazonaws.com": "kinesisanalytics",
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
    "states.amazonaws.com": "states",
}


def service_principal(scope: IConstruct, service: str) -> iam.ServicePrincipal:
    """Return an AWS service as whoever assumes a role, for no account but this one where it says for which.

    Isolation: a service that documents that it names its source is trusted only while that is a resource of the role's
    own account and region.

    Services that do not document that they name their source, such as Lambda and API Gateway, may leave the source
    out: API Gateway does, and a condition that asks for it would refuse it. A source that they do name must still be
    this account. What keeps others from using the role is then `iam:PassRole`, which knows no role of another account.

    Parameters
    ----------
    scope
        A construct of the role's stack.
    service
        The service's principal, such as ``states.amazonaws.com``.

    References
    ----------
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    stack = Stack.of(scope)
    own = {"aws:SourceAccount": stack.account}
    if service not in _NAME_THEIR_SOURCE:
        return iam.ServicePrincipal(service, conditions={"StringEqualsIfExists": own})
    source = f"arn:{stack.partition}:{_NAME_THEIR_SOURCE[service]}:{stack.region}:{stack.account}:*"
    return iam.ServicePrincipal(service, conditions={"StringEquals": own, "ArnLike": {"aws:SourceArn": source}})


def in_own_account(scope: IConstruct) -> Mapping[str, Mapping[str, str]]:
    """Return the conditions under which a bucket is this account's: the names of buckets are everybody's.

    Isolation: a bucket whose name somebody else has taken is neither read nor written.

    References
    ----------
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount
    """
    return {"StringEquals": {"aws:ResourceAccount": Stack.of(scope).account}}
