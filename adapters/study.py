"""
When learners have studied, as one process knows it: a fold of each learner's own facts in memory, by need.

A learner's facts are found by the index of streams. Who was asked about lately is remembered with the position up to
which that is true, so the next question reads what is new. Where the log has another life it begins again.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from adapters.postgres.log.decoding import readable
from adapters.postgres.log.postgres_log import PostgresLog
from domain.fact import Fact
from domain.profiles import TIME_ZONE
from domain.progress import BY_HAND
from domain.progress.study import STUDY, Span, Study, ZoneSince, sittings, study
from domain.tags import QueryItem, tag
from domain.user import user_stream

PAGE = 2_000  # facts
LONGEST = 4 * 3_600  # seconds that are believed of one record of activity
KNOWN = 500  # learners that are remembered
ZONES = ("user.registered", "user.invited", "user.provisioned", "user.profile_changed")


def span_of(fact: Fact) -> Span | None:
    """When a learner did what a fact says; None if it was another one who did it, or the program."""
    data, at, meta = fact.data, fact.occurred_at, fact.meta
    if meta.on_behalf_of is not None and meta.actor != fact.id("learner_id"):
        return None
    match fact.type:
        case "viewing.watched":
            at = datetime.fromisoformat(data["ended_at"])
            return at - timedelta(seconds=data["seconds"]), at
        case "progress.activity_recorded" if data["kind"] in ("second", "seconds"):
            return at - timedelta(seconds=min(data["amount"], LONGEST)), at
        case "progress.unit_completed" if data["rule"] != BY_HAND:
            return None
        case "attempt.submitted" if data["by"] != "learner":
            return None
        case _:
            return at, at


class _Known(NamedTuple):
    life: str
    position: int
    sat: list[Span]


class KnownStudy:
    """When the learners of a campus have studied."""

    def __init__(self, log: PostgresLog) -> None:
        self._log = log
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def of(self, learner_id: str, now: datetime) -> tuple[Study, int]:
        """What a learner has studied, and the position for which that is true."""
        life = await self._log.life()
        known = self._known.get(learner_id)
        if known is None or known.life != life:
            known = _Known(life, 0, [])
        wanted = (QueryItem(STUDY, (tag("learner", learner_id),)),)
        while True:
            facts, head = await self._log.matching(wanted, known.position, PAGE)
            spans = [span for fact in readable(facts) if (span := span_of(fact)) is not None]
            is_all = len(facts) < PAGE
            known = _Known(life, head if is_all else facts[-1].position, sittings([*known.sat, *spans]))
            if is_all:
                break
        self._known[learner_id] = known
        self._known.move_to_end(learner_id)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)
        return study(known.sat, await self._zones(learner_id), now), known.position

    async def _zones(self, learner_id: str) -> list[ZoneSince]:
        """The time zones of the profile, opened with the learner's key; none of an account that is erased."""
        stream = user_stream(learner_id)
        facts, _ = await self._log.matching((QueryItem(ZONES, (tag("learner", learner_id),)),))
        key = await self._log.keys.reading(stream)
        found = []
        for fact in readable(facts):
            name = "time_zone" if fact.type != "user.profile_changed" else "new"
            if name == "new" and fact.data["field"] != TIME_ZONE:
                continue
            zone = key.open(fact.data[name])
            if zone is not None:
                found.append((fact.occurred_at, zone))
        return found
