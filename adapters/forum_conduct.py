"""A person in the forum of a run as its staff see it: folded from the facts of that person there."""

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

import msgspec

from adapters.personal.opening import with_words
from adapters.postgres.log.decoding import must_be_readable
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.queries.moderation import against
from adapters.postgres.queries.reader import Reader
from domain.forum.conduct import conduct_stream
from domain.forum.moderation import GROUNDS, Decision
from domain.words import closed

AT = datetime(2026, 2, 14, 18, tzinfo=UTC)


class StaffNote(msgspec.Struct, kw_only=True):
    """A note, and who of the staff has written it."""

    note_no: int
    words: str
    written_by: str
    written_at: datetime


class ForumConduct(msgspec.Struct, kw_only=True):
    """
    A person in the forum of a run.

    Attributes:
        silenced_until: null for who writes; *ground* and *words* are those of the silence.
        decisions: how many of each kind stand against posts of the person; those that an appeal has overturned do not.
        notes: of the staff, the first one first.
    """

    silenced_until: datetime | None
    ground: Annotated[str, closed(GROUNDS)] | None
    words: str
    decisions: dict[str, int]
    notes: list[StaffNote]


EXAMPLE = ForumConduct(
    silenced_until=AT,
    ground="rude",
    words="Please cool down.",
    decisions={Decision.REMOVED.value: 1},
    notes=[StaffNote(note_no=1, words="Was asked to be kind in March.", written_by="7f3a", written_at=AT)],
)


class FoundConduct(NamedTuple):
    """A person in a forum, and the position for which that is true."""

    conduct: ForumConduct
    position: int


async def conduct_of(reader: Reader, log: PostgresLog, learner_id: str, run_id: str, now: datetime) -> FoundConduct:
    """A person in the forum of a run, at a time."""
    answer = await against(reader, learner_id, run_id)
    found = ForumConduct(
        silenced_until=None, ground=None, words="", decisions=msgspec.json.decode(answer.body or b"{}"), notes=[]
    )
    for fact in await with_words(log.keys, await log.stream(conduct_stream(learner_id, run_id))):
        data = must_be_readable(fact).data
        if fact.type == "conduct.silenced":
            found.silenced_until = datetime.fromisoformat(data["new_until"])
            found.ground, found.words = data["ground"], data["words"]
        elif fact.type == "conduct.silence_ended":
            found.silenced_until = None
        elif fact.type == "conduct.noted":
            found.notes.append(
                StaffNote(
                    note_no=data["note_no"],
                    words=data["words"],
                    written_by=fact.meta.actor,
                    written_at=fact.occurred_at,
                )
            )
        elif fact.type == "conduct.note_removed":
            found.notes = [each for each in found.notes if each.note_no != data["note_no"]]
    if found.silenced_until is None or found.silenced_until <= now:
        found.silenced_until, found.ground, found.words = None, None, ""
    return FoundConduct(found, answer.position)
