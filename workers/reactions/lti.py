"""What follows from what tools say (LTI)."""

from commands.progress import CompleteUnit
from domain.fact import Fact
from domain.progress import TOOL_SCORED
from domain.score import FULL


def complete_by_tool(fact: Fact) -> CompleteUnit | None:
    """A tool has scored what completes its unit."""
    data = fact.data
    if not data["completes"]:
        return None
    names = (fact.id("learner_id"), fact.id("run_id"), fact.id("line_item"))
    return CompleteUnit(*names, TOOL_SCORED, data["points"], data["possible"] or FULL)
