"""The checks that decide what an attack ended in, from what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from tenantry.attacks.accounts import SetupError
from tenantry.attacks.outcome import AttackResult, Outcome, breached, held, inconclusive, worst

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tenantry.attacks.http import Reply

    Call = tuple[str, Callable[[], object]]
    """A call with its name."""
    Calls = list[Call]

_TRACES: Final = ("Traceback", 'File "/', "/var/task", "/var/runtime", "botocore", "errorType", "stackTrace", "eyJ")
DENIALS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorizedException",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
    }
)
"""What AWS services answer to a principal who may not do something."""


def indiscretion(reply: Reply, hidden: Iterable[str] = ()) -> str | None:
    """Return what a reply should not have shown: the inner workings, a token, or something hidden."""
    shown = f"{reply.text}\n{reply.headers}"
    if any(trace in shown for trace in _TRACES):
        return "inner workings"
    return "another's data" if any(value and value in shown for value in hidden) else None


def refused(
    reply: Reply,
    *statuses: int,
    hidden: Iterable[str] = (),
    like: Reply | None = None,
    control: Callable[[], Reply] | None = None,
) -> Outcome:
    """Check a request that had to be refused.

    Parameters
    ----------
    reply
        What came back.
    statuses
        The statuses that count as the refusal that was required.
    hidden
        What the reply must not contain.
    like
        A reply that it must not differ from, since a difference would tell something.
    control
        Sends a request that must succeed: a refusal proves nothing while the API is down.
    """
    if reply.ok:
        return breached(f"it got in: {reply}")
    if shown := indiscretion(reply, hidden):
        return breached(f"it was refused, and the reply shows {shown}: {reply}")
    if reply.status not in statuses:
        return inconclusive(f"it was refused otherwise than required: {reply}")
    if like is not None and (reply.status, reply.text) != (like.status, like.text):
        return breached(f"the reply tells more than it should: {reply} instead of {like}")
    if control is not None and not (good := control()).ok:
        return inconclusive(f"it was refused ({reply}), but so was a good request: {good}")
    return held(str(reply))


def expect(reply: Reply, what: str) -> Reply:
    """Return the reply to a request that an attack builds on.

    Raises
    ------
    SetupError
        It was refused.
    """
    if not reply.ok:
        raise SetupError(f"{what} failed: {reply}")
    return reply


def granted(reply: Reply) -> Outcome:
    """Check a request that has to succeed, without which a refusal of others would be worth nothing."""
    return held(str(reply)) if reply.ok else inconclusive(f"a good request failed: {reply}")


def denied(call: Callable[[], object], *, codes: Collection[str] = DENIALS) -> Outcome:
    """Check a call of an AWS service that had to be denied."""
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return held(code) if code in codes else inconclusive(f"it failed otherwise than required: {error}")
    return breached("the call succeeded")


def allowed(call: Callable[[], object], what: str) -> Outcome:
    """Check a call that has to succeed, without which a denial of others would mean nothing."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever it is, the principal is not what it should be
        return inconclusive(f"{what} fails: {error}")
    return held(f"{what} works")


def all_denied(calls: Iterable[Call], *, codes: Collection[str] = DENIALS) -> list[tuple[str, Outcome]]:
    """Check calls of AWS services that had to be denied."""
    return [(name, denied(call, codes=codes)) for name, call in calls]


def together(*outcomes: Outcome | tuple[str, Outcome], told: str = "") -> Outcome:
    """Join the outcomes of the steps of one attack: the worst result counts, and each step is shown.

    `told` is said instead of the steps if all of them held. Without a step, nothing is proved.
    """
    named = [step if isinstance(step, tuple) else ("", step) for step in outcomes]
    if not named:
        return inconclusive("there is nothing to try it with")
    result = worst(outcome.result for _, outcome in named)
    if told and result is AttackResult.HELD:
        return held(told)
    shown = [
        f"{name}: {outcome.observed}" if name else outcome.observed
        for name, outcome in named
        if result is AttackResult.HELD or outcome.result is not AttackResult.HELD
    ]
    return Outcome(result, "; ".join(dict.fromkeys(shown)))


def require(condition: bool, *, otherwise: str, observed: str) -> Outcome:  # noqa: FBT001 - what is checked
    """Check a state: `otherwise` says what the attacker has achieved if it is not so."""
    return held(observed) if condition else breached(otherwise)
