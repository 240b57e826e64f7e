"""Whether a weakened policy lets somebody reach what is not theirs: a search with the evaluator, and nothing else."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import islice, product
from typing import TYPE_CHECKING, Any, Final

from tests.prove.evaluator import Decision, Document, Policies, Request, Value, decide, matches
from tests.statements import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.prove.world import Reach

_VERSION: Final = "2012-10-17"
_HOLE: Final = re.compile(r"\$\{([^}]*)\}|\{\{(\w+)\}\}|\*|\?")
_MANY: Final = re.compile(r"dynamodb:(leadingkeys|attributes)|aws:tagkeys|s3:requestobjecttagkeys", re.IGNORECASE)
_PLACEHOLDERS: Final = {"tenant_id": "t1", "tenant_name": "n1", "user_id": "u1"}
_MOST: Final = 60


def by_action(reaches: Iterable[Reach]) -> dict[str, list[Reach]]:
    """Return the requests by their actions."""
    found: dict[str, list[Reach]] = defaultdict(list)
    for reach in reaches:
        found[reach.action].append(reach)
    return found


def document(statements: Sequence[Document]) -> Document:
    """Return a policy."""
    return {"Version": _VERSION, "Statement": list(statements)}


def harm(
    reaches: dict[str, list[Reach]],
    before: Sequence[Document],
    after: Sequence[Document],
    *,
    session: bool,
    tagged: bool,
) -> Request | None:
    """Return a request that statements allow after a change and did not before; None if the search finds none.

    Parameters
    ----------
    reaches
        What must not be reached, by action.
    before, after
        All statements of a policy.
    session
        Whether whoever has it acts for one tenant.
    tagged
        Whether the policy is about the caller's user as well.
    """
    changed = [statement for statement in after if statement not in before]
    dropped = [statement for statement in before if statement not in after]
    cause = [one for one in changed if one["Effect"] == "Allow"] or [one for one in before if one["Effect"] == "Allow"]
    filled: dict[tuple[tuple[str, str], ...], list[list[Document]]] = {}
    for action, asked in reaches.items():
        if not any(_is_about(statement, action) for statement in cause):
            continue
        for reach in asked:
            if (reach.only_sessions and not session) or (reach.users and not tagged):
                continue
            if reach.ids not in filled:
                filled[reach.ids] = [_filled(part, reach) for part in (cause, after, before)]
            causing, now, then = filled[reach.ids]
            fixed = _fixed(reach, session=session)
            if not any(_is_on(statement, reach, fixed) for statement in causing):
                continue
            for request in _requests(reach, fixed, [*cause, *dropped, *changed]):
                if (
                    any(matches(statement, request) for statement in causing)
                    and decide(request, Policies(identity=[document(now)])) is Decision.ALLOW
                    and decide(request, Policies(identity=[document(then)])) is not Decision.ALLOW
                ):
                    return request
    return None


def _is_about(statement: Document, action: str) -> bool:
    """Return whether a statement names an action."""
    bare = {key: value for key, value in statement.items() if key in {"Effect", "Action", "NotAction"}}
    return matches({**bare, "Resource": "*"}, Request(action, "*", ""))


def _ids(reach: Reach) -> dict[str, str]:
    ids = dict(reach.ids)
    return {**ids, "n1": ids["t1"].lower(), "n2": ids["t2"].lower()}


def _filled(statements: Sequence[Document], reach: Reach) -> list[Document]:
    """Return statements with their placeholders filled in, as a session policy's are."""
    ids = _ids(reach)

    def fill(value: Any) -> Any:  # noqa: ANN401 - any part of a statement
        match value:
            case str() if "{{" in value:
                return re.sub(r"\{\{(\w+)\}\}", lambda found: ids[_PLACEHOLDERS[found[1]]], value)
            case dict():
                return {key: fill(part) for key, part in value.items()}
            case list():
                return [fill(part) for part in value]
        return value

    return [fill(statement) for statement in statements]


def _is_on(statement: Document, reach: Reach, fixed: dict[str, Value | None]) -> bool:
    """Return whether a statement names a request's action and resource."""
    bare = {key: value for key, value in statement.items() if key != "Condition"}
    given = {key: value for key, value in fixed.items() if value is not None}
    return matches(bare, Request(reach.action, reach.resource, "", given))


def _fixed(reach: Reach, *, session: bool) -> dict[str, Value | None]:
    """Return the keys of a request that nobody can choose."""
    ids = _ids(reach)
    fixed = {key.lower(): value for key, value in reach.keys}
    if session:
        fixed |= {
            "aws:principaltag/tenantid": ids["t1"],
            "aws:principaltag/tenantname": ids["n1"],
            "credentials-iot:thingtypename": ids["t1"],
        }
    account = reach.resource.split(":")[4]
    return {**fixed, "aws:resourceaccount": account} if account else fixed


def _requests(reach: Reach, fixed: dict[str, Value | None], statements: Sequence[Document]) -> Iterator[Request]:
    """Yield the request with every choice of the keys that it leaves open, as the conditions suggest them."""
    ids = _ids(reach)
    open_: dict[str, list[Value | None]] = {}
    for statement in statements:
        for block in statement.get("Condition", {}).values():
            for key, given in block.items():
                if key.lower() not in fixed:
                    choices = open_.setdefault(key.lower(), [None])
                    for value in listed(given):
                        text = _example(str(value).lower() if isinstance(value, bool) else str(value), ids)
                        choices.append((text,) if _MANY.fullmatch(key) else text)
    names = list(open_)
    for picked in islice(product(*(dict.fromkeys(reversed(open_[name])) for name in names)), _MOST):
        keys = {**fixed, **dict(zip(names, picked, strict=True))}
        given = {key: value for key, value in keys.items() if value is not None}
        yield Request(reach.action, reach.resource, "arn:aws:sts::111122223333:assumed-role/Caller/x", given)


def _example(form: str, ids: dict[str, str]) -> str:
    """Return a text that a value of a condition matches."""

    def value(found: re.Match[str]) -> str:
        name = (found[1] or found[2] or "").partition(",")[0]
        if not name:
            return "x"
        return ids[_PLACEHOLDERS[name]] if name in _PLACEHOLDERS else ids["n1" if "Name" in name else "t1"]

    return _HOLE.sub(value, form)


_FOREIGN: Final = "999999999999"
_STRANGERS: Final = ("", f"arn:aws:sts::{_FOREIGN}:assumed-role/Any/x")
_ANYTHING: Final = document([{"Effect": "Allow", "Action": "*", "Resource": "*"}])


def harm_of_resource(before: Sequence[Document], after: Sequence[Document], arn: str, account: str) -> Request | None:
    """Return a request that a resource's policy, or a role's trust, allows after a change and did not before."""
    all_ = [*before, *after]
    for request in _of_strangers(all_, arn, account):
        if _is_on_own_behalf(request, account):
            continue
        for identity in ([], [_ANYTHING]) if request.principal.startswith("arn:") else ([],):
            now, then = (
                Policies(identity=identity, resource=document(part), owner=account, must_name=not identity)
                for part in (after, before)
            )
            if decide(request, now) is Decision.ALLOW and decide(request, then) is not Decision.ALLOW:
                return request
    return None


def _is_on_own_behalf(request: Request, account: str) -> bool:
    """Return whether a service acts for something of the account itself."""
    source = "".join((*request.values("aws:SourceArn"), ":", *request.values("aws:SourceAccount")))
    return request.principal.endswith(".amazonaws.com") and account in source.split(":")


def _of_strangers(statements: Sequence[Document], arn: str, account: str) -> Iterator[Request]:
    """Yield requests of everybody who is named or is not, with keys as the conditions suggest them, and others."""
    callers = {*_STRANGERS, f"arn:aws:sts::{account}:assumed-role/Any/x", "other.amazonaws.com"}
    actions: set[str] = set()
    resources = {arn}
    choices: dict[str, list[Value | None]] = {}
    for statement in statements:
        named = statement.get("Principal", "*")
        if isinstance(named, dict):
            callers.update(listed(named.get("Service", [])))
            callers.update(_session_of(one) for one in listed(named.get("AWS", [])) if ":role/" in one)
        actions.update(_HOLE.sub("Any", one) for one in listed(statement.get("Action", "any:Any")))
        resources.update(_HOLE.sub("x", one) for one in listed(statement.get("Resource", [])) if one != "*")
        for operator, block in statement.get("Condition", {}).items():
            for key, given in block.items():
                choices.setdefault(key.lower(), []).extend(_suggested(operator, given))
    for key in ("aws:requesttag/tenantid", "aws:requesttag/tenantname"):
        if key in choices:
            choices[key] = ["acme", "globex", None]
    for caller, action, resource in product(sorted(callers), sorted(actions), sorted(resources)):
        for picked in islice(product(*map(dict.fromkeys, choices.values())), 400):
            given = {key: value for key, value in zip(choices, picked, strict=True) if value is not None}
            yield Request(action, resource, caller, given)


def _suggested(operator: str, given: Any) -> list[Value | None]:  # noqa: ANN401 - one or a list
    values = [str(one).lower() if isinstance(one, bool) else str(one) for one in listed(given)]
    if operator == "Null":
        return [None, "x"]
    if operator.startswith("Bool"):
        return ["true", "false", None]
    if "Numeric" in operator:
        return ["0", "100", None]
    foreign = [re.sub(r"\d{12}", _FOREIGN, value) for value in values if re.search(r"\d{12}", value)]
    many = "ForA" in operator
    return [None, *((_HOLE.sub("x", v),) if many else _HOLE.sub("x", v) for v in [*values, *foreign, "other"])]


def _session_of(role: str) -> str:
    account, name = role.split(":")[4], role.rsplit("/", maxsplit=1)[-1]
    return f"arn:aws:sts::{account}:assumed-role/{name}/x"
