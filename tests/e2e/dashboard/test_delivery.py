"""Delivery of the page: headers, caching, size and errors."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
import requests

from tenantry.local.settings import find_project

if TYPE_CHECKING:
    from tests.e2e.dashboard.browser import DashboardUser, Visit

_MAX_BYTES = 200_000
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' https://cognito-idp.us-east-1.amazonaws.com; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize(
    "path", ["/", "/login", "/dashboard", "/tenant", "/no/such/page", "/config.json", "/favicon.svg"]
)
def test_every_path_returns_the_security_headers(url: str, path: str) -> None:
    answer = requests.get(f"{url}{path}", timeout=60)

    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == _POLICY
    assert {name: answer.headers[name] for name in _SECURITY_HEADERS} == _SECURITY_HEADERS
    assert "camera=()" in answer.headers["Permissions-Policy"]


def test_html_is_revalidated_and_assets_are_cached_for_a_year(url: str) -> None:
    page = requests.get(f"{url}/tenant", timeout=60)
    parts = re.findall(r'"(/assets/[^"]+)"', page.text)

    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert requests.get(f"{url}/config.json", timeout=60).headers["Cache-Control"] == "no-cache"
    assert {part.rpartition(".")[2] for part in parts} == {"js", "css"}
    for part in parts:
        answer = requests.get(f"{url}{part}", timeout=60)
        headers = answer.headers
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["Content-Type"].startswith(("text/javascript", "text/css"))
        # CloudFront does not compress files under 1,000 bytes.
        assert headers.get("Content-Encoding") == ("gzip" if len(answer.content) >= 1000 else None)


@pytest.mark.parametrize("path", ["/assets/gone.js", "/gone.css", "/site/index.html.bak", "/published.json"])
def test_missing_file_returns_403(url: str, path: str) -> None:
    assert requests.get(f"{url}{path}", timeout=60).status_code == 403


def test_api_errors_are_passed_through_and_not_cached(url: str) -> None:
    answer = requests.get(f"{url}/api/tenant/nothing", timeout=60)

    assert answer.status_code == 403
    assert "message" in answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_page_rejects_write_methods(url: str, method: str) -> None:
    assert requests.request(method, f"{url}/index.html", data="mine", timeout=60).status_code == 403


def test_first_load_is_under_the_size_limit(ada: DashboardUser, visit: Visit) -> None:
    sizes: dict[str, int] = {}
    visit.page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
    visit.sign_in(ada)
    visit.page.wait_for_load_state("networkidle")

    own = {url: size for url, size in sizes.items() if "/api/" not in url and "_cognito" not in url}
    assert len(own) > 5
    assert 0 < sum(own.values()) < _MAX_BYTES


def test_compressed_build_is_under_the_size_limit() -> None:
    built = find_project() / "dashboard" / "dist"
    files = [path for path in built.rglob("*") if path.suffix in {".html", ".js", ".css", ".svg"}]

    assert len(files) > 8
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < _MAX_BYTES
