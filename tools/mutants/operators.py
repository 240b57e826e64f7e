"""The ways in which a piece of code is weakened: each mutant changes one place of one file."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_OTHER: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
_SETS: Final = (ast.BitAnd, ast.BitOr, ast.Sub)
_KINDS: Final = frozenset({"S", "SS", "N", "BOOL", "L", "M"})
"""The types of DynamoDB's values, without which a value is none."""
# What is only read by people.
_PROSE: Final = frozenset({"description", "summary", "reason"})
# Without these a definition is another thing, or none.
_STRUCTURE: Final = frozenset({"property", "classmethod", "staticmethod", "dataclass", "jsii", "runtime_checkable"})


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one file.

    Attributes
    ----------
    path
        The file, from the root of the tree.
    line
        The number of the first changed line.
    before, after
        What the change replaces and by what, with the rest of the lines that it stands in.
    source
        The whole file with the change.
    """

    path: str
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in a list that is kept: it is the same while the code around it changes."""
        return self.path, self.before, self.after


def mutants(path: str, source: str) -> list[Mutant]:
    """Return all mutants of a file, in the order of its lines; the same ones for the same text."""
    found: dict[str, Mutant] = {}
    for start, end, text in sorted(set(_changes(ast.parse(source), _Places(source)))):
        changed = source[:start] + text + source[end:]
        if changed not in found and _parses(changed):
            found[changed] = _mutant(path, source, changed, (start, end, text))
    return list(found.values())


def replaced(path: str, source: str, before: str, after: str) -> Mutant:
    """Return the mutant in which one text, which is in the file once, is another.

    Raises
    ------
    ValueError
        It is not there, or more than once.
    """
    if source.count(before) != 1:
        raise ValueError(f"{path} has {source.count(before)} times, not once: {before!r}")
    start = source.index(before)
    return _mutant(path, source, source.replace(before, after), (start, start + len(before), after))


def _mutant(path: str, source: str, changed: str, change: tuple[int, int, str]) -> Mutant:
    start, end, text = change
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    rest = source[end : last if last >= 0 else None]
    before, after = (" ".join((source[first:start] + part + rest).split()) for part in (source[start:end], text))
    return Mutant(path=path, line=source.count("\n", 0, start) + 1, before=before, after=after, source=changed)


class _Places:
    """Where the nodes of a file stand in its text."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._lines = source.splitlines(keepends=True)

    def of(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Return where a node begins and ends."""
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno or 0, node.end_col_offset or 0)

    def text(self, node: ast.expr) -> str:
        """Return a node's text."""
        start, end = self.of(node)
        return self.source[start:end]

    def _at(self, line: int, column: int) -> int:
        """Return an offset in characters; the parser counts bytes."""
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def _changes(tree: ast.AST, places: _Places) -> Iterator[tuple[int, int, str]]:
    """Yield what to replace by what, as offsets and a text."""
    for node in _code(tree):
        yield from _of_conditions(node, places)
        yield from _of_parts(node, places)
        yield from _of_constants(node, places)


def _code(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 - a case a kind of node
    """Yield the nodes that run and decide something: neither annotations, nor documentation, nor messages."""
    yield node
    match node:
        case ast.Raise() | ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.Assert():
            return
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Assign(targets=[ast.Name(id="__all__")]):
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            arguments = node.args
            parts: Iterable[ast.AST | None] = [*arguments.defaults, *arguments.kw_defaults, *_body(node.body)]
        case ast.AnnAssign():
            parts = [node.value]
        # Without one of two values nothing could be unpacked.
        case ast.Assign(targets=[ast.Tuple()], value=ast.Tuple(elts=parts)) | ast.Return(value=ast.Tuple(elts=parts)):
            pass
        case ast.Subscript(slice=ast.Tuple()):
            parts = [node.value]
        case ast.ClassDef() | ast.Module():
            parts = _body(node.body)
        case ast.Call() if _is_about_words(node):
            return
        case ast.keyword(arg=str(name)) if name in _PROSE:
            return
        case _:
            parts = ast.iter_child_nodes(node)
    for part in parts:
        if part is not None:
            yield from _code(part)


def _body(statements: list[ast.stmt]) -> list[ast.stmt]:
    return [each for each in statements if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]


def _is_about_words(call: ast.Call) -> bool:
    """Return whether a call logs, raises later, or makes a type."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="logger"), attr=name):
            return name != "append_keys"
        case ast.Name(id=name):
            return name in {"TypeVar", "NewType", "ParamSpec", "acknowledge", "acknowledge_wildcard", "cast"}
        case _:
            return False


def _of_conditions(node: ast.AST, places: _Places) -> Iterator[tuple[int, int, str]]:  # noqa: C901 - a case a kind of node
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.If() | ast.IfExp() | ast.While():
            yield from _decided(node.test, places)
        case ast.comprehension():
            for test in node.ifs:
                yield (*places.of(test), "True")
        case ast.match_case(guard=ast.expr() as guard):
            yield from _decided(guard, places)
        case ast.BoolOp():
            for number in range(len(node.values)):
                yield _without(number, node.values, places)
        case ast.UnaryOp(op=ast.Not()):
            yield (*places.of(node), f"({places.text(node.operand)})")
        case ast.Compare():
            for number, operator in enumerate(node.ops):
                left = node.comparators[number - 1] if number else node.left
                yield places.of(left)[1], places.of(node.comparators[number])[0], f" {_OTHER[type(operator)]} "
        case ast.Call(func=ast.Name(id="any" | "all" as name)):
            start, _ = places.of(node)
            yield start, start + 3, "all" if name == "any" else "any"
        case _:
            return


def _decided(test: ast.expr, places: _Places) -> Iterator[tuple[int, int, str]]:
    """Decide a condition once for all; one with several parts in the way that leaving out a part does not show."""
    match test:
        case ast.BoolOp(op=ast.And()):
            values = ["False"]
        case ast.BoolOp():
            values = ["True"]
        case _:
            values = ["True", "False"]
    for value in values:
        yield (*places.of(test), value)


def _of_parts(node: ast.AST, places: _Places) -> Iterator[tuple[int, int, str]]:  # noqa: C901, PLR0912 - a case a kind of node
    """Leave out one part: an argument, an element, a statement, a decorator, an operand."""
    match node:
        case ast.Call():
            given: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
            for number, part in enumerate(given):
                if isinstance(part, ast.keyword) and part.arg not in _PROSE:
                    yield _without(number, given, places)
        case ast.Set(elts=[_]):  # without its one element it would be a mapping
            return
        case ast.List() | ast.Tuple() | ast.Set() if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            for number in range(len(node.elts)):
                yield _without(number, node.elts, places)
        case ast.Dict(keys=[ast.Constant(value=str(kind))]) if kind in _KINDS:
            return
        case ast.Dict():
            whole = [
                (places.of(key)[0] if key else places.of(value)[0] - 2, places.of(value)[1])
                for key, value in zip(node.keys, node.values, strict=True)
            ]
            for number in range(len(whole)):
                yield _left_out(number, whole)
        case ast.Expr(value=ast.Call() as call) if not _is_about_words(call):
            yield (*places.of(node), "pass")
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for decorator in node.decorator_list:
                if not _STRUCTURE & {part.id for part in ast.walk(decorator) if isinstance(part, ast.Name)}:
                    start, end = places.of(decorator)
                    yield start - 1, end, ""
        case ast.BinOp(op=operator) if isinstance(operator, _SETS):
            yield (*places.of(node), places.text(node.left))
        case _:
            return


def _without(
    number: int, parts: Sequence[ast.expr] | Sequence[ast.expr | ast.keyword], places: _Places
) -> tuple[int, int, str]:
    return _left_out(number, [places.of(part) for part in parts])


def _left_out(number: int, parts: Sequence[tuple[int, int]]) -> tuple[int, int, str]:
    """Return the change that leaves out one of several parts, and what stands between it and the next one."""
    start, end = parts[number]
    if number + 1 < len(parts):
        return start, parts[number + 1][0], ""
    return (parts[number - 1][1] if number else start), end, ""


def _of_constants(node: ast.AST, places: _Places) -> Iterator[tuple[int, int, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield (*places.of(node), str(not node.value))


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
