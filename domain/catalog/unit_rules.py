"""What one unit may say by itself; what only the whole course tells is in domain.catalog.structure_rules."""

import re
from collections.abc import Iterator
from datetime import time
from typing import Any
from urllib.parse import urlsplit

from domain.aggregate import stream_id
from domain.catalog.errors import BadStructure
from domain.catalog.unit import HANDED_IN, LtiLink, Unit, UnitCompletion, hashes_of
from domain.kinds import KINDS, has_score
from domain.late_policy import problem_of_late_policy
from domain.score import FULL

COMPLETION_WORDS = ("opened", "by_hand", "watched", "submitted", "scored", "passed", "by_staff")
"""What completes a unit; the set is closed for what is published from now on."""
WITH_A_MARK = ("watched", "passed")
WATCHED_KINDS = ("video", "audio")
SHA256 = re.compile(r"[0-9a-f]{64}\Z")
MAX_SECONDS = 7 * 86_400
MAX_CAPTIONS = 50
MAX_CUSTOM = 50  # values of a tool
LONGEST_CUSTOM = 2_000  # characters
MAX_POINTS = 1_000_000


def problems_of_unit(unit: Unit, *, any_kind: bool = False) -> Iterator[BadStructure]:
    """What is wrong with one unit by itself; *any_kind* lets old words for kinds pass."""
    stream_id("unit", unit.unit_id)
    if unit.weight < 0:
        yield _bad(unit, f"has the negative weight {unit.weight}")
    if unit.kind not in KINDS and not any_kind:
        yield _bad(unit, f"has the unknown kind {unit.kind!r}; kinds are: {', '.join(sorted(KINDS))}")
    if unit.completion is not None:
        yield from _problems_of_completion(unit, unit.completion)
    yield from _problems_of_deadline(unit)
    yield from _problems_of_content(unit)
    if unit.lti is not None:
        yield from _problems_of_tool(unit, unit.lti)


def problems_of_length(unit: Unit) -> Iterator[BadStructure]:
    """What a draft may leave open for a while: a unit that is completed by being watched says how long it is."""
    rule = None if unit.completion is None else unit.completion.rule
    if rule == "watched" and unit.kind in WATCHED_KINDS and unit.seconds is None:
        yield _bad(unit, "is completed by 'watched', which cannot be reached without its length: set its seconds")


def _problems_of_tool(unit: Unit, link: LtiLink) -> Iterator[BadStructure]:
    if unit.kind != "lti":
        yield _bad(unit, f"is of kind {unit.kind}, which is no tool")
    stream_id("tool", link.tool_id)
    if len(link.custom) > MAX_CUSTOM or any(
        len(each) > LONGEST_CUSTOM for each in (*link.custom, *link.custom.values())
    ):
        yield _bad(unit, f"tells its tool more than {MAX_CUSTOM} values of {LONGEST_CUSTOM} characters each")
    if not 0 < link.maximum <= MAX_POINTS:
        yield _bad(unit, f"has {link.maximum} points of its tool; there are 1 to {MAX_POINTS:,}")


def _problems_of_completion(unit: Unit, completion: UnitCompletion) -> Iterator[BadStructure]:
    rule, mark = completion.rule, completion.at_least_bp
    if rule not in COMPLETION_WORDS:
        yield _bad(unit, f"is completed by {rule!r}, which is no rule; rules are: {', '.join(COMPLETION_WORDS)}")
        return
    if (mark is not None) != (rule in WITH_A_MARK) or not 0 <= (mark or 0) <= FULL:
        needs = f"at_least_bp from 0 to {FULL}" if rule in WITH_A_MARK else "no at_least_bp"
        yield _bad(unit, f"is completed by {rule!r}, which has {needs}")
    if rule == "watched" and unit.kind not in WATCHED_KINDS:
        yield _bad(unit, f"is of kind {unit.kind}, which cannot be watched")
    if rule in HANDED_IN and not (has_score(unit.kind) or unit.kind == "lti"):
        yield _bad(unit, f"is of kind {unit.kind}, for which no score is given: {rule!r} would never complete it")
    if rule in ("opened", "by_hand") and has_score(unit.kind):
        yield _bad(unit, f"is of kind {unit.kind}, which has a score: {rule!r} would complete it without one")


def _problems_of_deadline(unit: Unit) -> Iterator[BadStructure]:
    if unit.due_time:
        if unit.due_after_days is None:
            yield _bad(unit, "has a time of day of its deadline and no deadline")
        if not _is_clock(unit.due_time):
            yield _bad(unit, f"is due at {unit.due_time!r}; a time of day is HH:MM, such as 23:59")
    if unit.late is not None and (problem := problem_of_late_policy(unit.late)):
        yield _bad(unit, f"has a late policy that says nothing: {problem}")


def _is_clock(text: str) -> bool:
    try:
        return len(text) == 5 and time.fromisoformat(text).isoformat("minutes") == text
    except ValueError:
        return False


def _problems_of_content(unit: Unit) -> Iterator[BadStructure]:
    for sha256 in hashes_of(unit):
        if not SHA256.match(sha256):
            yield _bad(unit, f"names the content {sha256!r}, which is no SHA-256 in hex")
    if unit.captions and unit.kind != "video":
        yield _bad(unit, f"is of kind {unit.kind}, which has no captions")
    languages = [caption.language for caption in unit.captions]
    if len(languages) > MAX_CAPTIONS or len(set(languages)) < len(languages):
        yield _bad(unit, f"has more than {MAX_CAPTIONS} captions, or two in one language")
    if unit.seconds is not None and not 0 < unit.seconds <= MAX_SECONDS:
        yield _bad(unit, f"lasts {unit.seconds} s; a recording lasts 1 to {MAX_SECONDS} s")
    if unit.url and not is_web_address(unit.url):
        yield _bad(unit, f"leads to {unit.url!r}, which is no address of http or https")


def is_web_address(url: str) -> bool:
    """Whether *url* is an absolute one of http or https, without a name and password."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def _bad(unit: Unit, problem: str, **facts: Any) -> BadStructure:
    return BadStructure(f"unit {unit.unit_id} {problem}", unit_id=unit.unit_id, **facts)
