"""Objects of a construct's class for what another stack has made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from constructs import Construct

if TYPE_CHECKING:
    from collections.abc import Callable

Made = TypeVar("Made", bound=Construct)


def imported(cls: type[Made], scope: Construct, construct_id: str, refer: Callable[[Made], None]) -> Made:
    """Return an object of a class that makes no resource; `refer` sets what the class's other methods need."""

    def initialize(self: Made) -> None:
        Construct.__init__(self, scope, construct_id)
        refer(self)

    metaclass: Any = type(cls)
    found: Made = metaclass(cls.__name__, (cls,), {"__init__": initialize})()
    return found
