"""Asks the provisioner for a tenant's own bucket and access point, and caches its answers."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.model.errors import ForbiddenError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from tenantry.model.identifiers import TenantId

# A tenant who tries in a loop must not have the provisioner run in one: it shares the account's concurrency.
_REFUSED_SECONDS: Final = 60.0
_FAILED_SECONDS: Final = 10.0
_CAPACITY: Final = 4096


class OnboardingFailedError(RuntimeError):
    """The provisioner failed; the tenant's bucket or access point may be there or not."""


@dataclass(frozen=True)
class _Answer:
    error: type[Exception] | None
    message: str
    until: float


@dataclass
class Onboarding:
    """The provisioner's answers by tenant, kept while the container is warm.

    The tenant that was not asked for longest goes first, so that memory does not grow with the number of tenants.

    Isolation: a bucket is written to only after the provisioner said that it is finished, and finished for this very
    tenant: two ids that differ in case only have one name, and until its policy is there a bucket refuses neither.

    Cost: one call of the provisioner for a tenant and warm container.

    Attributes
    ----------
    functions
        Lambda, with the function's own credentials: no session of a tenant may call the provisioner.
    provisioner
        Name of the provisioner.
    """

    functions: LambdaClient
    provisioner: str
    _answers: OrderedDict[TenantId, _Answer] = field(default_factory=OrderedDict, repr=False)

    def ensure(self, tenant: TenantId, *, missing: bool = False, denied: bool = False) -> None:
        """Have the tenant's bucket and access point made, unless they are known to be.

        Parameters
        ----------
        tenant
            Whose they are.
        missing
            One of them was just found not to be there, whatever is known of it.
        denied
            A write was just denied: ask again, unless that was done within a minute.

        Raises
        ------
        ForbiddenError
            They are not this tenant's. Its words tell nothing of whoever has them.
        OnboardingFailedError
            The provisioner failed.
        """
        answer = self._answers.get(tenant)
        if answer is None or self._is_stale(answer, missing=missing, denied=denied):
            answer = self._answers[tenant] = self._ask(tenant)
        self._answers.move_to_end(tenant)
        while len(self._answers) > _CAPACITY:
            self._answers.popitem(last=False)
        if answer.error:
            raise answer.error(answer.message)

    @staticmethod
    def _is_stale(answer: _Answer, *, missing: bool, denied: bool) -> bool:
        old = time.monotonic() >= answer.until
        return old if answer.error else missing or (denied and old)

    def _ask(self, tenant: TenantId) -> _Answer:
        event = {"detail": {"tenantId": tenant}}
        reply = self.functions.invoke(FunctionName=self.provisioner, Payload=json.dumps(event).encode())
        said = json.loads(reply["Payload"].read())
        now = time.monotonic()
        if "FunctionError" in reply:
            reason = f"The tenant's bucket and access point could not be created: {said.get('errorMessage', '')}"
            return _Answer(OnboardingFailedError, reason, now + _FAILED_SECONDS)
        return _Answer(None if said["onboarded"] else ForbiddenError, "Forbidden", now + _REFUSED_SECONDS)
