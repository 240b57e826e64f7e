"""What a mapping template runs before it prints, and how text gets into it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What JSON would have to escape, the backslash included, which Velocity reads differently.
_UNSAFE: Final = re.compile(r"[^ !#-\[\]-~]")
_MEANINGFUL: Final = re.compile(r"[$#]")
_CONSTANTS: Final = {'"': "${quote}", "$": "${dollar}", "#": "${hash}"}
_REFERENCE: Final = re.compile(r"(\$\{Token\[[^\]]*\]\})")  # as CDK writes one into text
# `escapeJavaScript` writes \' for an apostrophe, which is no JSON, so that it has to be undone, as AWS says:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
_ESCAPED: Final = """$util.escapeJavaScript("$!{%s}").replaceAll("\\\\'","'")"""


class UnsafeTemplateError(ValueError):
    """A piece of a template is such that a caller might break out of it."""


@runtime_checkable
class Printable(Protocol):
    """A block: a part of a template that is filled in when a request comes."""

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it; `quoted` within a string of Velocity's, whose quotes come from a variable."""
        ...


@runtime_checkable
class Member(Protocol):
    """A block that prints a whole member of an object, or nothing."""

    def printed_member(self, key: str, statements: Statements) -> str:
        """Return what prints it, with the comma before it."""
        ...


Value: TypeAlias = "bool | int | str | Printable | Member | Sequence[Value] | Mapping[str, Value] | None"


_BASE64: Final = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"


@dataclass
class Statements:
    """What has to run before a part of a template is printed; each expression once.

    Every value is text that cannot be null: Velocity's `#set` keeps the old value when the new one is null, and a loop
    would carry it from one record to the next.
    """

    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    array: str = ""
    lines: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)

    def once(self, key: str, write: Callable[[str], str]) -> str:
        """Return the variable of a key, with its braces; `write` returns the lines that set the variable of a name."""
        if key not in self.known:
            variable = self.known[key] = f"${{v{next(self.numbers)}}}"
            self.lines.append(write(bare(variable)))
        return self.known[key]

    def set(self, expression: str) -> str:
        """Return the variable of an expression, with its braces."""
        return self.once(expression, lambda name: f"#set({name} = {expression})\n")

    def path(self, path: str) -> str:
        """Return a path into the body as an argument; one that begins with ``@`` is of the item of the loop."""
        if not path.startswith("@"):
            return f"'{path}'"
        if not self.array:
            raise UnsafeTemplateError(f"{path!r} is a path of an item, and stands in no loop.")
        return bare(self.set(f'"{self.array}[${{foreach.index}}]{path[1:]}"'))

    def json(self, path: str) -> str:
        """Return the variable of a JSON value of the body, as JSON."""
        return self.set(f"$input.json({self.path(path)})")

    def raw(self, reference: str) -> str:
        """Return the variable of a text as it is: for looking at, not for printing."""
        return self.set(f'"$!{{{reference}}}"')

    def escaped(self, reference: str) -> str:
        """Return the variable of a text, escaped for JSON."""
        return self.set(_ESCAPED % reference)

    def decoded(self, reference: str) -> str:
        """Return the variable of a text that was encoded in Base64; empty where it was not: decoding might fail."""
        encoded = bare(self.raw(reference))
        return self.once(
            f"decoded {encoded}",
            lambda name: (
                f"#set({name} = '')\n#if({encoded}.matches('{_BASE64}'))\n"
                f"#set({name} = $util.base64Decode({encoded}))\n#end\n"
            ),
        )

    def unless_a_header_differs(self, name: str, reference: str) -> str:
        """Return the variable of whether no header of a name, in any case, is another text than a reference's."""
        expected = bare(self.raw(reference))
        headers = "$input.params().header"
        # Nothing of it is printed, not even a line break, which a form would take for a part of a field's name.
        # What is null equals nothing, and so differs.
        return self.once(
            f"header {name} {expected}",
            lambda flag: (
                f"#set({flag} = true)\n#foreach($header in {headers}.keySet())"
                f"#if($header.matches('(?i){name}') && !{headers}.get($header).equals({expected}))"
                f"#set({flag} = false)#end#end"
            ),
        )

    def inner(self, array: str = "") -> Statements:
        """Return the statements of a part that runs after these, in a loop over `array` perhaps."""
        return Statements(self.numbers, array or self.array, known=dict(self.known))

    def __str__(self) -> str:
        """Return the lines."""
        return "".join(self.lines)


def printed(value: Value, statements: Statements, *, quoted: bool = False) -> str:
    """Return the text that prints a value, in a template or in a string of one.

    Raises
    ------
    UnsafeTemplateError
        It is neither JSON nor a block, or a literal of it cannot stand in a template.
    """
    match value:
        case None | bool() | int():
            return json.dumps(value)
        case str():
            return in_quotes(literal(value), quoted=quoted)
        case Mapping():
            return f"{{{_members(value, statements, quoted=quoted)}}}"
        case Sequence():
            return f"[{','.join(printed(part, statements, quoted=quoted) for part in value)}]"
    if not isinstance(value, Printable):
        raise UnsafeTemplateError(f"{value!r} is neither JSON nor a block that can stand here.")
    return value.printed(statements, quoted=quoted)


def _members(value: Mapping[str, Value], statements: Statements, *, quoted: bool) -> str:
    text = ""
    for key, part in value.items():
        name = in_quotes(literal(key), quoted=quoted)
        if isinstance(part, Member):  # it may be missing, and brings its own comma
            if quoted or not text:
                raise UnsafeTemplateError(f"{key!r} depends on a condition: it can be neither first nor encoded.")
            text += part.printed_member(name, statements)
        else:
            text += f"{',' if text else ''}{name}:{printed(part, statements, quoted=quoted)}"
    return text


def bare(variable: str) -> str:
    """Return a variable without its braces: as an argument, and before a method's name."""
    return f"${variable[2:-1]}"


def in_quotes(text: str, *, quoted: bool) -> str:
    """Return a JSON text between its quotes."""
    quote = _CONSTANTS['"'] if quoted else '"'
    return f"{quote}{text}{quote}"


def literal(text: str) -> str:
    """Return `text` as it stands in a template, the two characters that mean something to Velocity in variables.

    Raises
    ------
    UnsafeTemplateError
        JSON would have to escape a part of it, or Velocity would read it differently.
    """
    parts = _REFERENCE.split(text)  # literals, and between them references that CloudFormation fills in
    if any(_UNSAFE.search(part) for part in parts[::2]):
        raise UnsafeTemplateError(f"A literal holds printable ASCII without quotes and backslashes: {text!r}.")
    parts[::2] = [_MEANINGFUL.sub(lambda found: _CONSTANTS[found[0]], part) for part in parts[::2]]
    return "".join(parts)


def with_constants(template: str) -> str:
    """Return a template with those of the constants defined that it uses."""
    used = [
        f"#set({reference.replace('{', '').replace('}', '')} = '{value}')\n"
        for value, reference in _CONSTANTS.items()
        if reference in template
    ]
    return "".join([*used, template])
