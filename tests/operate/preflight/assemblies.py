"""Cloud assemblies as the CDK writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_assembly(folder: Path) -> Path:
    """Write an assembly of one empty stack for any account and region, and return its folder."""
    stack = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/unknown-region",
        "properties": {"templateFile": "a.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"a": stack}}))
    (folder / "a.json").write_text("{}")
    return folder
