"""Cursors for the pages of a listing, each valid for one tenant only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.isolation.direct.mapping_template import BodyText, ContextText, Given, Matches, QueryText, Text
from tenantry.isolation.direct.template_statements import UnsafeTemplateError, bare, in_quotes
from tenantry.model.authorizer_context import TENANT_ID, context_path

if TYPE_CHECKING:
    from tenantry.isolation.direct.mapping_template import Condition
    from tenantry.isolation.direct.template_statements import Statements

_TENANT: Final = ContextText(context_path(TENANT_ID))
_SEPARATOR: Final = ":"  # in no tenant id


@dataclass(frozen=True)
class PageCursor:
    """A parameter of a query that says where the next page begins: the tenant and the last item's id, in Base64.

    Isolation: of what a caller sends, the id of an item is used and no more; the partition is always that of the
    authorizer's tenant. A cursor that was given to another tenant is refused all the same (`sound`): it could only
    have been stolen.

    Attributes
    ----------
    pattern
        What the whole of an item's id is as.
    parameter
        The parameter's name.
    """

    pattern: str
    parameter: str = "cursor"

    def __post_init__(self) -> None:
        """Refuse a pattern that allows the separator."""
        if _SEPARATOR in self.pattern:
            raise UnsafeTemplateError(f"The id of an item must not hold {_SEPARATOR!r}: {self.pattern!r}.")

    @property
    def given(self) -> Condition:
        """Whether there is one."""
        return Given(QueryText(self.parameter))

    @property
    def sound(self) -> Condition:
        """Whether there is none, or one that this tenant was given."""
        return _Sound(self)

    @property
    def position(self) -> Text:
        """The id of the last item of the page before; where the cursor is sound, and there is one."""
        return _Position(self)

    def decoded(self, statements: Statements) -> str:
        """Return the variable of its content."""
        return statements.decoded(QueryText(self.parameter).reference(statements))


@dataclass(frozen=True)
class NextPage:
    """The cursor for the next page, made of the id at a path of the reply, such as ``$.LastEvaluatedKey.sk.S``."""

    path: str

    @property
    def exists(self) -> Condition:
        """Whether there is a next page."""
        return Given(BodyText(self.path))

    def printed(self, statements: Statements, *, quoted: bool) -> str:
        """Return what prints it."""
        tenant, item = (text.reference(statements) for text in (_TENANT, BodyText(self.path)))
        encoded = statements.set(f'$util.base64Encode("$!{{{tenant}}}{_SEPARATOR}$!{{{item}}}")')
        return in_quotes(encoded, quoted=quoted)


@dataclass(frozen=True)
class _Sound:
    cursor: PageCursor

    def expression(self, statements: Statements) -> str:
        """Return it in Velocity's words."""
        none = Matches(QueryText(self.cursor.parameter), "").expression(statements)
        content = bare(self.cursor.decoded(statements))
        beginning = bare(statements.set(f'"$!{{{_TENANT.reference(statements)}}}{_SEPARATOR}"'))
        form = f"[^{_SEPARATOR}]+{_SEPARATOR}({self.cursor.pattern})"
        return f"({none} || ({content}.startsWith({beginning}) && {content}.matches('{form}')))"


@dataclass(frozen=True)
class _Position(Text):
    cursor: PageCursor

    def reference(self, statements: Statements) -> str:
        """Return Velocity's reference to it."""
        content = self.cursor.decoded(statements)
        return f"{content[2:-1]}.replaceAll('^[^{_SEPARATOR}]*{_SEPARATOR}','')"
