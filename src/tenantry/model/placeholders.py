"""What stands for the tenant and the user in policies and names, until they are known."""

from __future__ import annotations

from typing import Final

TENANT: Final = "{{tenant_id}}"
"""In a policy: the tenant's id, exactly."""

TENANT_NAME: Final = "{{tenant_name}}"
"""In a policy: the tenant's id in lower case, for AWS names that must be."""

USER: Final = "{{user_id}}"
"""In a policy: the user's id."""
