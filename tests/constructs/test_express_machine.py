"""States of Express state machines."""

from __future__ import annotations

import pytest

from tenantry.isolation.direct.express_machine import DEAD_LETTER, go_on_after, task_state


@pytest.mark.parametrize("kept", [True, False])
def test_named_errors_lead_on_whether_the_event_is_kept(*, kept: bool) -> None:
    state = task_state("arn:aws:states:::dynamodb:getItem", {}, attempts=1, kept=kept)

    go_on_after(state, ["Absent"], "Next")

    assert state["Retry"][0] == {"ErrorEquals": ["Absent"], "MaxAttempts": 0}
    assert [(catcher["ErrorEquals"], catcher["Next"]) for catcher in state["Catch"]] == [
        (["Absent"], "Next"),
        *([(["States.ALL"], DEAD_LETTER)] if kept else []),
    ]
