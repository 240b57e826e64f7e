"""Names of what is made at run time: whose they are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tenantry.model.identifiers import InvalidIdentifierError, tenant_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD: Final = re.compile(r"\{([a-z]+)\}")
_TENANT: Final = "tenant"


@dataclass(frozen=True)
class Form:
    """The form that the names of one kind of thing have, with words in braces for what differs.

    Attributes
    ----------
    kind
        The CloudFormation type of what has such names.
    text
        The form, in which account, region and the like are filled in.

    Examples
    --------
    >>> Form.of("AWS::SNS::Topic", "shop-{tenant}_{event}").matches("shop-T001_opened")
    True
    """

    kind: str
    text: str

    @classmethod
    def of(cls, kind: str, name: str, known: Mapping[str, str] | None = None) -> Form:
        """Return the form of a declared name, with what is known filled in."""
        return cls(kind, _WORD.sub(lambda word: (known or {}).get(word[1], word[0]), name))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pattern, seen = "", set[str]()
        for index, part in enumerate(_WORD.split(self.text)):
            if index % 2 == 0:
                pattern += re.escape(part)
            elif part in seen:
                pattern += f"(?P={part})"
            else:
                seen.add(part)
                # As wide as a tenant's id can be; whether it is one is asked afterwards.
                pattern += f"(?P<{part}>[A-Za-z0-9-]+)" if part == _TENANT else f"(?P<{part}>[A-Za-z0-9._-]+)"
        return re.compile(pattern)

    @property
    def literal(self) -> str:
        """What names begin with, whoever's they are."""
        return _WORD.split(self.text)[0]

    @property
    def fixed(self) -> int:
        """How many characters are the same in every such name."""
        return sum(len(part) for part in _WORD.split(self.text)[::2])

    def matches(self, name: str) -> bool:
        """Whether something of this kind may have that name."""
        found = self._pattern.fullmatch(name)
        if not found:
            return False
        try:
            tenant_id(found.groupdict().get(_TENANT, "any"))
        except InvalidIdentifierError:
            return False
        return True
