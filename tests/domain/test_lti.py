"""Rules of tools, and of the scores that they send (LTI 1.3, AGS 2.0)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain.lti import (
    BadLineItem,
    BadToolScore,
    BadToolTerms,
    NoLineItem,
    ScoreBehind,
    Tool,
    ToolEnded,
    ToolExists,
    ToolItem,
    ToolItems,
    ToolNotDeployed,
    ToolNotFound,
    ToolResult,
    ToolScore,
    ToolTerms,
    TooManyLineItems,
    check_terms,
    tool_stream,
)
from domain.lti.line_items import MOST_ITEMS
from domain.lti.score import MOST_AHEAD
from domain.score import Score
from tests.support.given import fact, given

TERMS = ToolTerms(
    "Equations",
    "https://tool.example/login",
    ["https://tool.example/launch"],
    "https://tool.example/jwks",
    "",
    ["scores"],
    [],
)
REGISTERED = fact(Tool.Registered, terms=TERMS, reason="asked")
DEPLOYED = fact(Tool.Deployed, course_id="algebra", reason="asked")
ENDED = fact(Tool.Ended, reason="over")
AT = datetime(2026, 2, 1, 18, tzinfo=UTC)
SAID = ToolScore(AT, "83.5", "100", "Completed", "FullyGraded", "well done")


def scored(said: ToolScore, points: int | None, possible: int | None, *, completes: bool = True) -> Any:
    """The fact of a score."""
    named = msgspec.structs.asdict(said)
    return fact(
        ToolResult.Scored, tool_id="tool-equations", points=points, possible=possible, completes=completes, **named
    )


def test_a_tool_is_registered_once() -> None:
    """The same once more changes nothing; other terms are a change."""
    given(Tool).when(lambda tool: tool.register(TERMS, "asked")).then(REGISTERED)
    given(Tool, REGISTERED).when(lambda tool: tool.register(TERMS, "again")).then()
    other = msgspec.structs.replace(TERMS, shares=["name"])
    given(Tool, REGISTERED).when(lambda tool: tool.register(other, "x")).refused(ToolExists, tool_id="tool-equations")
    changed = fact(Tool.Changed, old=TERMS, new=other, reason="names")
    given(Tool, REGISTERED).when(lambda tool: tool.change(other, "names")).then(changed)
    given(Tool, REGISTERED).when(lambda tool: tool.change(TERMS, "names")).then()


def test_a_tool_is_used_where_it_is_deployed() -> None:
    """Course by course, until it is taken away there, or ends."""
    given(Tool, REGISTERED).when(lambda tool: tool.deploy("algebra", "asked")).then(DEPLOYED)
    given(Tool, REGISTERED, DEPLOYED).when(lambda tool: tool.deploy("algebra", "asked")).then()
    gone = fact(Tool.Undeployed, course_id="algebra", reason="over")
    given(Tool, REGISTERED, DEPLOYED).when(lambda tool: tool.undeploy("algebra", "over")).then(gone)
    given(Tool, REGISTERED).when(lambda tool: tool.undeploy("algebra", "over")).then()
    names = {"tool_id": "tool-equations"}
    given(Tool, REGISTERED, DEPLOYED).when(lambda tool: tool.in_use("geometry")).refused(
        ToolNotDeployed, **names, course_id="geometry"
    )
    given(Tool, REGISTERED, DEPLOYED, ENDED).when(lambda tool: tool.in_use("algebra")).refused(ToolEnded, **names)
    given(Tool, REGISTERED, ENDED).when(lambda tool: tool.end("over")).then()
    given(Tool).when(lambda tool: tool.end("over")).refused(ToolNotFound, **names)


def test_ids_of_tools_are_of_no_person() -> None:
    """They begin otherwise."""
    for name in ("ann", "tool-", "tool-A", "tool-a-", "service-x", "tool-" + "a" * 60):
        with pytest.raises(ToolNotFound):
            tool_stream(name)


@pytest.mark.parametrize(
    "change",
    [
        {"login_url": "http://tool.example/login"},
        {"login_url": "https://user@tool.example/"},
        {"key_set_url": "https://tool.example/#x"},
        {"key_set_url": "file:///etc/passwd"},
        {"redirect_urls": []},
        {"redirect_urls": ["javascript:alert(1)"]},
        {"deep_linking_url": "https://tool.example:0/"},
        {"scopes": ["everything"]},
        {"shares": ["grades"]},
    ],
)
def test_terms_that_cannot_be_used_are_refused(change: dict[str, Any]) -> None:
    """By how they are written."""
    check_terms(TERMS, is_development=False)
    with pytest.raises(BadToolTerms):
        check_terms(msgspec.structs.replace(TERMS, **change), is_development=False)


def test_a_score_is_exact() -> None:
    """83.5 of 100 is 167 of 200; more than all is all."""
    assert SAID.score == Score(167, 200)
    assert msgspec.structs.replace(SAID, given="0.1", maximum="0.3").score == Score(1, 3)
    assert msgspec.structs.replace(SAID, given="1.1", maximum="1").score == Score(1, 1)
    assert msgspec.structs.replace(SAID, grading="Pending").score is None
    assert msgspec.structs.replace(SAID, given=None, maximum=None).score is None


@pytest.mark.parametrize(
    ("rule", "mark", "said", "completes"),
    [
        ("", None, {}, True),
        ("", None, {"grading": "Pending"}, False),
        ("scored", None, {}, True),
        ("submitted", None, {"grading": "Pending", "given": None}, True),
        ("submitted", None, {"activity": "Started", "grading": "Pending"}, False),
        ("passed", 8_350, {}, True),
        ("passed", 8_351, {}, False),
        ("opened", None, {}, False),
        ("by_staff", None, {}, False),
    ],
)
def test_what_completes_a_unit(rule: str, mark: int | None, said: dict[str, Any], *, completes: bool) -> None:
    """Its own rule, of which the tool knows nothing."""
    assert msgspec.structs.replace(SAID, **said).completes(rule, mark) is completes


@pytest.mark.parametrize(
    "change",
    [
        {"given": "-1"},
        {"given": "NaN"},
        {"given": "1e300"},
        {"given": "0.1234567"},
        {"maximum": "0"},
        {"maximum": None},
        {"activity": "Done"},
        {"grading": "Graded"},
        {"comment": "x" * 3_000},
        {"scored_at": AT.replace(tzinfo=None)},
        {"scored_at": AT + MOST_AHEAD + timedelta(microseconds=1)},
    ],
)
def test_what_cannot_be_is_no_score(change: dict[str, Any]) -> None:
    """Refused, with what is wrong."""
    with pytest.raises(BadToolScore):
        msgspec.structs.replace(SAID, **change).check(AT)


def test_a_clock_that_is_a_little_ahead_is_taken() -> None:
    """A tool and the campus may differ by a few minutes."""
    msgspec.structs.replace(SAID, scored_at=AT + MOST_AHEAD).check(AT)


def test_the_latest_score_stands() -> None:
    """By the tool's clock: the same again changes nothing, an earlier one or another of the same moment is refused."""
    first = scored(SAID, 167, 200)
    given(ToolResult).when(lambda result: result.receive("tool-equations", SAID, completes=True)).then(first)
    given(ToolResult, first).when(lambda result: result.receive("tool-equations", SAID, completes=True)).then()
    later = msgspec.structs.replace(SAID, scored_at=AT + timedelta(microseconds=1), given="10")
    second = scored(later, 1, 10)
    given(ToolResult, first).when(lambda result: result.receive("tool-equations", later, completes=True)).then(second)
    refusal = {"latest": later.scored_at.isoformat(), "sent": AT.isoformat()}
    given(ToolResult, first, second).when(
        lambda result: result.receive("tool-equations", SAID, completes=True)
    ).refused(ScoreBehind, **refusal)
    other = msgspec.structs.replace(SAID, given="1")
    same = {"latest": AT.isoformat(), "sent": AT.isoformat()}
    given(ToolResult, first).when(lambda result: result.receive("tool-equations", other, completes=True)).refused(
        ScoreBehind, **same
    )


def test_a_score_that_is_taken_back_counts_no_more() -> None:
    """A later message without points: the result has none (AGS 2.0, 3.4.6)."""
    later = msgspec.structs.replace(SAID, scored_at=AT + timedelta(1), given=None, maximum=None, grading="NotReady")
    given(ToolResult, scored(SAID, 167, 200)).when(
        lambda result: result.receive("tool-equations", later, completes=False)
    ).then(scored(later, None, None, completes=False))


ITEM = ToolItem("lab", "Draft", "20", "draft", "")
ADDED = fact(ToolItems.Added, item_id="item-1", item=ITEM)


def test_a_tool_makes_line_items() -> None:
    """Each step is a fact, with the old and the new value; done twice it changes nothing."""
    other = msgspec.structs.replace(ITEM, label="First draft")
    changed = fact(ToolItems.Changed, item_id="item-1", old=ITEM, new=other)
    removed = fact(ToolItems.Removed, item_id="item-1", item=ITEM)
    names = {"tool_id": "tool-equations", "run_id": "algebra-1"}
    gone = {**names, "unit_id": "item-1"}
    given(ToolItems).when(lambda items: items.add("item-1", ITEM)).then(ADDED)
    given(ToolItems, ADDED).when(lambda items: items.add("item-1", ITEM)).then()
    given(ToolItems, ADDED).when(lambda items: items.change("item-1", other)).then(changed)
    given(ToolItems, ADDED).when(lambda items: items.change("item-1", ITEM)).then()
    given(ToolItems, ADDED).when(lambda items: items.remove("item-1")).then(removed)
    given(ToolItems, ADDED, removed).when(lambda items: items.change("item-1", other)).refused(NoLineItem, **gone)
    given(ToolItems, ADDED, removed).when(lambda items: items.remove("item-1")).refused(NoLineItem, **gone)
    moved = msgspec.structs.replace(ITEM, unit_id="essay")
    given(ToolItems, ADDED).when(lambda items: items.change("item-1", moved)).refused(
        BadLineItem, why="resourceLinkId stays lab"
    )
    many = [fact(ToolItems.Added, item_id=f"item-{number}", item=ITEM) for number in range(MOST_ITEMS)]
    given(ToolItems, *many).when(lambda items: items.add("more", ITEM)).refused(
        TooManyLineItems, **names, most=MOST_ITEMS
    )


@pytest.mark.parametrize(
    "change", [{"label": " "}, {"label": "x" * 257}, {"tag": "\0"}, {"maximum": "0"}, {"maximum": "0.1234567"}]
)
def test_what_cannot_be_is_no_line_item(change: dict[str, Any]) -> None:
    """Refused, with what is wrong."""
    with pytest.raises(BadLineItem):
        msgspec.structs.replace(ITEM, **change).check()
