"""The storage API as its callers use it, and as an operator sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from tenantry.model.identifiers import RESERVED_WORDS

if TYPE_CHECKING:
    from tenantry.attacks.http import Http, Reply
    from tenantry.attacks.target import Target

ACCOUNT: Final = "000000000000"

PARTITIONS: Final = ("bucket", "prefix", "tag", "access_point", "db_nosql")


@dataclass(frozen=True)
class StorageApi:
    """The API at a URL.

    Attributes
    ----------
    http
        Sends its requests.
    url
        The API's address, stage included.
    """

    http: Http
    url: str

    def token(self, tenant: str, user: str) -> str:
        """Ask for a token, as the hands-on does."""
        answer = self.http.send("GET", f"{self.url}/token", headers={"x-tenant-id": tenant, "x-user-id": user})
        assert answer.status == 200, answer
        token: str = answer.json()["result"]["token"]
        return token

    def put(self, token: str, partition: str, key: str, value: str) -> Reply:
        """Store an object."""
        return self.send("PUT", token, json.dumps({"key": key, "value": value}), partition=partition)

    def get(self, token: str, partition: str, key: str) -> Reply:
        """Ask for an object's content."""
        return self.send("GET", token, partition=partition, key=key)

    def names(self, token: str, partition: str) -> list[str]:
        """Return the names of the caller's objects."""
        answer = self.send("GET", token, partition=partition)
        assert answer.status == 200, answer
        result: list[str] = answer.json()["result"]
        return result

    def send(self, method: str, token: str | None, body: str | None = None, **query: str) -> Reply:
        """Send a request to ``/object``."""
        headers = {} if token is None else {"x-token": token}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self.url}/object" + (f"?{urlencode(query)}" if query else "")
        return self.http.send(method, url, headers=headers, body=body)


class Operator:
    """The storage stack in the operator's hand.

    Parameters
    ----------
    target
        Where it is deployed.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self.s3 = target.aws.s3
        self.database = target.aws.dynamodb

    def resource(self, stack: str, kind: str, logical_id: str) -> str:
        """Return the physical id of the one resource of a stack whose logical id begins so."""
        pages = self._target.aws.cloudformation.get_paginator("list_stack_resources")
        (found,) = (
            resource.get("PhysicalResourceId", "")
            for page in pages.paginate(StackName=f"{self._target.app}-{stack}")
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == kind and resource["LogicalResourceId"].startswith(logical_id)
        )
        return found

    def empty(self, bucket: str) -> None:
        """Remove every version of every object."""
        for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                self.s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])

    def is_onboarded(self, tenant: str) -> bool:
        """Return whether a tenant has its bucket and its access point, and both their policies, which come last."""
        try:
            self.s3.get_bucket_policy(Bucket=own_bucket(tenant))
            self._target.aws.s3control.get_access_point_policy(AccountId=ACCOUNT, Name=f"aws-saas-s3-{tenant}")
        except ClientError:
            return False
        return True

    def rows(self, tenant: str, user: str) -> list[dict[str, Any]]:
        """Return the metadata of a user's objects."""
        found = self.database.query(
            TableName=self._target.metadata_table,
            KeyConditionExpression="id_concat = :owner",
            ExpressionAttributeValues={":owner": {"S": f"{tenant}^{user}"}},
        )
        return list(found["Items"])

    def written(self, tenant: str, user: str) -> list[str]:
        """Return whatever there is of a tenant and user: objects, versions, rows, a bucket."""
        shared = [f"aws-saas-s3-{form}-{ACCOUNT}" for form in RESERVED_WORDS]
        objects = [
            version["Key"]
            for bucket in shared
            for version in self.s3.list_object_versions(Bucket=bucket, Prefix=tenant).get("Versions", [])
        ]
        rows = [row["key_name"]["S"] for row in self.rows(tenant, user)]
        buckets = [found["Name"] for found in self.s3.list_buckets()["Buckets"] if found["Name"] == own_bucket(tenant)]
        return objects + rows + buckets


def own_bucket(tenant: str) -> str:
    """Return the name of a tenant's own bucket."""
    return f"aws-saas-s3-{tenant.lower()}-{ACCOUNT}"


def result(reply: Reply) -> Any:  # noqa: ANN401 - whatever the API answers
    """Return the result of a reply that must be a success."""
    assert reply.ok, reply
    return reply.json()["result"]
