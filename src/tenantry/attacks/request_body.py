"""A body of a request, as the surfaces list them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenantry.attacks import threats

if TYPE_CHECKING:
    from tenantry.attacks.threats import Threat


@dataclass(frozen=True)
class Body:
    """A body for a path of one's own.

    Attributes
    ----------
    slug, tries
        Its name, and what it is.
    text
        The body; MARK stands for a word of its own, OTHER for another's tenant.
    content_type
        The content type it is sent with.
    stored
        What may be stored instead of refusing it; None if it must be refused.
    threat
        What it would mean if it succeeded.
    """

    slug: str
    tries: str
    text: str | bytes
    content_type: str = "application/json"
    stored: Any = None
    threat: Threat = threats.INJECTION
