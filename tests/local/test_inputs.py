"""What counts as input of a synthesis."""

from pathlib import Path

import pytest

from tenantry.local import inputs


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "one.py").write_text("1")
    (tmp_path / "app.py").write_text("app")
    (tmp_path / "cdk.json").write_text('{"watch": {"exclude": ["docs/**", "tests", "*.md", "cdk.json"]}}')
    return tmp_path


def _fingerprint(project: Path, *without: str) -> str:
    return inputs.fingerprint(project, inputs.read(project), without={project / name for name in without})


def test_equal_contents_have_equal_fingerprints(project: Path) -> None:
    before = _fingerprint(project)
    (project / "app.py").write_text("app")
    assert _fingerprint(project) == before


@pytest.mark.parametrize(
    "path", ["app.py", "stacks/one.py", "stacks/two.py", "functions/f/handler.py", "src/docs/x.py", "cdk.json"]
)
def test_any_input_changes_the_fingerprint(project: Path, path: str) -> None:
    before = _fingerprint(project)
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("{}")
    assert _fingerprint(project) != before


@pytest.mark.parametrize(
    "path",
    [
        "stacks/__pycache__/one.pyc",
        "docs/page.md",
        "README.md",
        ".local/outputs.json",
        "cdk.out.dev/manifest.json",
        "tests/test.py",
        "dashboard/dist/index.html",
        "dashboard/.built",
        "dashboard/node_modules/x.js",
    ],
)
def test_other_files_do_not_change_the_fingerprint(project: Path, path: str) -> None:
    before = _fingerprint(project)
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("changed")
    assert _fingerprint(project) == before


@pytest.mark.parametrize("path", ["functions/f/__init__.py", "functions/f/requirements.txt"])
def test_sources_count_even_where_the_watch_excludes_them(project: Path, path: str) -> None:
    """As the `cdk.json` of `cdk init --language python` does."""
    (project / "cdk.json").write_text('{"watch": {"exclude": ["**/__init__.py", "requirements*.txt", "*/f/*"]}}')
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("one")
    before = _fingerprint(project)
    (project / path).write_text("two")
    assert _fingerprint(project) != before


def test_a_file_that_moves_changes_the_fingerprint(project: Path) -> None:
    before = _fingerprint(project)
    (project / "stacks" / "one.py").rename(project / "stacks" / "two.py")
    assert _fingerprint(project) != before


def test_only_the_content_of_a_file_may_be_left_out(project: Path) -> None:
    before = _fingerprint(project, "stacks/one.py")
    (project / "stacks" / "one.py").write_text("2")
    assert _fingerprint(project, "stacks/one.py") == before
    assert _fingerprint(project) != before
    (project / "stacks" / "one.py").unlink()
    assert _fingerprint(project, "stacks/one.py") != before
