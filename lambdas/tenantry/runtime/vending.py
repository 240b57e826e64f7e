"""The token vending machine: AWS credentials for one tenant, one user and one purpose.

Source: https://aws.amazon.com/blogs/apn/isolating-saas-tenants-with-dynamically-generated-iam-policies/
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from botocore.config import Config

from tenantry.model.policies import PolicyTemplate
from tenantry.model.tags import SESSION_TAGS, session_tags
from tenantry.model.variables import TOKEN_VENDOR
from tenantry.runtime.observability import logger
from tenantry.runtime.own_buckets import only_own_buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mypy_boto3_sts import STSClient

    from tenantry.model.caller import TenantCaller

_DURATION_SECONDS: Final = 900  # the shortest that STS gives
_MARGIN_SECONDS: Final = 300.0
_CAPACITY: Final = 256
_NAME_LENGTH: Final = 64
_PACKED_WARNING_PERCENT: Final = 80
# Standard mode retries throttled calls with exponential backoff and full jitter.
_RETRYING: Final = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=2, read_timeout=5)


@dataclass
class TenantSession:
    """Credentials of one tenant, and the clients that use them.

    Isolation: a session is made for one caller and one purpose and is never handed to another. Its clients carry its
    credentials and no others, and reach buckets of the tenant role's own account only.

    Attributes
    ----------
    expires
        When to ask for new ones, in seconds since 1970: five minutes before STS lets them expire.
    """

    expires: float
    _make: Callable[[str], Any] = field(repr=False)  # it holds the credentials
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def client(self, service: str) -> Any:  # noqa: ANN401 - the caller knows which client it asks for
        """Return the session's client of a service, made at the first call."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]


class TokenVendor:
    """Vends sessions, and caches them until shortly before they expire.

    Isolation: a session is bound by two layers, each enough alone. The tenant role's own policy is bound to the
    session tags ``TenantId`` and ``Purpose``; the session policy, filled from the purpose's template, narrows it to the
    tenant, the user and the purpose. Sessions are kept by tenant, user, purpose and the very text of the policy.

    Cost: one STS call for a caller and purpose in ten minutes, however many ask at once.

    Parameters
    ----------
    role_arn
        The tenant role.
    templates
        Session policy templates by purpose.
    sts
        STS, with the function's own credentials.
    clock
        Seconds since 1970; for tests.
    capacity
        How many sessions are kept; the one that was not used for longest goes first.
    """

    def __init__(
        self,
        role_arn: str,
        templates: Mapping[str, PolicyTemplate],
        *,
        sts: STSClient,
        clock: Callable[[], float] = time.time,
        capacity: int = _CAPACITY,
    ) -> None:
        self._role_arn = role_arn
        self._templates = dict(templates)
        self._sts = sts
        self._clock = clock
        self._capacity = capacity
        self._sessions: OrderedDict[tuple[str, ...], TenantSession] = OrderedDict()
        self._pending: dict[tuple[str, ...], threading.Lock] = {}
        self._lock = threading.Lock()
        # One for all tenants. It has none of their credentials, but the services' models, which take 13 MB and 0.4 s.
        self._models = boto3.Session()
        self._making = threading.Lock()  # threads may share clients, but a session must not make two at once

    @classmethod
    def from_environment(cls) -> Self:
        """Make the vendor from the settings that the construct `TokenVendor` gives the function.

        Raises
        ------
        KeyError
            The function was not set up with one.
        TemplateError
            A template is not safe.
        """
        configuration = json.loads(os.environ[TOKEN_VENDOR])
        role = configuration["role"]
        templates = {
            purpose: PolicyTemplate.of(given, account=_account(role))
            for purpose, given in configuration["policies"].items()
        }
        return cls(role, templates, sts=boto3.client("sts", config=_RETRYING))

    def session(self, caller: TenantCaller, purpose: str) -> TenantSession:
        """Return a session for a caller and a purpose.

        Raises
        ------
        KeyError
            There is no such purpose.
        botocore.exceptions.ClientError
            STS refuses.
        """
        policy = self._templates[purpose].fill(caller)
        key = (caller.tenant_id, caller.user_id, purpose, policy)
        if (session := self._kept(key)) is not None:
            return session
        with self._lock:
            turn = self._pending.setdefault(key, threading.Lock())
        try:
            with turn:  # whoever comes second finds what the first has fetched
                session = self._kept(key)
                if session is None:
                    session = self._vend(caller, purpose, policy)
                    self._keep(key, session)
        finally:
            with self._lock:
                self._pending.pop(key, None)
        return session

    def _kept(self, key: tuple[str, ...]) -> TenantSession | None:
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return None
            if session.expires <= self._clock():
                del self._sessions[key]
                return None
            self._sessions.move_to_end(key)
            return session

    def _keep(self, key: tuple[str, ...], session: TenantSession) -> None:
        with self._lock:
            self._sessions[key] = session
            while len(self._sessions) > self._capacity:
                self._sessions.popitem(last=False)

    def _vend(self, caller: TenantCaller, purpose: str, policy: str) -> TenantSession:
        answer = self._sts.assume_role(
            RoleArn=self._role_arn,
            RoleSessionName=session_name(caller),
            SourceIdentity=caller.tenant_id,
            Policy=policy,
            DurationSeconds=_DURATION_SECONDS,
            Tags=session_tags(caller.tenant_id, purpose),
            # A session that assumes a role stays the tenant's.
            TransitiveTagKeys=[*SESSION_TAGS],
        )
        if answer.get("PackedPolicySize", 0) > _PACKED_WARNING_PERCENT:
            logger.warning("the session policy is near its packed size", percent=answer["PackedPolicySize"])
        credentials = answer["Credentials"]
        expiration: datetime = credentials["Expiration"]
        return TenantSession(
            expires=expiration.timestamp() - _MARGIN_SECONDS,
            _make=partial(
                self._client,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            ),
        )

    def _client(self, service: str, **keys: str) -> Any:  # noqa: ANN401 - see `TenantSession.client`
        make: Any = self._models.client  # its stubs know each service by its literal name
        with self._making:
            client = make(service, config=_RETRYING, **keys)
        return only_own_buckets(client, _account(self._role_arn)) if service == "s3" else client


def _account(role_arn: str) -> str:
    return role_arn.split(":")[4]


def session_name(caller: TenantCaller) -> str:
    """Return the name under which CloudTrail shows a caller's session: the tenant, and the user as far as it fits.

    A user id that does not fit is cut and gets the beginning of its digest, so that two users never look like one.
    """
    name = f"{caller.tenant_id}.{caller.user_id}"
    if len(name) <= _NAME_LENGTH:
        return name
    digest = hashlib.sha256(caller.user_id.encode()).hexdigest()[:8]
    return f"{name[: _NAME_LENGTH - 9]}.{digest}"
