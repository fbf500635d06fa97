"""
Moderation of the forum: cases of posts, reports of persons, and what authors read and answer.

A case is keyed by its thread and has no reporter; who has reported, and in which words, is keyed by that person, as are
notices by the author. Queries join them. What persons write is sealed.

Reads     facts of domain.forum about moderation, in log order.
Writes    moderation_cases, moderation_reports, moderation_notices.
Serves    api.forum.moderation.
Rebuild   campus projections rebuild moderation (safe: rows are its only effect).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from domain.fact import Fact
from domain.streams import named_ids
from projections.engine.projection import SEGMENTS, Handler, Projection, RowKey, Rows, Table

OPEN, DECIDED, APPEALED, ANSWERED, EMPTY = "open", "decided", "appealed", "answered", "empty"
"""How a case stands: reports or words wait; the staff have decided; its author contests that; that is answered, too; or
all reports were taken back."""


class WaitingReport(msgspec.Struct):
    """A report that is not decided; who has made it is known on the side of that person."""

    report_no: int
    ground: str
    at: datetime


class ModerationCase(msgspec.Struct):
    """
    A case of a post.

    Attributes:
        state: one of the words above.
        reports: those that wait, the oldest first; after a decision, those that it has closed.
        lists: the word lists that have a word of the post.
        waits_since: of the oldest report or word that waits, or of the appeal.
    """

    thread_id: str
    post_no: int
    case_no: int
    run_id: str = ""
    author_id: str = ""
    state: str = EMPTY
    reports: list[WaitingReport] = []
    lists: list[str] = []
    flagged_at: datetime | None = None
    waits_since: datetime | None = None
    decision: str | None = None
    ground: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    appealed_at: datetime | None = None
    upheld: bool | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


class PostReport(msgspec.Struct):
    """A person's report of a post, the last one that was made; `words` are sealed."""

    learner_id: str
    thread_id: str
    post_no: int
    run_id: str = ""
    case_no: int = 0
    report_no: int = 0
    ground: str = ""
    words: str = ""
    reported_at: datetime | None = None
    withdrawn_at: datetime | None = None


class PostNotice(msgspec.Struct):
    """What was decided about an own post, and the appeal against it; words are sealed."""

    learner_id: str
    thread_id: str
    post_no: int
    case_no: int
    run_id: str = ""
    decision: str = ""
    ground: str = ""
    words: str = ""
    given_at: datetime | None = None
    appeal: str = ""
    appealed_at: datetime | None = None
    upheld: bool | None = None
    answer: str = ""
    answered_at: datetime | None = None


CASES = Table(
    "moderation_cases",
    ModerationCase,
    ("thread_id", "post_no", "case_no"),
    indexes=(("run_id", "state", "waits_since"),),
)
REPORTS = Table(
    "moderation_reports",
    PostReport,
    ("learner_id", "thread_id", "post_no"),
    indexes=(("thread_id", "post_no"), ("learner_id", "run_id")),
)
NOTICES = Table(
    "moderation_notices",
    PostNotice,
    ("learner_id", "thread_id", "post_no", "case_no"),
    indexes=(("learner_id", "run_id"), ("thread_id", "post_no")),
)

_post, _own = named_ids("thread_id", "post_no"), named_ids("learner_id", "thread_id", "post_no")


def _case_key(fact: Fact) -> tuple[str, int, int]:
    thread_id, post_no = _post(fact.stream_id)
    return thread_id, int(post_no), fact.data["case_no"]


def _report_key(fact: Fact) -> tuple[str, str, int]:
    learner_id, thread_id, post_no = _own(fact.stream_id)
    return learner_id, thread_id, int(post_no)


def _notice_key(fact: Fact) -> tuple[str, str, int, int]:
    return *_report_key(fact), fact.data["case_no"]


def _needs_case(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(CASES, _case_key(fact)),)


def _needs_report(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(REPORTS, _report_key(fact)),)


def _needs_notice(fact: Fact) -> Iterable[RowKey]:
    return (RowKey(NOTICES, _notice_key(fact)),)


def _case(fact: Fact, rows: Rows) -> ModerationCase:
    row = rows.edit(CASES, ModerationCase, *_case_key(fact))
    row.run_id = fact.data.get("run_id", row.run_id)
    row.author_id = fact.data.get("author_id", row.author_id)
    return row


def _wait(row: ModerationCase) -> None:
    """Say of a case whether anything of it waits, and since when: nothing waits once all reports were taken back."""
    since = [each.at for each in row.reports]
    since += [] if row.flagged_at is None else [row.flagged_at]
    row.state, row.waits_since = (OPEN, min(since)) if since else (EMPTY, None)


def _reported(fact: Fact, rows: Rows) -> None:
    row, data = _case(fact, rows), fact.data
    row.reports.append(WaitingReport(data["report_no"], data["ground"], fact.occurred_at))
    _wait(row)


def _report_withdrawn(fact: Fact, rows: Rows) -> None:
    row, number = _case(fact, rows), fact.data["report_no"]
    row.reports = [each for each in row.reports if each.report_no != number]
    _wait(row)


def _flagged(fact: Fact, rows: Rows) -> None:
    row = _case(fact, rows)
    row.lists, row.flagged_at = fact.data["lists"], fact.occurred_at
    _wait(row)


def _decided(fact: Fact, rows: Rows) -> None:
    row, data = _case(fact, rows), fact.data
    row.state, row.waits_since = DECIDED, None
    row.decision, row.ground, row.decided_by = data["decision"], data["ground"], data["decided_by"]
    row.decided_at = fact.occurred_at


def _appealed(fact: Fact, rows: Rows) -> None:
    row = _case(fact, rows)
    row.state, row.waits_since, row.appealed_at = APPEALED, fact.occurred_at, fact.occurred_at


def _appeal_decided(fact: Fact, rows: Rows) -> None:
    row, data = _case(fact, rows), fact.data
    row.state, row.waits_since = ANSWERED, None
    row.upheld, row.answered_by, row.answered_at = data["upheld"], data["decided_by"], fact.occurred_at


def _filed(fact: Fact, rows: Rows) -> None:
    row, data = rows.edit(REPORTS, PostReport, *_report_key(fact)), fact.data
    row.run_id, row.case_no, row.report_no = data["run_id"], data["case_no"], data["report_no"]
    row.ground, row.words = data["ground"], data["words"]
    row.reported_at, row.withdrawn_at = fact.occurred_at, None


def _withdrawn(fact: Fact, rows: Rows) -> None:
    rows.edit(REPORTS, PostReport, *_report_key(fact)).withdrawn_at = fact.occurred_at


def _noticed(fact: Fact, rows: Rows) -> None:
    row, data = rows.edit(NOTICES, PostNotice, *_notice_key(fact)), fact.data
    row.run_id, row.decision, row.ground, row.words = data["run_id"], data["decision"], data["ground"], data["words"]
    row.given_at = fact.occurred_at


def _contested(fact: Fact, rows: Rows) -> None:
    row = rows.edit(NOTICES, PostNotice, *_notice_key(fact))
    row.appeal, row.appealed_at = fact.data["words"], fact.occurred_at


def _appeal_answered(fact: Fact, rows: Rows) -> None:
    row = rows.edit(NOTICES, PostNotice, *_notice_key(fact))
    row.upheld, row.answer, row.answered_at = fact.data["upheld"], fact.data["words"], fact.occurred_at


class ModerationOfForum(Projection):
    """Cases, reports and notices."""

    name = "moderation"
    version = 1
    store = "postgres"
    segments = SEGMENTS
    tables = (CASES, REPORTS, NOTICES)
    handlers: ClassVar[Mapping[str, Handler]] = {
        "moderation.reported": Handler(_needs_case, _reported, writes=(CASES,)),
        "moderation.report_withdrawn": Handler(_needs_case, _report_withdrawn, writes=(CASES,)),
        "moderation.flagged": Handler(_needs_case, _flagged, writes=(CASES,)),
        "moderation.decided": Handler(_needs_case, _decided, writes=(CASES,)),
        "moderation.appealed": Handler(_needs_case, _appealed, writes=(CASES,)),
        "moderation.appeal_decided": Handler(_needs_case, _appeal_decided, writes=(CASES,)),
        "report.filed": Handler(_needs_report, _filed, writes=(REPORTS,)),
        "report.withdrawn": Handler(_needs_report, _withdrawn, writes=(REPORTS,)),
        "notice.given": Handler(_needs_notice, _noticed, writes=(NOTICES,)),
        "notice.appealed": Handler(_needs_notice, _contested, writes=(NOTICES,)),
        "notice.appeal_answered": Handler(_needs_notice, _appeal_answered, writes=(NOTICES,)),
    }
