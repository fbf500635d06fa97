"""What can be wrong with a tool, and with what it says."""

from domain.errors import Conflict, Forbidden, NotFound, Rejected


class BadToolTerms(Rejected):
    """What is said of a tool is not enough to use it, or cannot be so."""

    code = "bad_tool_terms"
    template = "this is no tool that can be used: {why}"


class ToolNotFound(NotFound):
    """No tool has this id."""

    code = "tool_not_found"
    template = "there is no tool {tool_id}"


class ToolExists(Conflict):
    """Another tool was registered by this id."""

    code = "tool_exists"
    template = "the tool {tool_id} is registered with other terms: change it, or choose another id"


class ToolEnded(Conflict):
    """The tool has ended, for good."""

    code = "tool_ended"
    template = "the tool {tool_id} has ended: register another one"


class ToolNotDeployed(Conflict):
    """The tool may not be used on the course."""

    code = "tool_not_deployed"
    template = "the tool {tool_id} is not deployed to course {course_id}: an admin has to do that first"


class NoLineItem(NotFound):
    """A unit for which the tool gives no score."""

    code = "no_line_item"
    template = "the tool {tool_id} has no line item {unit_id} on run {run_id}"


class BadToolScore(Rejected):
    """A tool sends a score that says nothing, or what cannot be."""

    code = "bad_tool_score"
    template = "this is no score: {why}"


class ScoreBehind(Conflict):
    """A score is older than the one that is there (AGS 2.0: the platform must not take it)."""

    code = "score_behind"
    template = "a score of {latest} is there, which is later than {sent}"


class NotATool(Forbidden):
    """A unit that is no tool has nothing to launch."""

    code = "not_a_tool"
    template = "unit {unit_id} of run {run_id} is no tool that could be launched"


class LaunchRefused(Forbidden):
    """What a tool sends with its authentication request is not what was begun, or not what LTI has."""

    code = "launch_refused"
    template = "the tool cannot be launched: {why}"


class NoChoice(Rejected):
    """A tool has nothing to choose from, or what it sends is no choice."""

    code = "no_choice"
    template = "nothing was added: {why}"


class NotAnEditor(Forbidden):
    """The person for whom a choice is made may not edit the course any more."""

    code = "not_an_editor"
    template = "nothing was added: you may not edit course {course_id} any more"


class BadLineItem(Rejected):
    """What a tool says of a line item can be none."""

    code = "bad_line_item"
    template = "this is no line item: {why}"


class LineItemOfCourse(Forbidden):
    """A line item that is a unit of the course."""

    code = "line_item_of_course"
    template = "line item {unit_id} is a unit of the course: its editors change it"


class TooManyLineItems(Conflict):
    """A tool has made as many line items on a run as there may be."""

    code = "too_many_line_items"
    template = "the tool {tool_id} has {most} line items of its own on run {run_id}: remove one first"
