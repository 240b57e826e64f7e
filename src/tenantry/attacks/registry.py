"""The registry of attacks: each has one id, one surface and one threat."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from tenantry.attacks.outcome import Outcome
    from tenantry.attacks.threats import Threat
    from tenantry.attacks.world import World

Ts = TypeVarTuple("Ts")
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attempt to do what must never happen.

    Attributes
    ----------
    id
        Its unique name: the surface, a hyphen, and a slug.
    surface
        What is attacked, such as ``tenant-api``.
    threat
        What it would mean if it succeeded.
    tries
        What the attacker does.
    must
        What has to happen instead.
    run
        Does it.
    last
        Whether it looks at what all the others left behind, and so runs after them.
    """

    id: str
    surface: str
    threat: Threat
    tries: str
    must: str
    run: Callable[[World], Outcome]
    last: bool = False


class UnknownAttackError(LookupError):
    """No attack or surface has the name that was asked for."""


class Registry:
    """A set of attacks, by the name of their surface and then in the order in which they were added."""

    def __init__(self) -> None:
        self._attacks: dict[str, Attack] = {}
        self._descriptions: dict[str, str] = {}

    def __iter__(self) -> Iterator[Attack]:
        """Iterate over the attacks."""
        return iter(sorted(self._attacks.values(), key=lambda attack: attack.surface))

    def __len__(self) -> int:
        """Count the attacks."""
        return len(self._attacks)

    def add(self, attack: Attack) -> None:
        """Add an attack.

        Raises
        ------
        ValueError
            The id is taken or malformed, or the attack does not say what it tries and what must happen.
        """
        if attack.id in self._attacks:
            raise ValueError(
                f"Two attacks have the id '{attack.id}': {self._attacks[attack.id].tries!r}, {attack.tries!r}."
            )
        if not _SLUG.fullmatch(attack.id):
            raise ValueError(f"The attack id '{attack.id}' is not lower-case words with hyphens between them.")
        if not attack.tries or not attack.must:
            raise ValueError(f"The attack '{attack.id}' must say what it tries and what must happen.")
        self._attacks[attack.id] = attack

    def surfaces(self) -> list[str]:
        """Return the names of the surfaces, in order."""
        return list(dict.fromkeys(attack.surface for attack in self))

    def select(self, surfaces: Collection[str] = (), ids: Collection[str] = ()) -> list[Attack]:
        """Return the attacks on the given surfaces and with the given ids; all of them if neither is given.

        Raises
        ------
        UnknownAttackError
            A surface or id does not exist.
        """
        for kind, asked, known in (("surface", surfaces, self.surfaces()), ("attack", ids, list(self._attacks))):
            if unknown := [name for name in asked if name not in known]:
                raise UnknownAttackError(
                    f"There is no {kind} {', '.join(unknown)}. `python -m tenantry.attacks --list` shows all."
                )
        if not surfaces and not ids:
            return list(self)
        return [attack for attack in self if attack.surface in surfaces or attack.id in ids]

    def surface(self, name: str, description: str = "") -> Surface:
        """Return what adds attacks on one surface.

        Parameters
        ----------
        name
            The surface's name, such as ``tenant-api``.
        description
            What is tried on it, for the table in the documents. One module of the surface gives it.

        Raises
        ------
        ValueError
            Another module has described the surface.
        """
        if description and name in self._descriptions:
            raise ValueError(f"The surface '{name}' has two descriptions. Keep one: {self._descriptions[name]!r}.")
        if description:
            self._descriptions[name] = description
        return Surface(self, name)

    def table(self) -> str:
        """Return the surfaces with their descriptions as a table in Markdown.

        Raises
        ------
        ValueError
            A surface has no description.
        """
        if missing := [name for name in self.surfaces() if name not in self._descriptions]:
            raise ValueError(
                f"No description: {', '.join(missing)}. Give it in the surface's module: REGISTRY.surface(name, ...)."
            )
        rows = (f"| `{name}` | {self._descriptions[name]} |" for name in self.surfaces())
        return "\n".join(("| Surface | What is tried |", "|---|---|", *rows))


@dataclass(frozen=True)
class Surface:
    """Adds attacks on one surface to a registry.

    Examples
    --------
    >>> from tenantry.attacks import threats
    >>> from tenantry.attacks.outcome import held
    >>> registry = Registry()
    >>> api = registry.surface("example-api", "Requests without a token")
    >>> @api.attack("no-token", threat=threats.NO_TOKEN, must="401.")
    ... def _(world):
    ...     '''Send a request without a token.'''
    ...     return held("401")
    >>> [attack.id for attack in registry]
    ['example-api-no-token']
    """

    registry: Registry
    name: str

    def attack(
        self, slug: str, *, threat: Threat, must: str, last: bool = False
    ) -> Callable[[Callable[[World], Outcome]], Callable[[World], Outcome]]:
        """Register a function as an attack; its docstring says what it tries."""

        def register(run: Callable[[World], Outcome]) -> Callable[[World], Outcome]:
            self.add(
                slug, threat=threat, tries=" ".join((inspect.getdoc(run) or "").split()), must=must, run=run, last=last
            )
            return run

        return register

    def each(
        self, cases: Iterable[tuple[str, str, *Ts]], slug: str = "{}", *, threat: Threat, tries: str, must: str
    ) -> Callable[[Callable[[World, *Ts], Outcome]], Callable[[World, *Ts], Outcome]]:
        """Register a function as attacks that are alike.

        Parameters
        ----------
        cases
            The attacks, each with its slug, what it is in words, and what the function is called with.
        slug, tries
            The id and what it tries, with ``{}`` for the case's slug and for its words.
        threat, must
            As of every attack.
        """

        def register(run: Callable[[World, *Ts], Outcome]) -> Callable[[World, *Ts], Outcome]:
            for case in cases:
                attack = _with(run, *case[2:])
                self.add(slug.format(case[0]), threat=threat, tries=tries.format(case[1]), must=must, run=attack)
            return run

        return register

    def add(
        self, slug: str, *, threat: Threat, tries: str, must: str, run: Callable[[World], Outcome], last: bool = False
    ) -> None:
        """Register one line of a table of attacks that are alike."""
        self.registry.add(
            Attack(
                id=f"{self.name}-{slug}", surface=self.name, threat=threat, tries=tries, must=must, run=run, last=last
            )
        )


def _with(run: Callable[[World, *Ts], Outcome], *given: *Ts) -> Callable[[World], Outcome]:
    @wraps(run)
    def attack(world: World) -> Outcome:
        return run(world, *given)

    return attack


REGISTRY: Final = Registry()
"""Every attack of the project, once `tenantry.attacks.surfaces` is imported."""
