"""A web page: headers, bucket policy and build."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest
from aws_cdk import Stack

from tenantry.functions import FunctionDefaults, package_folder
from tenantry.web import PageApi, PageDomain, WebPage
from tenantry.web import build as building
from tests.synthesized import ROOT, Template, assembly, new_app, template

if TYPE_CHECKING:
    from pathlib import Path

_PAGE: Final = ROOT / "dashboard"


def _synthesize(**options: Any) -> Template:  # noqa: ANN401 - the page's own parameters
    stack = Stack(new_app(), "stack")
    WebPage(
        stack,
        "Page",
        **{
            "source": _PAGE,
            "apis": [PageApi(name="tenant", url="https://abc.execute-api.eu-north-1.amazonaws.com/prod")],
            "talks_to": ["https://cognito-idp.eu-north-1.amazonaws.com"],
            "settings": {"application": "app"},
            "function_defaults": FunctionDefaults(namespace="app"),
            **options,
        },
    )
    return template(stack)


def _of(found: Template, kind: str) -> list[dict[str, Any]]:
    return [resource["Properties"] for resource in found["Resources"].values() if resource["Type"] == kind]


@pytest.fixture(scope="module")
def page() -> Template:
    return _synthesize()


@pytest.fixture(scope="module")
def distribution(page: Template) -> dict[str, Any]:
    config: dict[str, Any] = _of(page, "AWS::CloudFront::Distribution")[0]["DistributionConfig"]
    return config


def _policy(page: Template, behavior: dict[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = page["Resources"][behavior["ResponseHeadersPolicyId"]["Ref"]]["Properties"][
        "ResponseHeadersPolicyConfig"
    ]
    return config


def test_csp_allows_own_scripts_and_given_origins(page: Template, distribution: dict[str, Any]) -> None:
    headers = _policy(page, distribution["DefaultCacheBehavior"])["SecurityHeadersConfig"]
    parts = dict(part.split(" ", 1) for part in headers["ContentSecurityPolicy"]["ContentSecurityPolicy"].split("; "))

    assert parts["default-src"] == "'none'"
    assert parts["script-src"] == parts["style-src"] == "'self'"
    assert parts["connect-src"] == "'self' https://cognito-idp.eu-north-1.amazonaws.com"
    assert parts["frame-ancestors"] == parts["base-uri"] == parts["form-action"] == "'none'"
    assert "unsafe" not in str(parts)
    assert all(header["Override"] for header in headers.values())
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 365 * 24 * 3600


def test_api_replies_are_not_cached_and_requests_are_forwarded(page: Template, distribution: dict[str, Any]) -> None:
    (behavior,) = distribution["CacheBehaviors"]
    custom = _policy(page, behavior)["CustomHeadersConfig"]["Items"]

    assert behavior["PathPattern"] == "/api/tenant/*"
    assert behavior["ViewerProtocolPolicy"] == "https-only"
    assert behavior["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # AWS's CachingDisabled
    assert set(behavior["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    assert {"Header": "Cache-Control", "Override": True, "Value": "no-store"} in custom


def test_page_allows_read_methods_only(distribution: dict[str, Any]) -> None:
    assert distribution["DefaultCacheBehavior"]["AllowedMethods"] == ["GET", "HEAD"]
    assert distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    # A page of the page's own in the place of an error would also stand for the errors of APIs and files.
    assert "CustomErrorResponses" not in distribution


def test_bucket_allows_this_distribution_only(page: Template) -> None:
    (bucket,) = _of(page, "AWS::S3::Bucket")
    statements = _of(page, "AWS::S3::BucketPolicy")[0]["PolicyDocument"]["Statement"]
    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert allowed["Action"] == "s3:GetObject"
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert list(allowed["Condition"]) == ["StringEquals"]
    assert list(allowed["Condition"]["StringEquals"]) == ["AWS:SourceArn"]


def test_publisher_reads_one_asset_and_writes_one_bucket(page: Template) -> None:
    (policy,) = [
        policy["PolicyDocument"]["Statement"]
        for policy in _of(page, "AWS::IAM::Policy")
        if "PublisherRole" in json.dumps(policy["Roles"])
    ]
    resources = [json.dumps(statement["Resource"]) for statement in policy if "xray" not in json.dumps(statement)]

    assert not [resource for resource in resources if resource == '"*"']
    assert sum("assets" in resource for resource in resources) == 1
    assert all(".zip" in resource for resource in resources if "assets" in resource)


def test_custom_domain_sets_certificate_and_tls() -> None:
    domain = PageDomain(
        name="app.example.com", certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/00000000"
    )
    (found,) = _of(_synthesize(domain=domain), "AWS::CloudFront::Distribution")

    assert found["DistributionConfig"]["Aliases"] == ["app.example.com"]
    assert found["DistributionConfig"]["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_dashboard_uses_its_deployments_apis_and_cognito(environment: str) -> None:
    found = assembly(environment).templates["dashboard"]
    (published,) = _of(found, "Custom::WebPage")
    settings = json.dumps(published["Settings"])

    for name in ("tenant", "storage", "parks"):
        assert f"/api/{name}" in settings
    assert "cognito-idp." in settings
    assert "secret" not in settings.lower()


# The functions at the edge, run as they are


def _edge(name: str, uri: str) -> str:
    node = shutil.which("node")
    assert node
    source = (package_folder("tenantry.web") / "edge" / name).read_text()
    script = f"{source}\nprocess.stdout.write(handler({{request: {{uri: {json.dumps(uri)}}}}}).uri)"
    return subprocess.run([node, "-e", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/", "/index.html"),
        ("/tenant", "/index.html"),
        ("/a/b/c", "/index.html"),
        ("/assets/index-1.js", "/assets/index-1.js"),
        ("/config.json", "/config.json"),
        ("/v1.2/page", "/index.html"),
    ],
)
def test_page_paths_return_the_page(uri: str, expected: str) -> None:
    assert _edge("pages.js", uri) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/api/tenant/tenant/t1", "/tenant/t1"),
        ("/api/parks/parks", "/parks"),
        ("/api/tenant/", "/"),
        ("/api/tenant/api/storage/object", "/api/storage/object"),
    ],
)
def test_api_path_prefix_is_removed(uri: str, expected: str) -> None:
    assert _edge("apis.js", uri) == expected


# The build


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "src").mkdir()
    for name in ("package.json", "package-lock.json", "src/main.ts"):
        (tmp_path / name).write_text("{}")
    calls: list[str] = []
    monkeypatch.setattr(building, "_npm", lambda where, *words: _npm(where, calls, words))
    monkeypatch.setattr(building, "calls", calls, raising=False)
    return tmp_path


def _npm(source: Path, calls: list[str], words: tuple[str, ...]) -> None:
    calls.append(words[0])
    if words[0] == "ci":
        (source / "node_modules").mkdir(exist_ok=True)
        (source / "node_modules" / ".package-lock.json").write_text("{}")
    else:
        (source / "dist").mkdir(exist_ok=True)
        (source / "dist" / "index.html").write_text((source / "src" / "main.ts").read_text())


def _calls() -> list[str]:
    calls: list[str] = building.calls  # type: ignore[attr-defined]  # put there by the fixture
    return calls


def test_page_is_built_once_per_source_state(source: Path) -> None:
    assert (building.build(source) / "index.html").read_text() == "{}"
    building.build(source)
    assert _calls() == ["ci", "run"]

    (source / "src" / "main.ts").write_text("changed")
    assert (building.build(source) / "index.html").read_text() == "changed"
    assert _calls() == ["ci", "run", "run"]


def test_packages_are_reinstalled_only_for_a_new_lock(source: Path) -> None:
    building.build(source)
    (source / "package-lock.json").write_text('{"lockfileVersion": 3}')
    installed = source / "node_modules" / ".package-lock.json"
    before = (source / "package-lock.json").stat().st_mtime - 10
    os.utime(installed, (before, before))
    building.build(source)

    assert _calls() == ["ci", "run", "ci", "run"]


def test_hash_covers_the_pages_sources(source: Path) -> None:
    before = building.page_hash(source)
    for folder in ("node_modules", "dist"):
        (source / folder).mkdir(exist_ok=True)
        (source / folder / "x.js").write_text("x")
    (source / "src" / "main.test.ts").write_text("x")
    assert building.page_hash(source) == before

    (source / "src" / "main.ts").write_text("x")
    assert building.page_hash(source) != before


def test_failed_build_is_reported_and_not_cached(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:  # noqa: ANN401 - whatever it is called with
        raise building.PageBuildError("npm run build failed")

    monkeypatch.setattr(building, "_npm", fail)
    for _ in range(2):
        with pytest.raises(building.PageBuildError):
            building.build(source)
