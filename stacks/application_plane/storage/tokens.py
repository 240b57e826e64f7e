"""The tokens of the S3 hands-on, and the function that issues them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stacks.platform.functions import api_function
from tenantry.functions import RuntimeLock
from tenantry.isolation.api import SharedTokens

if TYPE_CHECKING:
    from constructs import Construct

    from stacks.platform.platform import Platform
    from tenantry.functions import PythonFunction
    from tenantry.isolation.api import ApiDefaults


def shared_tokens(scope: Construct, platform: Platform, *, apis: ApiDefaults) -> tuple[SharedTokens, PythonFunction]:
    """Make the secret of the tokens, and their issuer."""
    environment = platform.environment
    tokens = SharedTokens(
        scope,
        "Tokens",
        issuer=f"{environment.application}-storage",
        published_secret=environment.hands_on_secret,
        removal_policy=environment.removal_policy,
    )
    issuer = api_function(
        scope,
        "token_issuer",
        "Issues tokens for the hands-on",
        foundation=platform,
        apis=apis,
        environment=tokens.settings,
        lock=RuntimeLock.TOKENS,
    )
    tokens.grant_read(issuer)
    return tokens, issuer
