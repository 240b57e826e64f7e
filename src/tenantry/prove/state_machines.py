"""What a state machine asks of other services, for every input: each task's call, on each way that leads to it.

The states are gone through from the first one, with the values of variables and of the state's input. Where a choice
decides, both ways are gone. What a task gives back is only known by where it is read. A task may fail, and every
catcher of it may be gone on with.

Read are both query languages, tasks, passes, choices, waits, inline maps, parallel states and ends. A wait for a token,
a job that is waited for, activities, distributed maps and JSONPath's filters are an `UnreadError`.

Sources: https://states-language.net/spec.html and
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tenantry.prove.jsonata_states import Jsonata
from tenantry.prove.jsonpath_states import Jsonpath
from tenantry.prove.workflow_walk import Kind, TaskCall, Walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.prove.texts import Facts
    from tenantry.prove.workflow_values import Value

_LANGUAGES: Final[Mapping[str, type[Kind]]] = {"JSONata": Jsonata, "JSONPath": Jsonpath}


def calls(definition: Mapping[str, Any], given: Value, facts: Facts = frozenset()) -> list[TaskCall]:
    """Return what a state machine asks of services.

    Parameters
    ----------
    definition
        In Amazon States Language.
    given
        The input of its executions.
    facts
        What holds of it.

    Raises
    ------
    UnreadError
        A part of it is not of the subset that is read.
    """
    walk = Walk(given, str(definition.get("QueryLanguage", "JSONPath")), _LANGUAGES)
    list(walk.ends(definition, given, {}, facts))
    return list({repr(call): call for call in walk.found}.values())
