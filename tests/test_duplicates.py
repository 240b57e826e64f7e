"""No six lines of the product stand twice."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).parents[1]
PRODUCT: Final = ("app.py", "constructs", "examples", "ingest_client", "lambdas", "src", "stacks", "streaming", "tools")
_LINES: Final = 6
_WORD: Final = re.compile(r"\w+")


def test_product_repeats_no_six_lines() -> None:
    files = [
        path for name in PRODUCT for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]

    assert list(_repeated(files)) == []


def test_repeated_lines_are_found(tmp_path: Path) -> None:
    body = [f"    x{number} = {number}" for number in range(_LINES)]
    (tmp_path / "one.py").write_text("\n".join(["def one():", '    """One."""', *body]))
    (tmp_path / "two.py").write_text("\n".join(["import one", "", "def two():", "    # The same.", *body]))
    (tmp_path / "less.py").write_text("\n".join(["def less():", *body[1:]]))

    found = _repeated(sorted(tmp_path.glob("*.py")))

    assert list(found) == [f"{tmp_path}/one.py:3 {tmp_path}/two.py:5"]


def _repeated(files: Sequence[Path]) -> Iterator[str]:
    places = defaultdict(list)
    for path in files:
        lines = list(_statements(path.read_text()))
        for start in range(len(lines) - _LINES + 1):
            window = lines[start : start + _LINES]
            places[tuple(text for _, text in window)].append(f"{path}:{window[0][0]}")
    yield from (" ".join(found) for found in places.values() if len(found) > 1)


def _statements(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of at least two words, without imports, signatures, docstrings and comments."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            left_out.update(range(node.lineno, node.body[0].lineno))
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.strip()
        if number not in left_out and not text.startswith("#") and len(_WORD.findall(text)) > 1:
            yield number, text
