"""An event bus whose publishers are limited, sagas that lose no event, and queued work that carries its tenant."""

from tenantry.isolation.events.application_bus import ApplicationBus, EventType
from tenantry.isolation.events.event_saga import EventSaga, SagaEmission, SagaTask, dead_letter_queue
from tenantry.isolation.events.tenant_queue import TenantQueue

__all__ = ["ApplicationBus", "EventSaga", "EventType", "SagaEmission", "SagaTask", "TenantQueue", "dead_letter_queue"]
