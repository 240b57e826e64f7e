"""Quotas of the account, against what the stacks add to what is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tenantry.operate.preflight.account import NOT_ASKED, reason
from tenantry.operate.preflight.findings import fails, ok, unknown, warning
from tenantry.operate.preflight.stacks import made_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry.operate.preflight.account import Account
    from tenantry.operate.preflight.assembly import Assembly
    from tenantry.operate.preflight.findings import Finding

# No function reserves any of it, which an account with few could not give. New accounts may have 10 executions at once
# until they ask for more. A sign-in takes two, and a page sends several requests at once, each of which takes some.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_LEAST_CONCURRENCY: Final = 100
_CONSOLE: Final = "Request an increase: Service Quotas in the console, {service}, {code}."


@dataclass(frozen=True)
class Quota:
    """A number of things that an account may have.

    Attributes
    ----------
    what
        In words.
    kind
        The CloudFormation type that counts.
    service, code
        As Service Quotas names it.
    used
        How many there are.
    """

    what: str
    kind: str
    service: str
    code: str
    used: Callable[[Account], int]


def _length(service: str, operation: str, member: str, **request: object) -> Callable[[Account], int]:
    """Return what counts a list of everything."""

    def count(account: Account) -> int:
        client = account.client(service)
        if not client.can_paginate(operation):
            return len(getattr(client, operation)(**request)[member])
        return sum(len(page[member]) for page in client.get_paginator(operation).paginate(**request))

    return count


_LIVE: Final = ("CREATE_COMPLETE", "ROLLBACK_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
QUOTAS: Final = (
    Quota("S3 buckets", "AWS::S3::Bucket", "s3", "L-DC2B2D3D", _length("s3", "list_buckets", "Buckets")),
    Quota(
        "DynamoDB tables",
        "AWS::DynamoDB::Table",
        "dynamodb",
        "L-F98FE922",
        _length("dynamodb", "list_tables", "TableNames"),
    ),
    Quota(
        "CloudFormation stacks",
        "AWS::CloudFormation::Stack",
        "cloudformation",
        "L-0485CB21",
        _length("cloudformation", "list_stacks", "StackSummaries", StackStatusFilter=list(_LIVE)),
    ),
    Quota("SNS topics", "AWS::SNS::Topic", "sns", "L-61103206", _length("sns", "list_topics", "Topics")),
)
# Of quotas that Service Quotas may not list under a fixed code: AWS's documented defaults, which are raised on request.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
# https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
_DEFAULTS: Final[Mapping[str, tuple[str, int, Callable[[Account], int]]]] = {
    "AWS::ApiGateway::RestApi": ("regional REST APIs", 600, _length("apigateway", "get_rest_apis", "items")),
    "AWS::Cognito::UserPool": (
        "Cognito user pools",
        1000,
        _length("cognito-idp", "list_user_pools", "UserPools", MaxResults=60),
    ),
    "AWS::Events::EventBus": ("event buses", 100, _length("events", "list_event_buses", "EventBuses")),
}


def quotas(assembly: Assembly, account: Account) -> Iterator[Finding]:
    """Say of each quota whether there is room for what the stacks add to what they have already."""
    own = {stack: made_by(account, stack) for stack in assembly.templates}
    added = (each for each in assembly.resources() if each.logical_id not in own[each.stack])
    counts = Counter(each.kind for each in added)
    counts["AWS::CloudFormation::Stack"] = sum(not held for held in own.values())
    for quota in QUOTAS:
        yield _asked(quota, counts[quota.kind], account)
    for kind, (what, default, used) in _DEFAULTS.items():
        try:
            there = used(account)
        except NOT_ASKED as error:
            yield unknown("quotas", f"{what}: {reason(error)}.", "Allow listing them.")
            continue
        more = counts[kind]
        says = f"{what}: {there} exist, up to {more} more are needed, AWS's default quota is {default}"
        if there + more > default:
            remedy = "Check the account's quota in Service Quotas, and request an increase if it is not higher."
            yield unknown("quotas", f"{says}, which the account's own quota may exceed.", remedy)
        else:
            yield ok("quotas", f"{says}.")
    yield _roles(counts, account)
    yield _concurrency(account)


def _asked(quota: Quota, more: int, account: Account) -> Finding:
    try:
        there = quota.used(account)
        most = _value(account.client("service-quotas"), quota)
    except NOT_ASKED as error:
        says = f"{quota.what}: {reason(error)}."
        return unknown("quotas", says, "Allow servicequotas:GetServiceQuota and listing them.")
    return _judged(quota.what, there, more, most, remedy=_CONSOLE.format(service=quota.service, code=quota.code))


def _value(client: Any, quota: Quota) -> int:  # noqa: ANN401 - boto3's client
    named = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        return int(client.get_service_quota(**named)["Quota"]["Value"])
    except client.exceptions.NoSuchResourceException:  # it has never been changed here
        return int(client.get_aws_default_service_quota(**named)["Quota"]["Value"])


def _judged(what: str, there: int, more: int, most: int, *, remedy: str) -> Finding:
    says = f"{what}: {there} exist, up to {more} more are needed, the quota is {most}."
    return fails("quotas", says, remedy) if there + more > most else ok("quotas", says)


def _roles(counts: Counter[str], account: Account) -> Finding:
    try:
        summary = account.client("iam").get_account_summary()["SummaryMap"]
    except NOT_ASKED as error:
        return unknown("quotas", f"IAM roles: {reason(error)}.", "Allow iam:GetAccountSummary.")
    more = counts["AWS::IAM::Role"]
    remedy = _CONSOLE.format(service="iam", code="L-FE177D64")
    return _judged("IAM roles", summary.get("Roles", 0), more, summary.get("RolesQuota", 1000), remedy=remedy)


def _concurrency(account: Account) -> Finding:
    try:
        limit = int(account.client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"])
    except NOT_ASKED as error:
        return unknown("quotas", f"Lambda concurrency: {reason(error)}.", "Allow lambda:GetAccountSettings.")
    says = f"Lambda concurrency: {limit} unreserved concurrent executions."
    if limit < _LEAST_CONCURRENCY:
        says = f"{says[:-1]}: the deployment succeeds, but a few concurrent users are throttled."
        remedy = (
            f"Request {_LEAST_CONCURRENCY} or more: Service Quotas in the console, lambda, L-B99A9384. "
            "AWS takes some days."
        )
        return warning("quotas", says, remedy)
    return ok("quotas", says)
