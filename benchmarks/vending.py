"""What a request to the storage API costs in calls to AWS, beside the way of the code that the project started from."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from benchmarks.functions import local_cloud, requests_of, settings
from benchmarks.result import Figure, NotReadyError
from tenantry.attacks.cleanup import Cleanup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

    from tenantry.attacks.target import Target

    _Events = Sequence[Mapping[str, Any]]
    _Way = Callable[[_Events], Counter[str]]

_TENANTS: Final = 10
_REQUESTS: Final = {"prefix": 1000, "db_nosql": 100}  # by partition; new clients a request take their time
_OBJECTS: Final = 1000
_SERVICES: Final = {"sts": "STS", "s3": "S3", "s3-accesspoint": "S3", "dynamodb": "DynamoDB", "lambda": "Lambda"}


def measure(state: Path) -> Sequence[Figure]:
    """Serve the same requests in both ways, and count."""
    target, cleanup = local_cloud(state), Cleanup()
    variables = settings(target, "storage").get("tenant_objects")
    if variables is None:
        raise NotReadyError("the stack `storage` is not deployed; run `make up` first.")
    tenants = [f"bench-{secrets.token_hex(4)}-{number}" for number in range(_TENANTS)]
    for tenant in tenants:
        cleanup.later(f"the objects of {tenant}", partial(_forget, target, variables, tenant))
    try:
        ours, published = _our_way(target, variables, cleanup), _published_way(target, variables, cleanup)
        figures = []
        for partition, count in _REQUESTS.items():
            puts = [_put(partition, tenants[number % _TENANTS], number) for number in range(count)]
            figures += _beside(f"{count:,} PUTs of {_TENANTS} tenants, {partition}", ours(puts), published(puts))
        ours([_put("tag", tenants[0], number) for number in range(_OBJECTS)])
        listing = [_event("GET", "tag", tenants[0])]
        return figures + _beside(f"Listing {_OBJECTS:,} objects, tag", ours(listing), published(listing))
    finally:
        cleanup.run()


def _our_way(target: Target, variables: Mapping[str, str], cleanup: Cleanup) -> _Way:
    """Run the deployed function here, with the tenant role's grants on a role that the operator may assume."""
    vendor, iam = json.loads(variables["TOKEN_VENDOR"]), target.aws.iam
    tenant_role = vendor["role"].rpartition("/")[2]
    policies = {
        name: iam.get_role_policy(RoleName=tenant_role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=tenant_role)["PolicyNames"]
    }
    vendor["role"] = _role(target, cleanup, policies)
    return _way(target, "tenant_objects.handler", {**variables, "TOKEN_VENDOR": json.dumps(vendor)})


def _published_way(target: Target, variables: Mapping[str, str], cleanup: Cleanup) -> _Way:
    everything = {"Effect": "Allow", "Action": ["s3:*", "dynamodb:PutItem"], "Resource": "*"}
    role = _role(target, cleanup, {"published": {"Version": "2012-10-17", "Statement": [everything]}})
    return _way(target, "benchmarks.published", {**variables, "ROLE": role})


def _role(target: Target, cleanup: Cleanup, policies: Mapping[str, Any]) -> str:
    """Make a role that the operator may assume as the functions assume the tenant role; return its ARN."""
    aws, name = target.aws, f"{target.app}-bench-{secrets.token_hex(4)}"
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{aws.sts.get_caller_identity()['Account']}:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    cleanup.later(f"the role {name}", partial(aws.iam.delete_role, RoleName=name))
    for policy, content in policies.items():
        text = content if isinstance(content, str) else json.dumps(content)
        aws.iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text)
        cleanup.later(f"the policy {policy}", partial(aws.iam.delete_role_policy, RoleName=name, PolicyName=policy))
    return made["Role"]["Arn"]


def _way(target: Target, module: str, variables: Mapping[str, str]) -> _Way:
    """Return what serves events in one way, each time in a new process, and counts the calls by service."""

    def serve(events: _Events) -> Counter[str]:
        calls: Counter[str] = Counter()
        for by_host in requests_of(module, events, variables=variables, target=target):
            for host, count in by_host.items():
                calls[_service(host)] += count
        return calls

    return serve


def _service(host: str) -> str:
    return next((_SERVICES[label] for label in host.split(".") if label in _SERVICES), host)


def _beside(what: str, ours: Counter[str], published: Counter[str]) -> list[Figure]:
    return [
        Figure(f"{what}: {service}", ours[service], "calls", f"the published way: {published[service]:,}")
        for service in dict.fromkeys(_SERVICES.values())
        if ours[service] or published[service]
    ]


def _put(partition: str, tenant: str, number: int) -> Mapping[str, Any]:
    return _event("PUT", partition, tenant, json.dumps({"key": f"{number:04}.txt", "value": "A value"}))


def _event(method: str, partition: str, tenant: str, body: str | None = None) -> Mapping[str, Any]:
    """Return what API Gateway gives the function, the authorizer's context included."""
    return {
        "httpMethod": method,
        "resource": "/object",
        "queryStringParameters": {"partition": partition},
        "body": body,
        "requestContext": {"requestId": "benchmark", "authorizer": {"tenantId": tenant, "userId": "user"}},
    }


def _forget(target: Target, variables: Mapping[str, str], tenant: str) -> None:
    """Remove all versions of a tenant's objects, and its rows."""
    aws, owner = target.aws, {"S": f"{tenant}^user"}
    for bucket in (variables["PREFIX_BUCKET"], variables["TAG_BUCKET"], variables["DOCUMENTS_BUCKET"]):
        for page in aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"{tenant}/"):
            versions: list[ObjectIdentifierTypeDef] = [
                {"Key": found["Key"], "VersionId": found["VersionId"]} for found in page.get("Versions", [])
            ]
            if versions:
                aws.s3.delete_objects(Bucket=bucket, Delete={"Objects": versions})  # as many as a page has
    rows = aws.dynamodb.get_paginator("query").paginate(
        TableName=variables["DOCUMENTS_TABLE"],
        KeyConditionExpression="id_concat = :owner",
        ExpressionAttributeValues={":owner": owner},
    )
    for row in (row for page in rows for row in page["Items"]):
        key = {"id_concat": owner, "key_name": row["key_name"]}
        aws.dynamodb.delete_item(TableName=variables["DOCUMENTS_TABLE"], Key=key)
