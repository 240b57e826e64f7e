"""The buckets and access points of tenants' objects, by the names that a deployment says they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.model.placeholders import TENANT_IN_NAME, name_for_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.operate.environment import Environment

_SHARED: Final = {
    "prefix": "StoragePrefixBucketName",
    "tag": "StorageTagBucketName",
    "access_point": "StorageAccessPointBucketName",
    "db_nosql": "StorageDocumentsBucketName",
}


@dataclass(frozen=True, kw_only=True)
class DeployedNames:
    """What buckets and access points are called in one deployment.

    Attributes
    ----------
    shared
        The bucket that all tenants share, by partition mode.
    own_bucket, access_point
        A tenant's own, with ``{tenant}`` in the tenant's place.
    """

    shared: Mapping[str, str]
    own_bucket: str
    access_point: str

    @classmethod
    def of(cls, environment: Environment) -> DeployedNames:
        """Return the names that the outputs of an environment's storage stack say."""
        return cls(
            shared={mode: environment.output("storage", output) for mode, output in _SHARED.items()},
            own_bucket=environment.output("storage", "StorageTenantBucketName"),
            access_point=environment.output("storage", "StorageTenantAccessPointName"),
        )

    def own_bucket_of(self, tenant: str) -> str:
        """Return the name of a tenant's own bucket."""
        return name_for_tenant(self.own_bucket, tenant)

    def access_point_of(self, tenant: str) -> str:
        """Return the name of a tenant's access point."""
        return name_for_tenant(self.access_point, tenant)

    @property
    def all_begin(self) -> tuple[str, ...]:
        """What the names of this deployment begin with: whoever reads one of these has read a name."""
        return (self.own_bucket.partition(f"-{TENANT_IN_NAME}")[0], *self.shared.values())
