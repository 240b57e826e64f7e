"""The other CDK app of docs/constructs.md, taken from there, so that what the page shows is what runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.packaging.project import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_SNIPPET = re.compile(r"```python\n# (\S+)\n(.*?)```", re.DOTALL)


def write(folder: Path) -> None:
    """Write the app into a folder."""
    for name, code in _SNIPPET.findall((ROOT / "docs" / "constructs.md").read_text()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(code)
