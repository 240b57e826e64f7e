"""Where the constructs' own functions are: beside them when installed, in ``lambdas/`` in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_INSTALLED: Final = Path(__file__).parent / "_lambdas"
LAMBDAS: Final = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "lambdas"
TENANCY: Final = LAMBDAS / "tenancy"
