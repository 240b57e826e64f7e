"""Tenants' objects: as their owners see them through the storage API, and as the operator does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.per_run import PerRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World

MODES: Final = ("bucket", "prefix", "tag", "access_point", "db_nosql")
"""The ways in which the storage API keeps tenants apart."""

_GONE: Final = frozenset({"NoSuchBucket", "NoSuchAccessPoint"})


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Someone who has objects.

    Attributes
    ----------
    tenant, user
        Whose they are.
    token
        What proves it.
    """

    tenant: str
    user: str
    token: str = ""

    @property
    def prefix(self) -> str:
        """What their keys begin with in a shared bucket."""
        return f"{self.tenant}/{self.user}/"


class Storage(PerRun):
    """The storage API of one run, and what is behind it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._target = world.target

    @property
    def inner_names(self) -> tuple[str, ...]:
        """What a reply of the API never shows, the names of buckets first."""
        return (*self._target.storage_names.all_begin, "arn:aws", "AccessDenied", "NoSuchKey", "<Error>")

    @cached_property
    def account(self) -> str:
        """The account that the buckets are in."""
        return self._target.aws.sts.get_caller_identity()["Account"]

    # Owners

    def owner(self, person: Person) -> Owner:
        """Return one of the users as an owner; their ID token is what proves it."""
        self.sweep(person.tenant, person.user_id)
        return Owner(tenant=person.tenant, user=person.user_id, token=person.tokens.id)

    @property
    def alice(self) -> Owner:
        """The attacker."""
        return self.owner(self._world.users.alice)

    @property
    def bob(self) -> Owner:
        """The victim."""
        return self.owner(self._world.users.bob)

    @property
    def carol(self) -> Owner:
        """Another user of the attacker's tenant."""
        return self.owner(self._world.users.carol)

    def stranger(self, tenant: str, user: str) -> Owner:
        """Return an owner who has no account: the operator has a token issued, which works in every environment."""
        self._world.run_resources.tenant(tenant)
        self.sweep(tenant, user)
        reply = self.issue({"x-tenant-id": tenant, "x-user-id": user}, signed=True)
        answer = reply.json()
        if not reply.ok or not isinstance(answer, dict):
            raise SetupError(f"No token was issued: {reply}")
        token = str(answer["result"]["token"])
        self._world.accounts.keep_private([token.rsplit(".", 1)[-1]])
        return Owner(tenant=tenant, user=user, token=token)

    def issue(self, headers: Mapping[str, str], *, signed: bool) -> Reply:
        """Ask for a token."""
        url = f"{self._target.storage_api}/token"
        signature = self._world.signer().headers("GET", url) if signed else {}
        return self._world.http.send("GET", url, headers={**signature, **headers})

    # The API

    def send(
        self,
        method: str,
        query: str,
        token: str | None,
        *,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
    ) -> Reply:
        """Send a request for objects, its query as written."""
        sent = {"x-token": token} if token is not None else {}
        if body is not None:
            sent["Content-Type"] = "application/json"
        url = f"{self._target.storage_api}/object{query}"
        return self._world.http.send(method, url, headers={**sent, **(headers or {})}, body=body)

    def put(self, owner: Owner, mode: str, body: str | bytes, **headers: str) -> Reply:
        """Send a body to be stored."""
        return self.send("PUT", f"?partition={mode}", owner.token, headers=headers, body=body)

    def get(self, owner: Owner, mode: str, key: str) -> Reply:
        """Ask for an object."""
        return self.send("GET", f"?{urlencode({'partition': mode, 'key': key}, quote_via=quote)}", owner.token)

    def listing(self, owner: Owner, mode: str, more: str = "") -> Reply:
        """Ask for the names of all objects."""
        return self.send("GET", f"?partition={mode}{more}", owner.token)

    def names(self, owner: Owner, mode: str) -> list[str]:
        """Return the names of an owner's objects."""
        answer = self.listing(owner, mode).json()
        if not isinstance(answer, dict) or not isinstance(answer.get("result"), list):
            raise SetupError(f"The objects of a tenant cannot be listed ({mode}).")
        return sorted(answer["result"])

    def content(self, owner: Owner, mode: str, key: str) -> str | None:
        """Return what an owner reads under a key; None if it cannot be read."""
        answer = self.get(owner, mode, key).json()
        result = answer.get("result") if isinstance(answer, dict) and answer.get("status") == "OK" else None
        return result if isinstance(result, str) else None

    # What is behind it

    def bucket(self, mode: str, tenant: str) -> str:
        """Return the bucket of a mode, or the ARN of a tenant's access point."""
        names, aws = self._target.storage_names, self._target.aws
        match mode:
            case "bucket":
                return names.own_bucket_of(tenant)
            case "access_point":
                return f"arn:aws:s3:{aws.region}:{self.account}:accesspoint/{names.access_point_of(tenant)}"
            case _:
                return names.shared[mode]

    def shared_bucket(self, mode: str) -> str:
        """Return the bucket that all tenants share in a mode."""
        return self._target.storage_names.shared[mode]

    @staticmethod
    def full_key(mode: str, owner: Owner, key: str = "") -> str:
        """Return the key of an owner's object as it is stored."""
        return f"{owner.user}/{key}" if mode == "bucket" else f"{owner.prefix}{key}"

    def sweep(self, tenant: str, user: str) -> None:
        """Have all objects and rows of a user removed in the end, with whatever else is in the tenant's bucket."""
        undo = partial(self._sweep, tenant, user)
        what = f"the objects of {user} in {tenant}"
        self._world.once(f"sweep {what}", lambda: self._world.cleanup.later(what, undo))

    def _sweep(self, tenant: str, user: str) -> None:
        for mode in MODES:
            self._empty(self.bucket(mode, tenant), "" if mode == "bucket" else f"{tenant}/")
        self.forget_rows(tenant, user)

    def _empty(self, bucket: str, prefix: str) -> None:
        s3 = self._target.aws.s3
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
                found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                for version in found:
                    s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise

    def forget_rows(self, tenant: str, user: str) -> None:
        """Remove the metadata of a user's objects."""
        database, table = self._target.aws.dynamodb, self._target.metadata_table
        pages = database.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression="id_concat = :owner",
            ExpressionAttributeValues={":owner": {"S": f"{tenant}^{user}"}},
            ProjectionExpression="id_concat, key_name",
        )
        for row in [row for page in pages for row in page["Items"]]:
            database.delete_item(TableName=table, Key=row)
