"""Everything in an account, as its services list it: the state that a teardown must restore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenantry.operate.aws import Aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tenantry.local.cloud import LocalCloud

_LISTS: Mapping[str, tuple[str, str, str, str]] = {
    # name: service, paginated operation, key of the list, key of the name
    "access keys' users": ("iam", "list_users", "Users", "UserName"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "aliases": ("kms", "list_aliases", "Aliases", "AliasName"),
    "API keys": ("apigateway", "get_api_keys", "items", "name"),
    "APIs": ("apigateway", "get_rest_apis", "items", "id"),
    "buckets": ("s3", "list_buckets", "Buckets", "Name"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "log groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "parameters": ("ssm", "describe_parameters", "Parameters", "Name"),
    "policies of IoT": ("iot", "list_policies", "policies", "policyName"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "stacks": ("cloudformation", "describe_stacks", "Stacks", "StackName"),
    "state machines": ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "things": ("iot", "list_things", "things", "thingName"),
    "thing types": ("iot", "list_thing_types", "thingTypes", "thingTypeName"),
    "certificates": ("iot", "list_certificates", "certificates", "certificateId"),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
    "subscriptions": ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    "usage plans": ("apigateway", "get_usage_plans", "items", "id"),
}
_CALLS: Mapping[str, tuple[str, str, dict[str, Any], str, str]] = {
    # name: service, operation, arguments, key of the list, key of the name
    "buses": ("events", "list_event_buses", {}, "EventBuses", "Name"),
    "archives": ("events", "list_archives", {}, "Archives", "ArchiveName"),
    "user pools": ("cognito-idp", "list_user_pools", {"MaxResults": 60}, "UserPools", "Id"),
}


def operator(cloud: LocalCloud) -> Aws:
    """Return the clients of whoever operates a cloud, as `tenantry` has them."""
    return Aws(cloud.session(), endpoint_url=cloud.endpoint, ca_bundle=str(cloud.ca_bundle))


def inventory(cloud: LocalCloud) -> set[tuple[str, str]]:
    """Return kinds and names of all that is there; a key that is to be deleted is not."""
    found = set(_listed(cloud.session().client))
    aws = operator(cloud)
    points = aws.s3control.list_access_points(AccountId=aws.sts.get_caller_identity()["Account"])
    found.discard(("parameters", "/local-cloud/deployed"))  # the local cloud's own memory
    return found | {("access points", point["Name"]) for point in points["AccessPointList"]}


def _listed(client: Callable[[str], Any]) -> Iterator[tuple[str, str]]:
    for kind, (service, operation, items, name) in _LISTS.items():
        for page in client(service).get_paginator(operation).paginate():
            yield from ((kind, item[name]) for item in page[items])
    for kind, (service, operation, arguments, items, name) in _CALLS.items():
        yield from ((kind, item[name]) for item in getattr(client(service), operation)(**arguments)[items])
    yield from (("tables", name) for name in client("dynamodb").list_tables()["TableNames"])
    yield from (("queues", url) for url in client("sqs").list_queues().get("QueueUrls", []))
    yield from (("streams", name) for name in client("kinesis").list_streams()["StreamNames"])
    distributions = client("cloudfront").list_distributions()["DistributionList"].get("Items", [])
    yield from (("distributions", distribution["Id"]) for distribution in distributions)
    for key in client("kms").list_keys()["Keys"]:
        state = client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
        if state != "PendingDeletion":
            yield "keys", key["KeyId"]
