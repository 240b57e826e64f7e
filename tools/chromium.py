"""`python -m tools.chromium`: get a Chromium for the dashboard's tests, if there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: How to get one by hand.
REMEDY: Final = (
    "On Debian and Ubuntu: apt-get install chromium. Elsewhere: .venv/bin/playwright install chromium, "
    "or set CHROMIUM to the path of one."
)
#: Why tests that need one are skipped.
MISSING: Final = f"There is no Chromium. {REMEDY}"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DOWNLOAD_SECONDS: Final = 600


def find() -> str | None:
    """Return the path of a Chromium that starts: of `CHROMIUM`, else of the system, else of Playwright."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen if _starts(chosen) else None
    installed = next((path for path in map(shutil.which, _NAMES) if path and _starts(path)), None)
    if installed:
        return installed
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if _starts(own) else None


def main() -> int:
    """Find a Chromium or install one. Return 0 if there is one."""
    if find():
        return 0
    if not os.environ.get("CHROMIUM"):
        for command in _installations():
            sys.stdout.write(f"setup: Chromium, for the dashboard's tests ({' '.join(command)})\n")
            sys.stdout.flush()
            if _succeeds(command) and find():
                return 0
    sys.stderr.write(f"setup: {MISSING}\n")
    return 1


def _installations() -> Iterator[Sequence[str]]:
    """Yield what may install one: Playwright's download, else the system's packages, never with a question."""
    yield sys.executable, "-m", "playwright", "install", "chromium"
    if not shutil.which("apt-get"):
        return
    as_root = () if os.geteuid() == 0 else ("sudo", "-n")
    if as_root and not (shutil.which("sudo") and _succeeds((*as_root, "true"))):
        return
    install = "apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends chromium"
    yield *as_root, "sh", "-c", install


def _starts(path: str) -> bool:
    # Playwright's own starts only where the system has the libraries that it needs.
    return _succeeds((path, "--version"))


def _succeeds(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, and the path of a browser
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_DOWNLOAD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
