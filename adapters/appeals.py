"""Appeals against outcomes as they stand, folded from their facts: those of a learner, and those of a run."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from adapters.personal.opening import with_words
from adapters.postgres.log.decoding import readable
from adapters.postgres.log.postgres_log import PostgresLog
from domain.fact import Fact
from domain.tags import QueryItem
from domain.words import Outcome, closed

TYPES = ("appeal.made", "appeal.withdrawn", "appeal.answered")
AT = datetime(2026, 7, 3, 9, tzinfo=UTC)


class Appeal(msgspec.Struct, kw_only=True):
    """
    An appeal, against an outcome and a grade in basis points.

    Attributes:
        status: `open`, `withdrawn`, `granted` or `dismissed`.
        answer: the words of the staff, null as long as there are none; *new_outcome* is the outcome after them.
    """

    learner_id: str
    run_id: str
    appeal_no: int
    status: Annotated[str, closed(("open", "withdrawn", "granted", "dismissed"))] = "open"
    outcome: Outcome
    grade_bp: int | None
    words: str
    made_at: datetime
    answer: str | None = None
    new_outcome: Outcome | None = None
    closed_at: datetime | None = None


class AppealList(msgspec.Struct, kw_only=True):
    """Appeals, the first one first."""

    items: list[Appeal]


EXAMPLE = AppealList(
    items=[
        Appeal(
            learner_id="28400",
            run_id="algebra-2026",
            appeal_no=1,
            status="granted",
            outcome="fail",
            grade_bp=3_900,
            words="Question 3 was marked by the wrong key.",
            made_at=AT,
            answer="The key was wrong, and is mended.",
            new_outcome="pass",
            closed_at=AT,
        )
    ]
)


async def appeals_about(log: PostgresLog, *tags: str, only_open: bool = False) -> tuple[AppealList, int]:
    """Appeals that have all of these tags, and the position for which that is true."""
    facts, position = await log.matching((QueryItem(TYPES, tags),))
    return await appeals_of(log, readable(facts), only_open=only_open), position


async def appeals_of(log: PostgresLog, facts: Sequence[Fact], *, only_open: bool) -> AppealList:
    """The appeals that these facts make."""
    found: dict[tuple[str, int], Appeal] = {}
    for fact in await with_words(log.keys, facts):
        _add(found, fact)
    return AppealList(items=[each for each in found.values() if each.status == "open" or not only_open])


def _add(found: dict[tuple[str, int], Appeal], fact: Fact) -> None:
    data, place = fact.data, (fact.stream_id, fact.data["appeal_no"])
    if fact.type == "appeal.made":
        found[place] = Appeal(
            learner_id=fact.id("learner_id"),
            run_id=fact.id("run_id"),
            appeal_no=data["appeal_no"],
            outcome=data["outcome"],
            grade_bp=data["grade_bp"],
            words=data["words"],
            made_at=fact.occurred_at,
        )
        return
    appeal = found[place]
    appeal.closed_at, appeal.status = fact.occurred_at, "withdrawn"
    if fact.type == "appeal.answered":
        appeal.status = "granted" if data["granted"] else "dismissed"
        appeal.answer, appeal.new_outcome = data["words"], data["outcome"]
