"""
LTI: tools of others that learners use within a course (LTI 1.3 and Advantage, of which the campus is the platform).

`Tool` says which tools there are and on which courses they may be used. `ToolResult` is what a tool has said of one
learner's work on one unit; a score that completes the unit becomes a fact of the learner's progress.
"""

from domain.lti.errors import (
    BadLineItem,
    BadToolScore,
    BadToolTerms,
    LineItemOfCourse,
    NoLineItem,
    ScoreBehind,
    ToolEnded,
    ToolExists,
    ToolNotDeployed,
    ToolNotFound,
    TooManyLineItems,
)
from domain.lti.line_items import ToolItem, ToolItems, items_stream
from domain.lti.result import ToolResult, result_stream
from domain.lti.score import ACTIVITY_WORDS, GRADING_WORDS, ToolScore
from domain.lti.tool import SCOPES, SHARED, TOOL_ID, Tool, ToolTerms, check_terms, tool_stream

__all__ = [
    "ACTIVITY_WORDS",
    "GRADING_WORDS",
    "SCOPES",
    "SHARED",
    "TOOL_ID",
    "BadLineItem",
    "BadToolScore",
    "BadToolTerms",
    "LineItemOfCourse",
    "NoLineItem",
    "ScoreBehind",
    "TooManyLineItems",
    "Tool",
    "ToolEnded",
    "ToolExists",
    "ToolItem",
    "ToolItems",
    "ToolNotDeployed",
    "ToolNotFound",
    "ToolResult",
    "ToolScore",
    "ToolTerms",
    "check_terms",
    "items_stream",
    "result_stream",
    "tool_stream",
]
