"""Logs as hypothesis makes them up: whatever handlers may meet, in any order."""

from hypothesis import strategies as st

from domain.fact import Fact
from tests.support.facts import History, day

LEARNERS = [str(number) for number in range(9)]
RUNS = ["AAA-1", "BBB-1"]
UNITS = ["tma1", "tma2"]


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """A log of two runs with some learners, in any order of events that handlers may meet."""
    history = History().course("AAA-1", "AAA").course("BBB-1", "BBB")
    steps = st.tuples(
        st.sampled_from(["enrolled", "clicked", "submitted", "graded", "withdrawn", "completed", "outcome", "opened"]),
        st.sampled_from(LEARNERS),
        st.sampled_from(RUNS),
        st.sampled_from(UNITS),
        st.integers(0, 60),
        st.integers(1, 9_999),
    )
    for step, learner, run, unit, days, number in draw(st.lists(steps, max_size=60)):
        at, stream = day(days), f"{learner}:{run}"
        match step:
            case "enrolled":
                history.enrolled(learner, run, at, **({"irregular": "full"} if number % 3 == 0 else {}))
            case "clicked":
                history.clicked(learner, number, at, run)
            case "submitted":
                history.submitted(learner, unit, at, no=number % 3 + 1, late_by=number, run_id=run)
            case "graded":
                history.graded(learner, unit, number, at, no=number % 3 + 1)
            case "withdrawn":
                history.add(f"enrollment-{stream}", "enrollment.withdrawn", at, reason="moved")
            case "completed":
                history.add(f"progress-{stream}", "progress.unit_completed", at, unit_id=unit, score_bp=number)
            case "outcome":
                history.add(
                    f"progress-{stream}",
                    "progress.course_outcome_decided",
                    at,
                    outcome="pass" if number % 2 else "fail",
                )
            case "opened":
                history.add(f"run-{run}", "run.opened", at)
    return history.facts
