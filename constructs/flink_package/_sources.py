"""Where the application's source is: beside this package when installed, in `streaming/` in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_INSTALLED: Final = Path(__file__).parent / "_streaming"
STREAMING: Final = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "streaming"
JARS: Final = STREAMING / "jars.toml"
