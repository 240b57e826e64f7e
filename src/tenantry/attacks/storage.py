"""Tenants' objects: as their owners see them through the storage API, and as the operator does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.assertions import expect
from tenantry.attacks.http import Api
from tenantry.attacks.items import query
from tenantry.attacks.per_run import PerRun

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.attacks.accounts import Person
    from tenantry.attacks.http import Reply
    from tenantry.attacks.world import World
    from tenantry.operate.aws import Aws

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

    def row(self, key: str) -> dict[str, Any]:
        """Return the key of the row with the metadata of an object."""
        return {"id_concat": {"S": f"{self.tenant}^{self.user}"}, "key_name": {"S": key}}


class Storage(PerRun):
    """The storage API of one run, and what is behind it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._target = world.target
        self._api = Api(world.http, world.target.storage_api)

    @property
    def inner_names(self) -> tuple[str, ...]:
        """What a reply of the API never shows, the names of buckets first."""
        return (*self._target.storage_names.all_begin, "arn:aws", "AccessDenied", "NoSuchKey", "<Error>")

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
        reply = expect(self.issue({"x-tenant-id": tenant, "x-user-id": user}, by=self._target.aws), "Issuing a token")
        token = str(reply.json()["result"]["token"])
        self._world.accounts.keep_private([token.rsplit(".", 1)[-1]])
        return Owner(tenant=tenant, user=user, token=token)

    def issue(self, headers: Mapping[str, str], *, by: Aws | None = None) -> Reply:
        """Ask for a token, signed by a principal or by nobody."""
        return self._api("GET", "/token", signer=self._world.signer(by) if by else None, headers=headers)

    # The API

    def send(
        self,
        method: str,
        where: str,
        token: str | None,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Reply:
        """Send a request for objects, its query as written."""
        own = {"x-token": token} if token is not None else {}
        return self._api(method, f"/object{where}", body=body, headers={**own, **(headers or {})})

    def put(self, owner: Owner, mode: str, body: object, **headers: str) -> Reply:
        """Send a body to be stored."""
        return self.send("PUT", f"?partition={mode}", owner.token, headers=headers, body=body)

    def store(self, owner: Owner, mode: str, key: str, value: str) -> None:
        """Store an object, and see that it can be read."""
        reply = expect(self.put(owner, mode, {"key": key, "value": value}), f"Storing an object ({mode})")
        if self.content(owner, mode, key) != value:
            raise SetupError(f"An object cannot be read again ({mode}): {reply}")

    def get(self, owner: Owner, mode: str, key: str) -> Reply:
        """Ask for an object."""
        return self.send("GET", f"?{urlencode({'partition': mode, 'key': key}, quote_via=quote)}", owner.token)

    def listing(self, owner: Owner, mode: str, more: str = "") -> Reply:
        """Ask for the names of all objects."""
        return self.send("GET", f"?partition={mode}{more}", owner.token)

    def names(self, owner: Owner, mode: str) -> list[str]:
        """Return the names of an owner's objects."""
        found = self.listing(owner, mode).field("result")
        if not isinstance(found, list):
            raise SetupError(f"The objects of a tenant cannot be listed ({mode}).")
        return sorted(found)

    def content(self, owner: Owner, mode: str, key: str) -> str | None:
        """Return what an owner reads under a key; None if it cannot be read."""
        reply = self.get(owner, mode, key)
        result = reply.field("result") if reply.field("status") == "OK" else None
        return result if isinstance(result, str) else None

    # What is behind it

    def bucket(self, mode: str, tenant: str) -> str:
        """Return the bucket of a mode, or the ARN of a tenant's access point."""
        names, aws = self._target.storage_names, self._target.aws
        match mode:
            case "bucket":
                return names.own_bucket_of(tenant)
            case "access_point":
                return f"arn:aws:s3:{aws.region}:{self._world.account}:accesspoint/{names.access_point_of(tenant)}"
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
        self._world.remove(f"the objects of {user} in {tenant}", partial(self._sweep, tenant, user))

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
        for row in query(self._target.aws, table, "id_concat", f"{tenant}^{user}"):
            database.delete_item(TableName=table, Key={name: row[name] for name in ("id_concat", "key_name")})
