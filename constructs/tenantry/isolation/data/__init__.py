"""Tables and buckets whose items are reachable with credentials of their own tenant only."""

from tenantry.isolation.data.tenant_bucket import (
    AccessPointBucket,
    DocumentedBucket,
    PrefixBucket,
    SiloBuckets,
    TaggedBucket,
)
from tenantry.isolation.data.tenant_table import TenantTable

__all__ = ["AccessPointBucket", "DocumentedBucket", "PrefixBucket", "SiloBuckets", "TaggedBucket", "TenantTable"]
