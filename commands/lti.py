"""What the admins do with tools (LTI), and what becomes of the scores that a tool sends."""

from dataclasses import dataclass

from commands.log import Log, Position
from commands.lookups.catalog import must_have_course, outline
from commands.lookups.enrollment import must_have_access
from domain.catalog import Unit
from domain.lti import (
    BadLineItem,
    NoLineItem,
    Tool,
    ToolItem,
    ToolItems,
    ToolResult,
    ToolScore,
    ToolTerms,
    items_stream,
    result_stream,
    tool_stream,
)


@dataclass(frozen=True)
class RegisterTool:
    """A tool may be deployed to courses."""

    tool_id: str
    terms: ToolTerms
    reason: str


async def register_tool(command: RegisterTool, log: Log) -> Position:
    tool = await log.load(Tool, tool_stream(command.tool_id))
    tool.register(command.terms, command.reason)
    return await log.save(tool)


@dataclass(frozen=True)
class ChangeTool:
    """Another thing is agreed with a tool from now on."""

    tool_id: str
    terms: ToolTerms
    reason: str


async def change_tool(command: ChangeTool, log: Log) -> Position:
    tool = await log.load(Tool, tool_stream(command.tool_id))
    tool.change(command.terms, command.reason)
    return await log.save(tool)


@dataclass(frozen=True)
class DeployTool:
    """A tool may be used on a course."""

    tool_id: str
    course_id: str
    reason: str


async def deploy_tool(command: DeployTool, log: Log) -> Position:
    tool = await log.load(Tool, tool_stream(command.tool_id))
    await must_have_course(log, command.course_id)
    tool.deploy(command.course_id, command.reason)
    return await log.save(tool)


@dataclass(frozen=True)
class UndeployTool:
    """A tool may be used on a course no more."""

    tool_id: str
    course_id: str
    reason: str


async def undeploy_tool(command: UndeployTool, log: Log) -> Position:
    tool = await log.load(Tool, tool_stream(command.tool_id))
    tool.undeploy(command.course_id, command.reason)
    return await log.save(tool)


@dataclass(frozen=True)
class EndTool:
    """A tool ends, for good."""

    tool_id: str
    reason: str


async def end_tool(command: EndTool, log: Log) -> Position:
    tool = await log.load(Tool, tool_stream(command.tool_id))
    tool.end(command.reason)
    return await log.save(tool)


@dataclass(frozen=True)
class AddLineItem:
    """A tool makes a line item for one of its units on a run."""

    run_id: str
    tool_id: str
    item_id: str
    item: ToolItem


async def add_line_item(command: AddLineItem, log: Log) -> Position:
    run = await outline(log, command.run_id)
    unit = run.units.get(command.item.unit_id)
    if unit is None or unit.lti is None or unit.lti.tool_id != command.tool_id:
        raise BadLineItem(why=f"resourceLinkId {command.item.unit_id[:64]!r} is no unit of the tool on the run")
    (await log.read(Tool, tool_stream(command.tool_id))).in_use(run.course_id)
    items = await log.load(ToolItems, items_stream(command.run_id, command.tool_id))
    items.add(command.item_id, command.item)
    return await log.save(items)


@dataclass(frozen=True)
class ChangeLineItem:
    """A tool says something else of a line item that it has made."""

    run_id: str
    tool_id: str
    item_id: str
    item: ToolItem


async def change_line_item(command: ChangeLineItem, log: Log) -> Position:
    items = await log.load(ToolItems, items_stream(command.run_id, command.tool_id))
    items.change(command.item_id, command.item)
    return await log.save(items)


@dataclass(frozen=True)
class RemoveLineItem:
    """A tool removes a line item that it has made."""

    run_id: str
    tool_id: str
    item_id: str


async def remove_line_item(command: RemoveLineItem, log: Log) -> Position:
    items = await log.load(ToolItems, items_stream(command.run_id, command.tool_id))
    items.remove(command.item_id)
    return await log.save(items)


@dataclass(frozen=True)
class ReceiveToolScore:
    """A tool has scored what a learner has done on a unit of a run, or by a line item of its own there."""

    learner_id: str
    run_id: str
    unit_id: str
    tool_id: str
    said: ToolScore


async def receive_tool_score(command: ReceiveToolScore, log: Log) -> Position:
    command.said.check(log.context.at)
    run = await outline(log, command.run_id)
    unit = run.units.get(command.unit_id)
    if unit is None:
        (await log.read(ToolItems, items_stream(command.run_id, command.tool_id))).item(command.unit_id)
    elif unit.lti is None or unit.lti.tool_id != command.tool_id or not unit.has_line_item:
        raise NoLineItem(tool_id=command.tool_id, run_id=command.run_id, unit_id=command.unit_id)
    (await log.read(Tool, tool_stream(command.tool_id))).in_use(run.course_id)
    await must_have_access(log, command.learner_id, command.run_id)
    result = await log.load(ToolResult, result_stream(command.learner_id, command.run_id, command.unit_id))
    result.receive(command.tool_id, command.said, completes=unit is not None and _completes(unit, command.said))
    return await log.save(result)


def _completes(unit: Unit, said: ToolScore) -> bool:
    """Whether a score completes a unit, by the rule that it has."""
    rule = unit.completion
    return said.completes("", None) if rule is None else said.completes(rule.rule, rule.at_least_bp)
