"""The page as Google's Lighthouse sees it: the first load of who has never been here, on a phone and on a desk."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.result import Figure, NotReadyError
from tenantry.local.cdk import search_path
from tenantry.local.settings import StateFolder, find_project, read_json
from tools.chromium import REMEDY, find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Fetched for the occasion: a hundred megabytes that nothing else needs.
_LIGHTHOUSE: Final = "lighthouse@12.2.3"
_FORMS: Final[Mapping[str, Sequence[str]]] = {"phone": (), "desk": ("--preset=desktop",)}
_TIMES: Final = {
    "largest-contentful-paint": ("largest paint", "ms"),
    "total-blocking-time": ("blocked", "ms"),
    "cumulative-layout-shift": ("layout shift", ""),
}
_PATIENCE_SECONDS: Final = 300


def measure(state: Path) -> Sequence[Figure]:
    """Let Lighthouse load the page of the local cloud, slowed down to what it takes for usual."""
    outputs = read_json(StateFolder(state.absolute()).outputs) or {}
    url = next((stack["DashboardUrl"] for stack in outputs.values() if "DashboardUrl" in stack), None)
    if url is None:
        raise NotReadyError("the local cloud is not up; run `make up` first.")
    browser = find()
    if browser is None:
        raise NotReadyError(f"there is no Chromium. {REMEDY}")
    figures = []
    for form, options in _FORMS.items():
        found = _load(f"{url}/login", browser, options)
        for name, category in found["categories"].items():
            figures.append(Figure(f"{form}: {name}", round(category["score"] * 100), "of 100"))
        for audit, (name, unit) in _TIMES.items():
            figures.append(Figure(f"{form}: {name}", round(found["audits"][audit]["numericValue"], 3), unit))
    size = found["audits"]["total-byte-weight"]["numericValue"]
    return [*figures, Figure("first load", round(size / 1000, 1), "KB", "compressed by gzip")]


def _load(url: str, browser: str, options: Sequence[str]) -> dict[str, Any]:
    npx = Path(sysconfig.get_path("scripts")) / "npx"
    done = subprocess.run(  # noqa: S603 - own words
        [
            str(npx),
            "--yes",
            _LIGHTHOUSE,
            url,
            "--quiet",
            "--output=json",
            "--only-categories=performance,accessibility,best-practices",
            "--chrome-flags=--headless=new --no-sandbox",
            *options,
        ],
        env={**os.environ, "PATH": search_path(find_project()), "CHROME_PATH": browser},
        capture_output=True,
        text=True,
        check=True,
        timeout=_PATIENCE_SECONDS,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report
