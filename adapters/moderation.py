"""
Moderation as the staff of a run see it, and as a person sees the own reports and decisions about own posts.

Who has reported a post is said to the staff, but not to its author, also where that is one of the staff; who has
written it is said to no one who has reported it. Both hold since an answer to a person is made of rows of that person.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from adapters.forum import Opener
from adapters.personal.keys import PersonKeys
from adapters.postgres.queries import moderation
from adapters.postgres.queries.moderation import (
    CasesAsked,
    StoredCase,
    StoredFile,
    StoredNotice,
    StoredOwn,
    StoredOwnReport,
    StoredReport,
)
from adapters.postgres.queries.reader import Reader, RowPage
from domain.errors import OwnMatter
from domain.forum import OPENING, RemovalGround, writing_stream
from domain.forum.moderation import GROUNDS, Decision, ReportGround
from domain.forum.notice import notice_stream
from domain.forum.report import report_stream
from domain.words import closed

AT = datetime(2026, 2, 14, 18, tzinfo=UTC)
States = Annotated[str, closed(("open", "decided", "appealed", "answered", "empty"))]
Grounds = Annotated[str, closed(GROUNDS)]
Decisions = Annotated[str, closed(Decision)]
Reasons = Annotated[str, closed(ReportGround)]
Outcomes = Annotated[str, closed(("waits", "withdrawn", "dismissed", "acted", "overturned"))]


class ModerationCase(msgspec.Struct, kw_only=True):
    """
    Reports of a post that one decision closes, and what was decided.

    Attributes:
        state: `open` reports or words of a list wait; `decided`; `appealed` the author contests that; `answered` the
            appeal is decided, too; `empty` all reports were taken back.
        grounds: how many reports there are for each ground.
        lists: the word lists that have a word of the post: `run`, `campus`.
        title, text: of the thread, and of the post as it is now; null where they are gone.
        removed: why the post is not shown; null where it is.
    """

    thread_id: str
    post_no: int
    case_no: int
    author_id: str
    anonymous: bool
    state: States
    reports: int
    grounds: dict[str, int]
    lists: list[str]
    waits_since: datetime | None
    decision: Decisions | None
    ground: Grounds | None
    decided_by: str | None
    decided_at: datetime | None
    appealed_at: datetime | None
    upheld: bool | None
    answered_by: str | None
    answered_at: datetime | None
    title: str | None
    text: str | None
    edited_at: datetime | None
    removed: Annotated[str, closed(RemovalGround)] | None


class ReportOfPost(msgspec.Struct, kw_only=True):
    """A report, by whom and in which words."""

    learner_id: str
    case_no: int
    ground: Reasons
    words: str
    reported_at: datetime
    withdrawn_at: datetime | None


class PostDecision(msgspec.Struct, kw_only=True):
    """
    A decision against a post, as its author reads it.

    Attributes:
        title: of the thread; null where it is not shown.
        words: of the staff; *appeal* is what the author says to it, *answer* what the staff say to that.
        upheld: whether the author was right; null as long as no appeal is decided.
    """

    thread_id: str
    post_no: int
    case_no: int
    title: str | None
    decision: Decisions
    ground: Grounds
    words: str
    given_at: datetime
    appeal: str
    appealed_at: datetime | None
    upheld: bool | None
    answer: str
    answered_at: datetime | None


class OwnReport(msgspec.Struct, kw_only=True):
    """
    An own report.

    Attributes:
        outcome: `acted` something was decided against the post; `overturned` its author has contested that, rightly.
    """

    thread_id: str
    post_no: int
    title: str | None
    ground: Reasons
    words: str
    reported_at: datetime
    outcome: Outcomes
    decided_at: datetime | None


class PostFile(msgspec.Struct, kw_only=True):
    """All cases of a post, the first one first, with the reports and what its author has read and answered."""

    cases: list[ModerationCase]
    reports: list[ReportOfPost]
    decisions: list[PostDecision]


class OwnModeration(msgspec.Struct, kw_only=True):
    """What a person has reported on a run, and what was decided about own posts there, the newest first."""

    reports: list[OwnReport]
    decisions: list[PostDecision]


CASE = ModerationCase(
    thread_id="0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1",
    post_no=2,
    case_no=1,
    author_id="28400",
    anonymous=True,
    state="answered",
    reports=2,
    grounds={"rude": 2},
    lists=["run"],
    waits_since=AT,
    decision="removed",
    ground="rude",
    decided_by="7f3a",
    decided_at=AT,
    appealed_at=AT,
    upheld=True,
    answered_by="9b1c",
    answered_at=AT,
    title="Why is 6 x 7 not 36?",
    text="Count **seven** rows of six.",
    edited_at=AT,
    removed="rude",
)
DECISION = PostDecision(
    thread_id=CASE.thread_id,
    post_no=2,
    case_no=1,
    title=CASE.title,
    decision="removed",
    ground="rude",
    words="Please be kind.",
    given_at=AT,
    appeal="I was quoting.",
    appealed_at=AT,
    upheld=True,
    answer="You were.",
    answered_at=AT,
)
FILE = PostFile(
    cases=[CASE],
    reports=[
        ReportOfPost(
            learner_id="30112", case_no=1, ground="rude", words="It insults me.", reported_at=AT, withdrawn_at=AT
        )
    ],
    decisions=[DECISION],
)
OWN = OwnModeration(
    reports=[
        OwnReport(
            thread_id=CASE.thread_id,
            post_no=3,
            title=CASE.title,
            ground="spam",
            words="An advertisement.",
            reported_at=AT,
            outcome="acted",
            decided_at=AT,
        )
    ],
    decisions=[DECISION],
)


class FoundFile(NamedTuple):
    """All about a post, None if nothing was ever reported or decided; and the position for which that is true."""

    file: PostFile | None
    position: int


class FoundOwn(NamedTuple):
    """What is one's own, and the position for which that is true."""

    own: OwnModeration
    position: int


_case = msgspec.json.Decoder(StoredCase).decode
_file = msgspec.json.Decoder(StoredFile).decode
_own = msgspec.json.Decoder(StoredOwn).decode
_encode = msgspec.json.Encoder().encode


class ShownModeration:
    """Moderation of a run, for one reader."""

    def __init__(self, reader: Reader, keys: PersonKeys, me: str) -> None:
        self._reader = reader
        self._keys = keys
        self._me = me

    async def queue(self, asked: CasesAsked, after: list[Any] | None, limit: int) -> RowPage:
        """A page of cases, each as JSON."""
        page = await moderation.queue(self._reader, asked, after, limit)
        stored = [_case(row[-1]) for row in page.rows]
        opener = await self._opener(stream for each in stored for stream in _streams_of_case(each))
        shown = [_encode(_shown_case(each, opener)).decode() for each in stored]
        return RowPage([(*row[:-1], text) for row, text in zip(page.rows, shown, strict=True)], page.position)

    async def file(self, run_id: str, thread_id: str, post_no: int) -> FoundFile:
        """All about a post; raises OwnMatter for its author, who would read who has reported it."""
        answer = await moderation.file_of(self._reader, run_id, thread_id, post_no, self._me)
        stored = _file(answer.body or b"")
        if not stored.cases:
            return FoundFile(None, answer.position)
        author = stored.cases[0].author_id
        if author == self._me:
            raise OwnMatter(learner_id=self._me)
        streams = {stream for each in stored.cases for stream in _streams_of_case(each)}
        streams |= {report_stream(each.learner_id, thread_id, post_no) for each in stored.reports}
        opener = await self._opener({*streams, notice_stream(author, thread_id, post_no)})
        return FoundFile(
            PostFile(
                cases=[_shown_case(each, opener) for each in stored.cases],
                reports=[_shown_report(each, thread_id, post_no, opener) for each in stored.reports],
                decisions=[_shown_decision(each, author, opener) for each in stored.notices],
            ),
            answer.position,
        )

    async def own(self, run_id: str, cohort_id: str | None) -> FoundOwn:
        """The own reports, and decisions about own posts, of a person in a cohort or in none."""
        answer, me = await moderation.own(self._reader, run_id, self._me, cohort_id), self._me
        stored = _own(answer.body or b"")
        streams = {report_stream(me, each.thread_id, each.post_no) for each in stored.reports}
        streams |= {notice_stream(me, each.thread_id, each.post_no) for each in stored.notices}
        opened = [(each.opened_by, each.thread_id) for each in stored.reports]
        opened += [(each.opened_by, each.thread_id) for each in stored.notices]
        streams |= {writing_stream(by, thread_id, OPENING) for by, thread_id in opened if by is not None}
        opener = await self._opener(streams)
        return FoundOwn(
            OwnModeration(
                reports=[_shown_own(each, me, opener) for each in stored.reports],
                decisions=[_shown_decision(each, me, opener) for each in stored.notices],
            ),
            answer.position,
        )

    async def _opener(self, streams: Iterable[str]) -> Opener:
        return Opener(await self._keys.reading_all(set(streams)))


def _title(each: StoredCase | StoredNotice | StoredOwnReport, opener: Opener) -> str | None:
    """The title of the thread; None where the read model of the forum does not have it yet."""
    return None if each.opened_by is None else opener.text(each.title, each.opened_by, each.thread_id, OPENING)


def _streams_of_case(each: StoredCase) -> Iterable[str]:
    yield writing_stream(each.author_id, each.thread_id, each.post_no)
    if each.opened_by is not None:
        yield writing_stream(each.opened_by, each.thread_id, OPENING)


def _shown_case(each: StoredCase, opener: Opener) -> ModerationCase:
    values = {name: getattr(each, name) for name in ModerationCase.__struct_fields__ if hasattr(each, name)}
    stream = writing_stream(each.author_id, each.thread_id, each.post_no)
    return ModerationCase(
        **values
        | {
            "reports": len(each.grounds),
            "grounds": dict(Counter(each.grounds)),
            "anonymous": bool(each.anonymous),
            "title": _title(each, opener),
            "text": None if each.text is None else opener.words(each.text, stream),
        }
    )


def _shown_report(each: StoredReport, thread_id: str, post_no: int, opener: Opener) -> ReportOfPost:
    values = msgspec.structs.asdict(each)
    words = opener.words(each.words, report_stream(each.learner_id, thread_id, post_no))
    return ReportOfPost(**values | {"words": words})


def _shown_decision(each: StoredNotice, author: str, opener: Opener) -> PostDecision:
    values = {name: getattr(each, name) for name in PostDecision.__struct_fields__}
    stream = notice_stream(author, each.thread_id, each.post_no)
    opened = {name: opener.words(values[name], stream) for name in ("words", "appeal", "answer")}
    title = None if each.hidden else _title(each, opener)
    return PostDecision(**values | opened | {"title": title})


def _shown_own(each: StoredOwnReport, me: str, opener: Opener) -> OwnReport:
    return OwnReport(
        thread_id=each.thread_id,
        post_no=each.post_no,
        title=None if each.hidden else _title(each, opener),
        ground=each.ground,
        words=opener.words(each.words, report_stream(me, each.thread_id, each.post_no)),
        reported_at=each.reported_at,
        outcome=_outcome(each),
        decided_at=each.decided_at,
    )


def _outcome(each: StoredOwnReport) -> str:
    if each.withdrawn_at is not None:
        return "withdrawn"
    if each.decision is None:
        return "waits"
    if each.decision == Decision.DISMISSED:
        return "dismissed"
    return "overturned" if each.upheld else "acted"
