"""Weaken every policy one change at a time, and see what notices: `python -m tests.prove.mutate [ENV ...]`.

A mutant is harmful if a search with the evaluator finds a request that it allows and that the true policy does not,
and that reaches what is not the caller's. Every harmful mutant has to be noticed by something that runs before a
deployment; what notices it is counted.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tenantry.model.policies import PolicyTemplate, TemplateError
from tenantry.model.variables import TOKEN_VENDOR
from tenantry.prove.assembly import Assembly
from tenantry.prove.isolation import prove_isolation
from tenantry.prove.principals import Role, principals
from tenantry.prove.prover import Result
from tests.prove.harm import by_action, harm, harm_of_resource
from tests.prove.mutants import Mutant, mutants, part
from tests.prove.template_tests import failing
from tests.prove.world import reaches
from tests.synthesized import ENVIRONMENTS, assembly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import tests.synthesized
    from tenantry.prove.assembly import Resource
    from tests.prove.evaluator import Document, Request
    from tests.prove.world import Reach

_ANSWERED: Final = {Result.PROVEN, Result.ACKNOWLEDGED}
_UNNAMED: Final = frozenset({Role.TENANT, Role.DEVICE, Role.BOUNDARY})


class Noticed(StrEnum):
    """What notices a mutant."""

    PROVER = "prover"
    TEMPLATE = "session template"
    """`tenantry.model.policies`, which a function's construct asks at synthesis."""
    TESTS = "template tests"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Judged:
    """A mutant, a request that shows the harm if there is any, and what notices it."""

    mutant: Mutant
    request: Request | None
    noticed: Noticed

    @property
    def for_one_tenant(self) -> bool:
        """Whether it is about whoever acts for one tenant, or about who may."""
        if self.mutant.place[0] == TOKEN_VENDOR:
            return True
        concerned = principals(part(self.mutant.whole, self.mutant.resource, self.mutant.resource))
        iam = self.mutant.resource.type.startswith("AWS::IAM::")
        return iam and any(one.role.is_one_tenants for one in concerned)

    @property
    def outcome(self) -> str:
        """What became of it, for the table."""
        if self.noticed is not Noticed.NOTHING:
            return f"{'harmful' if self.request else 'harmless'}, noticed by the {self.noticed}"
        return "harmful, NOT NOTICED" if self.request else "harmless"


@dataclass
class Environment:
    """An environment's templates, what reaches what in them, and what is known of the true ones."""

    name: str
    synthesized: tests.synthesized.Assembly
    assembly: Assembly
    _findings: dict[str, frozenset[Any]] = field(default_factory=dict)
    _reaches: dict[str, list[Reach]] = field(default_factory=dict)

    @property
    def reaches(self) -> dict[str, list[Reach]]:
        """Requests that reach what is not the caller's."""
        if not self._reaches:
            self._reaches = by_action(reaches(self.assembly))
        return self._reaches

    def findings(self, resource: Resource) -> frozenset[Any]:
        """Return what the prover says of the true policies that a resource has to do with."""
        if resource.path not in self._findings:
            self._findings[resource.path] = findings(part(self.assembly, resource, resource))
        return self._findings[resource.path]

    def judge(self, mutant: Mutant) -> Judged:
        """Return whether a mutant is harmful and what notices it."""
        request = self._harm(mutant)
        noticed = self._noticed(mutant)
        if request and noticed is Noticed.NOTHING and failing(self.name, self.synthesized, mutant):
            noticed = Noticed.TESTS
        return Judged(mutant, request, noticed)

    def _noticed(self, mutant: Mutant) -> Noticed:
        if mutant.place[0] == TOKEN_VENDOR and not _is_template(mutant.after):
            return Noticed.TEMPLATE
        if findings(mutant.assembly) - self.findings(mutant.resource):
            return Noticed.PROVER
        return Noticed.NOTHING

    def _harm(self, mutant: Mutant) -> Request | None:
        account = self.assembly.stacks[mutant.resource.stack].account
        if "Principal" in mutant.before:
            return harm_of_resource([mutant.before], mutant.after, mutant.resource.arn, account)
        true = part(self.assembly, mutant.resource, mutant.resource)
        for before, after in zip(principals(true), principals(mutant.assembly), strict=True):
            if before.statements != after.statements:
                then, now = ([dict(one.raw) for one in of.statements] for of in (before, after))
                session, tagged = before.role.is_one_tenants, before.role is Role.SESSION
                if request := harm(self.reaches, then, now, session=session, tagged=tagged):
                    return request
        return None


def findings(assembly: Assembly) -> frozenset[Any]:
    """Return what the prover finds wrong or does not judge, without what it shows for people."""
    return frozenset(
        (found.result, found.principal, found.resource, found.reason, found.actions)
        for found in prove_isolation(assembly).findings
        if found.result not in _ANSWERED
    )


def _is_template(statements: Sequence[Document]) -> bool:
    try:
        PolicyTemplate.parse({"Version": "2012-10-17", "Statement": list(statements)})
    except TemplateError:
        return False
    return True


@cache
def read(name: str) -> Environment:
    """Return an environment's templates."""
    synthesized = assembly(name)
    return Environment(name, synthesized, Assembly.read(synthesized.folder))


@cache
def all_mutants(*names: str) -> list[tuple[Environment, Mutant]]:
    """Return the mutants of some environments, the same one of several environments once, always in the same order."""
    found: dict[str, tuple[Environment, Mutant]] = {}
    for name in names:
        templates = read(name)
        for mutant in mutants(templates.assembly):
            found.setdefault(mutant.identity, (templates, mutant))
    return [found[key] for key in sorted(found)]


def sample(name: str, size: int, seed: int) -> list[tuple[Environment, Mutant]]:
    """Return some of the mutants of an environment."""
    return Random(seed).sample(all_mutants(name), size)  # noqa: S311 - not for secrets


def table(judged: Iterable[Judged]) -> Iterator[str]:
    """Yield a table of what became of the mutants, by what was done."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in judged:
        counts[one.mutant.what][one.outcome] += 1
    columns = sorted({outcome for of in counts.values() for outcome in of}, reverse=True)
    yield f"| What was weakened | {' | '.join(columns)} |"
    yield f"|---{'|---' * len(columns)}|"
    total = sum(counts.values(), Counter())
    for what, of in [*sorted(counts.items()), ("**all**", total)]:
        yield f"| {what} | {' | '.join(str(of[column] or '') for column in columns)} |"


def main() -> int:
    """Judge all mutants and print the table; 1 if a harmful one is not noticed."""
    judged = [templates.judge(mutant) for templates, mutant in all_mutants(*(sys.argv[1:] or ENVIRONMENTS))]
    sys.stdout.writelines(f"{line}\n" for line in table(judged))
    survivors = [one for one in judged if one.request and one.noticed is Noticed.NOTHING]
    for one in survivors:
        sys.stdout.write(f"\nNOT NOTICED {one.mutant.name}\n  {one.mutant.after}\n  {one.request}\n")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
