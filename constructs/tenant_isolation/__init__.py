"""Constructs that keep the tenants of a SaaS apart. Each says in its first line what it guarantees.

Exported
--------
ApplicationBus, EventType
    An event bus on which every publisher may say only what it was granted to say.
EventSaga, SagaTask, SagaEmission
    A step of a saga that loses no event.
TenantAuthorizer
    Lets a request through only for the tenant and user of its verified token.
TenantApi, AdminApi, Route, ApiDefaults, ApiLogging
    REST APIs whose every route is authorized.
dead_letter_queue
    A queue for what failed, with its alarm.
"""

from tenant_isolation._sources import LAMBDAS, TENANCY
from tenant_isolation.application_bus import ApplicationBus, EventType
from tenant_isolation.event_saga import EventSaga, SagaEmission, SagaTask, dead_letter_queue
from tenant_isolation.tenant_api import AdminApi, ApiDefaults, ApiLogging, Route, TenantApi
from tenant_isolation.tenant_authorizer import TenantAuthorizer

__all__ = [
    "LAMBDAS",
    "TENANCY",
    "AdminApi",
    "ApiDefaults",
    "ApiLogging",
    "ApplicationBus",
    "EventSaga",
    "EventType",
    "Route",
    "SagaEmission",
    "SagaTask",
    "TenantApi",
    "TenantAuthorizer",
    "dead_letter_queue",
]
