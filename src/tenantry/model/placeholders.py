"""What stands for the tenant and the user in policies and names, until they are known."""

from __future__ import annotations

import re
from typing import Final

TENANT: Final = "{{tenant_id}}"
"""In a policy: the tenant's id, exactly."""

TENANT_NAME: Final = "{{tenant_name}}"
"""In a policy: the tenant's id in lower case, for AWS names that must be."""

USER: Final = "{{user_id}}"
"""In a policy: the user's id."""

PLACEHOLDER: Final = re.compile(r"\{\{(\w*)\}\}")
"""A placeholder of a policy; the group is its name."""

TENANT_IN_NAME: Final = "{tenant}"
"""In a name or a key that is completed at run time: the tenant's id."""

USER_IN_NAME: Final = "{user}"
"""In a name or a key that is completed at run time: the user's id."""


def run_time_form(text: str) -> str:
    """Return a text with a policy's placeholders as names have them."""
    return text.replace(TENANT, TENANT_IN_NAME).replace(TENANT_NAME, TENANT_IN_NAME).replace(USER, USER_IN_NAME)


def name_for_tenant(name: str, tenant: str) -> str:
    """Return a tenant's own name of a bucket, an access point or a key: AWS takes them in lower case."""
    return name.replace(TENANT_IN_NAME, tenant.lower())
