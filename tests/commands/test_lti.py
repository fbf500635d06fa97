"""Use cases of tools."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.lti import (
    AddLineItem,
    ChangeTool,
    DeployTool,
    EndTool,
    ReceiveToolScore,
    RegisterTool,
    RemoveLineItem,
    UndeployTool,
)
from domain.catalog import CourseNotFound, LtiLink, Unit, UnitCompletion
from domain.enrollment import NotEnrolled
from domain.lti import BadLineItem, NoLineItem, Tool, ToolItem, ToolNotDeployed, ToolResult
from tests.domain.test_lti import SAID, TERMS
from tests.support.given import fact
from tests.support.usecases import END, START, Campus

TOOL, COURSE, RUN, WHY = "tool-equations", "labs", "labs-1", "asked for"
STREAM = f"lti_tool-{TOOL}"
LAB = Unit("lab", "lti", "Lab", weight=10_000, lti=LtiLink(TOOL))
OTHER = Unit("other", "lti", "Of another", weight=1, lti=LtiLink("tool-other"))
LOOK = Unit("look", "lti", "Without a score", lti=LtiLink(TOOL))
HARD = Unit("hard", "lti", "Hard", completion=UnitCompletion("passed", 9_000), lti=LtiLink(TOOL))
SCORE = ReceiveToolScore("ann", RUN, "lab", TOOL, SAID)


async def begun(campus: Campus) -> None:
    """A course with units of two tools, of which one is deployed, and a learner on its run."""
    await campus.give(CreateCourse(COURSE, "Labs"))
    await campus.give(PublishCourse(COURSE, (LAB, OTHER, LOOK, HARD)))
    await campus.give(ScheduleRun(RUN, COURSE, 1, START, END))
    await campus.give(OpenRun(RUN))
    await campus.give(RegisterTool(TOOL, TERMS, WHY))
    await campus.give(DeployTool(TOOL, COURSE, WHY))
    await campus.give(RequestEnrollment("ann", RUN))


async def test_a_tool_from_its_registration_to_its_end(campus: Campus) -> None:
    """Each step is a fact, with its reason; done twice it changes nothing."""
    await campus.give(CreateCourse(COURSE, "Labs"))
    registered = fact(Tool.Registered, terms=msgspec.to_builtins(TERMS), reason=WHY)
    assert await campus.new(RegisterTool(TOOL, TERMS, WHY)) == [(STREAM, registered)]
    assert await campus.repeats(RegisterTool(TOOL, TERMS, WHY))
    other = msgspec.structs.replace(TERMS, shares=["name"])
    assert await campus.new(ChangeTool(TOOL, other, WHY))
    assert await campus.repeats(ChangeTool(TOOL, other, WHY))
    deployed = fact(Tool.Deployed, course_id=COURSE, reason=WHY)
    assert await campus.new(DeployTool(TOOL, COURSE, WHY)) == [(STREAM, deployed)]
    assert await campus.repeats(DeployTool(TOOL, COURSE, WHY))
    with pytest.raises(CourseNotFound):
        await campus.new(DeployTool(TOOL, "nowhere", WHY))
    assert await campus.new(UndeployTool(TOOL, COURSE, WHY))
    assert await campus.new(EndTool(TOOL, WHY)) == [(STREAM, fact(Tool.Ended, reason=WHY))]
    assert await campus.repeats(EndTool(TOOL, WHY))


async def test_a_score_is_a_fact_of_the_learner(campus: Campus) -> None:
    """By the rule of its unit it completes it or not; the same once more changes nothing."""
    await begun(campus)
    ((stream, scored),) = await campus.new(SCORE)
    assert (stream, scored.type) == (f"lti_result-ann:{RUN}:lab", ToolResult.Scored.TOPIC)
    assert (scored.fields["points"], scored.fields["possible"], scored.fields["completes"]) == (167, 200, True)
    assert await campus.repeats(SCORE)
    ((_, hard),) = await campus.new(replace(SCORE, unit_id="hard"))
    assert hard.fields["completes"] is False
    better = msgspec.structs.replace(SAID, given="95", scored_at=SAID.scored_at + timedelta(hours=1))
    ((_, passed),) = await campus.new(replace(SCORE, unit_id="hard", said=better))
    assert passed.fields["completes"] is True


async def test_a_tool_scores_its_own_units_only(campus: Campus) -> None:
    """Of courses where it is deployed, and of those who have a place there."""
    await begun(campus)
    for unit_id in ("other", "look", "none"):
        with pytest.raises(NoLineItem):
            await campus.new(replace(SCORE, unit_id=unit_id))
    with pytest.raises(NotEnrolled):
        await campus.new(replace(SCORE, learner_id="bob"))
    await campus.give(UndeployTool(TOOL, COURSE, WHY))
    with pytest.raises(ToolNotDeployed):
        await campus.new(SCORE)


async def test_a_score_by_a_line_item_of_the_tool_completes_nothing(campus: Campus) -> None:
    """It is taken as long as there is the line item, which is for a unit of the tool."""
    await begun(campus)
    item = ToolItem("look", "Draft", "20", "", "")
    scored = replace(SCORE, unit_id="item-1")
    with pytest.raises(NoLineItem):
        await campus.new(scored)
    with pytest.raises(BadLineItem):
        await campus.new(AddLineItem(RUN, TOOL, "item-1", msgspec.structs.replace(item, unit_id="other")))
    await campus.give(AddLineItem(RUN, TOOL, "item-1", item))
    ((stream, found),) = await campus.new(scored)
    assert (stream, found.fields["completes"]) == (f"lti_result-ann:{RUN}:item-1", False)
    await campus.give(RemoveLineItem(RUN, TOOL, "item-1"))
    with pytest.raises(NoLineItem):
        await campus.new(scored)
