"""
Item statistics: what each learner scored in each item of a quiz, and what was chosen, in the attempt that counts.

The attempt that counts for statistics is the learner's first at the quiz of which all items have marks: what comes
later was learned from it. Overrides change grades, never marks, so they change nothing here; regrades do.

Reads     facts of domain.quiz, in log order.
Writes    item_attempts, one row per quiz and learner; item_keys, one row per quiz of items with one right option.
Serves    api.item_statistics; adapters.postgres.queries.item_statistics counts the rows of a quiz.
Rebuild   campus projections rebuild item_statistics (safe: rows are its only effect).
"""

from bisect import insort
from collections.abc import Iterable, Mapping
from fractions import Fraction
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

from domain.fact import Fact
from domain.questions import exact, written
from domain.streams import named_id, named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table

Marks = dict[str, tuple[str | None, str]]
"""By item: the points that were earned, None as long as a person has to grade it, and the possible ones."""


class TriedItems(msgspec.Struct, omit_defaults=True):
    """
    One attempt.

    Attributes:
        version: of the quiz; 0 as long as it is not handed in.
        counts: the client's count of each item's answer; the highest one is the answer.
        chosen: ids of what was chosen, by item; none for an answer in words.
    """

    no: int
    version: int = 0
    counts: dict[str, int] = {}
    chosen: dict[str, list[str]] = {}
    marks: Marks = {}

    @property
    def is_whole(self) -> bool:
        """Whether all of its items have marks."""
        return self.version > 0 and bool(self.marks) and all(earned is not None for earned, _ in self.marks.values())


class ItemAttempts(msgspec.Struct):
    """
    A learner's attempts at a quiz up to the one that counts, which is its number, 0 as long as there is none.

    Attributes:
        quiz_version, total, marks, chosen: of that one; *total* is the sum of its marks, before what lateness costs.
        tries: those that may still count, or be regraded.
    """

    quiz_id: str
    learner_id: str
    counts_no: int = 0
    quiz_version: int = 0
    total: str = "0"
    marks: Marks = {}
    chosen: dict[str, list[str]] = {}
    tries: list[TriedItems] = []


class ItemKeys(msgspec.Struct):
    """The items with one right option in each version of a quiz, in their order, and the index of that option."""

    quiz_id: str
    versions: dict[str, list[tuple[str, int]]] = {}


ATTEMPTS = Table("item_attempts", ItemAttempts, ("quiz_id", "learner_id"))
KEYS = Table("item_keys", ItemKeys, ("quiz_id",), distribution="replicated")

_attempt, _quiz = named_ids("learner_id", "quiz_id", "attempt_no"), named_id("quiz_id")
_number = attrgetter("no")


def _needs_row(fact: Fact) -> Iterable[RowKey]:
    learner_id, quiz_id, _ = _attempt(fact.stream_id)
    return (RowKey(ATTEMPTS, (quiz_id, learner_id)),)


def _needs_submitted(fact: Fact) -> Iterable[RowKey]:
    """Nothing for what was handed in on paper, of which only the score is known."""
    if _started(fact):
        return _needs_row(fact)
    return (*_needs_row(fact), RowKey(KEYS, (_quiz(fact.stream_id),))) if fact.data["responses"] else ()


def _started(fact: Fact) -> bool:
    return fact.data.get("started_at") is not None


def _published(fact: Fact, rows: Rows) -> None:
    items = fact.data["items"]
    if items:
        keys = rows.edit(KEYS, ItemKeys, _quiz(fact.stream_id))
        rights = zip(items, fact.data["key"], strict=True)
        keys.versions[str(fact.data["version"])] = [(item["item_id"], right) for item, right in rights]


def _tried(fact: Fact, rows: Rows) -> tuple[ItemAttempts, TriedItems] | None:
    """The row that the fact is about and the attempt in it; None for an attempt after the one that counts."""
    learner_id, quiz_id, attempt_no = _attempt(fact.stream_id)
    no, row = int(attempt_no), rows.read(ATTEMPTS, ItemAttempts, quiz_id, learner_id)
    if row is not None and 0 < row.counts_no < no:
        return None
    row = rows.edit(ATTEMPTS, ItemAttempts, quiz_id, learner_id)
    for tried in row.tries:
        if tried.no == no:
            return row, tried
    tried = TriedItems(no)
    insort(row.tries, tried, key=_number)
    return row, tried


def _answer_saved(fact: Fact, rows: Rows) -> None:
    found, data = _tried(fact, rows), fact.data
    if found is None or data["client_seq"] <= found[1].counts.get(data["item_id"], 0):
        return
    tried, item_id = found[1], data["item_id"]
    tried.counts[item_id] = data["client_seq"]
    if data["response"] is None and not data["words"]:
        tried.chosen.pop(item_id, None)  # the answer was taken back
    else:
        tried.chosen[item_id] = chosen_in(data["response"])


def chosen_in(response: Mapping[str, Any] | None) -> list[str]:
    """The ids of what was chosen in a response, as domain/questions has it; none for other kinds, and for words."""
    if response is None:
        return []
    match response["kind"]:
        case "single_choice":
            return [response["option_id"]]
        case "multiple_choice":
            return sorted(set(response["option_ids"]))
        case "true_false":
            return ["true" if response["answer"] else "false"]
    return []


def _submitted(fact: Fact, rows: Rows) -> None:
    data = fact.data
    if not _started(fact) and not data["responses"]:
        return
    found = _tried(fact, rows)
    if found is None:
        return
    row, tried = found
    tried.version = data.get("quiz_version", 1)
    if not _started(fact):
        keys = rows.read(KEYS, ItemKeys, row.quiz_id)
        items = keys.versions.get(str(tried.version), []) if keys else []
        for (item_id, right), given in zip(items, data["responses"], strict=False):
            tried.marks[item_id] = "1" if given == right else "0", "1"
            if given >= 0:
                tried.chosen[item_id] = [str(given)]
    _count(row)


def _marked(fact: Fact, rows: Rows) -> None:
    found = _tried(fact, rows)
    if found is not None:
        row, tried = found
        for mark in fact.data["marks"]:
            tried.marks[mark["item_id"]] = mark["earned"], mark["possible"]
        _count(row)


def _item_graded(fact: Fact, rows: Rows) -> None:
    found = _tried(fact, rows)
    if found is not None:
        row, tried = found
        tried.marks[fact.data["item_id"]] = fact.data["final"], fact.data["possible"]
        _count(row)


def _count(row: ItemAttempts) -> None:
    """Let the first attempt with all marks count, and forget those after it, which never will."""
    for place, tried in enumerate(row.tries):
        if tried.is_whole:
            row.counts_no, row.quiz_version = tried.no, tried.version
            row.marks, row.chosen, row.total = dict(tried.marks), dict(tried.chosen), total_of(tried.marks)
            del row.tries[place + 1 :]
            return


def total_of(marks: Marks) -> str:
    """The sum of the earned points, exactly."""
    return written(sum((exact(earned) for earned, _ in marks.values() if earned is not None), Fraction(0)))


class ItemStatistics(Projection):
    """Marks and choices by item, of the attempt of each learner that counts for statistics."""

    name = "item_statistics"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (ATTEMPTS, KEYS)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "quiz.published": Handler(lambda fact: (RowKey(KEYS, (_quiz(fact.stream_id),)),), _published, writes=(KEYS,)),
        "attempt.answer_saved": Handler(_needs_row, _answer_saved, writes=(ATTEMPTS,)),
        "attempt.submitted": Handler(_needs_submitted, _submitted, writes=(ATTEMPTS,)),
        "attempt.marked": Handler(_needs_row, _marked, writes=(ATTEMPTS,)),
        "attempt.item_graded": Handler(_needs_row, _item_graded, writes=(ATTEMPTS,)),
    }
