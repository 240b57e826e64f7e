"""What a tenant uses: counted by the stacks that hold it, shown by one that depends on none of them."""

from tenantry.isolation.metering.usage import UsageCounter, UsageRegistry

__all__ = ["UsageCounter", "UsageRegistry"]
