"""
Conditions of appends, and reads by the same queries, against `domain.tags.matches` on batches that hypothesis makes up.

Every batch is appended to three campuses: as it is; with a key claimed twice, so that its appends go one by one; and
without the hints by which `append_events()` may know that nothing matches.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import hypothesis
import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from adapters.postgres.connection import options
from adapters.postgres.log.append import (
    Append,
    Appended,
    KeyReused,
    NewEvent,
    Overtaken,
    VersionConflict,
    answer_of,
    call,
)
from adapters.postgres.log.condition import NEAR, Condition
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.log.query import statement
from adapters.settings import Settings
from domain.fact import Fact, Meta
from domain.tags import Query, QueryItem, matches, tags_of
from tests.conftest import migrated
from tests.support.appends import WHEN, new_event, opened, unit
from tests.support.servers import Servers

# Stream, type and data of facts; `*` becomes the mark of an example, so that all examples share a log.
FACTS = (
    ("enrollment-ann*:algebra*", "enrollment.completed", ""),
    ("enrollment-ann*:botany*", "enrollment.completed", ""),
    ("progress-ann*:algebra*", "progress.unit_opened", '"unit_id":"q*"'),
    ("progress-bob*:algebra*", "progress.unit_opened", '"unit_id":"ann*"'),
    ("attempt-bob*:q*:1", "attempt.submitted", '"run_id":"algebra*"'),
    ("attempt-q*:bob*:1", "attempt.submitted", '"run_id":"botany*"'),
    ("run-algebra*", "run.opened", ""),
    ("run-ann*", "run.scheduled", '"course_id":"algebra*"'),
    ("quiz-q*", "quiz.published", '"run_id":"algebra*"'),
    ("quiz-ann*", "quiz.published", '"run_id":"botany*"'),
    ("dcb-*", "Noted", ""),
)
STORED = {"Noted": ("x:ann*", "learner:q*")}  # tags of events of the library


def _tags(known: tuple[str, str, str]) -> tuple[str, ...]:
    stream, name, data = known
    return STORED.get(name) or tags_of(stream, msgspec.json.decode(f"{{{data}}}"))


TYPES = sorted({name for _, name, _ in FACTS})
TAGS = [f"{kind}:{name}*" for kind in ("learner", "run", "quiz", "course", "x") for name in ("ann", "algebra", "q")]
ANY_ITEMS = st.builds(
    QueryItem,
    st.lists(st.sampled_from(TYPES), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(TAGS), max_size=2).map(tuple),
)
OF_A_FACT = [
    QueryItem(types, tags)
    for known in FACTS
    for types in ((known[1],), ())
    for tags in (*((tag,) for tag in _tags(known)), _tags(known))
]
ITEMS = st.sampled_from(OF_A_FACT) | st.sampled_from(OF_A_FACT) | ANY_ITEMS
QUERIES = st.lists(ITEMS, min_size=1, max_size=2).map(tuple)


@dataclass(frozen=True)
class Wish:
    """An append: numbers of its facts, and conditions on what was appended since so many facts ago."""

    facts: Sequence[int]
    conditions: Sequence[tuple[Query, int]]


WISHES = st.builds(
    Wish,
    st.lists(st.integers(0, len(FACTS) - 1), max_size=2, unique=True),
    st.lists(st.tuples(QUERIES, st.integers(-1, 6)), max_size=1),
)


@dataclass
class Model:
    """The facts of one example, counted from 1, and what the log should answer."""

    mark: str
    facts: list[Fact] = field(default_factory=list)

    def query(self, query: Query) -> Query:
        """A query for the facts of this example."""
        return tuple(QueryItem(item.types, tuple(tag.replace("*", self.mark) for tag in item.tags)) for item in query)

    def matches(self, query: Query, fact: Fact) -> bool:
        """Whether a fact matches, an event of the library as well."""
        if fact.type not in STORED:
            return matches(query, fact)
        tags = {tag.replace("*", self.mark) for tag in STORED[fact.type]}
        return any((not item.types or fact.type in item.types) and tags.issuperset(item.tags) for item in query)

    def version(self, stream: str) -> int:
        """The version of a stream."""
        return sum(fact.stream_id == stream for fact in self.facts)

    def append(self, events: Sequence[NewEvent], conditions: Sequence[tuple[Query, int]], before: int) -> object:
        """The right answer, where the batch began at position *before*; if it is yes, the facts stand here."""
        if any(event.stream_version != self.version(event.stream_id) + 1 for event in events):
            return "conflict"
        head = len(self.facts)
        overtaking = [before for _, after in conditions if after > before]
        for query, after in conditions:
            overtaking += [fact.position for fact in self.facts if fact.position > after and self.matches(query, fact)]
        if overtaking:
            return "overtaken", min(overtaking)
        self.facts += [_fact(event, head + number) for number, event in enumerate(events, 1)]
        return "appended", head + len(events) if events else None


def _fact(event: NewEvent, position: int) -> Fact:
    data, meta = msgspec.json.decode(event.data), msgspec.json.decode(event.meta, type=Meta)
    return Fact(position, event.stream_id, event.stream_version, event.type, 1, 0, data, meta, WHEN, WHEN)


class Campus:
    """One log, called as the functions are; positions are counted from `head`."""

    def __init__(self, servers: Servers, *, one_by_one: bool = False, hints: bool = True) -> None:
        self._settings = migrated(servers)
        self._one_by_one, self._hints = one_by_one, hints
        self.connection = psycopg.connect(
            self._settings.postgres_url, autocommit=True, options=options(self._settings.schema_name)
        )
        self.head = 0

    def append(self, batch: Sequence[tuple[Sequence[NewEvent], Sequence[tuple[Query, int]]]]) -> list[object]:
        """The answers to a batch."""
        units = [Append(events, None, "", -1, (), self._conditions(conditions)) for events, conditions in batch]
        claimed = 2 * [Append([], str(uuid.uuid4()))] if self._one_by_one else []
        sql, arguments = call([*units, *claimed])
        if not self._hints and len(arguments) > 15:
            arguments = (*arguments[:18], None, None, [], False, *arguments[22:])
        rows = self.connection.execute(sql.encode(), arguments, binary=True).fetchall()
        return [self._plain(answer_of(each, row)) for each, row in zip(units, rows, strict=False)]

    def _conditions(self, conditions: Sequence[tuple[Query, int]]) -> list[Condition]:
        return [Condition(query, self.head + after) for query, after in conditions]

    def _plain(self, answer: Appended | Exception) -> object:
        match answer:
            case Appended(_, last):
                return "appended", last - self.head if last >= 0 else None
            case Overtaken():
                return "overtaken", answer.position - self.head
            case VersionConflict():
                return "conflict"
        raise AssertionError(answer)

    def found(self, query: Query, after: int) -> list[int]:
        """The positions of the facts that match."""
        sql, values = statement(query, "position", self.head + after)
        rows = self.connection.execute(sql.encode(), values).fetchall()
        return [position - self.head for _, position in rows if position is not None]

    def begin(self) -> None:
        """Count from here."""
        row = self.connection.execute("SELECT position FROM log_head").fetchone()
        assert row
        self.head = row[0]


@pytest.mark.parametrize("most", [50, pytest.param(300, marks=pytest.mark.slow)])
def test_conditions_agree_with_the_model(servers: Servers, most: int) -> None:
    """Types, all kinds of tags, several items and conditions, neighbours in the batch; on both paths, and in reads."""
    campuses = Campus(servers), Campus(servers, one_by_one=True), Campus(servers, hints=False)

    @hypothesis.settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(WISHES, min_size=1, max_size=3), min_size=2, max_size=6), QUERIES, st.integers(0, 3))
    def agrees(batches: list[list[Wish]], query: Query, after: int) -> None:
        model = Model(uuid.uuid4().hex[:8])
        for campus in campuses:
            campus.begin()
        for wishes in batches:
            seen, versions, batch = len(model.facts), dict[str, int](), []
            for wish in wishes:
                events = []
                for number in wish.facts:
                    stream, name, data = (text.replace("*", model.mark) for text in FACTS[number])
                    versions[stream] = versions.get(stream, model.version(stream)) + 1
                    tags = tuple(tag.replace("*", model.mark) for tag in STORED.get(name, ()))
                    events.append(
                        new_event(stream, versions[stream], type=name, data=f"{{{data}}}".encode(), tags=tags)
                    )
                conditions = [
                    (model.query(excluded), max(0, seen - back) if back >= 0 else seen + 20)
                    for excluded, back in wish.conditions
                ]
                batch.append((events, conditions))
            right = [model.append(*each, seen) for each in batch]
            for campus in campuses:
                assert campus.append(batch) == right
        asked = model.query(query)
        wanted = [fact.position for fact in model.facts if fact.position > after and model.matches(asked, fact)]
        for campus in campuses:
            found = campus.found(asked, after)
            assert [position for position in found if position > 0] == wanted

    try:
        agrees()
    finally:
        for campus in campuses:
            campus.connection.close()


def test_a_refused_neighbor_hides_no_conflict_while_the_log_is_short(servers: Servers) -> None:
    """On an empty log, where an append of the batch that was refused had more facts than the log has."""
    campus = Campus(servers)
    about_ann = (QueryItem(tags=("learner:ann",)),)
    refused = [new_event("progress-bob:algebra", version) for version in (2, 3, 4)]
    rival = [new_event("progress-ann:algebra", 1)]
    with contextlib.closing(campus.connection):
        answers = campus.append([(refused, ()), (rival, ()), ([new_event("progress-ann:botany", 1)], [(about_ann, 0)])])
    assert answers == ["conflict", ("appended", 1), ("overtaken", 1)]


Plan = Sequence[tuple[str, str, str]]
PLANS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("pq"), st.sampled_from(("learner", "quiz", "both"))))


async def _write(
    log: PostgresLog, writer: int, plan: Sequence[tuple[str, str, str]], mark: str
) -> list[tuple[Condition, int | Overtaken]]:
    """Hand in one attempt after the other, each if there is no other with the same tags since this writer looked."""
    done: list[tuple[Condition, int | Overtaken]] = []
    for number, (learner, quiz, boundary) in enumerate(plan):
        tags = f"learner:{learner}{mark}", f"quiz:{quiz}{mark}"
        query = (QueryItem(("attempt.submitted",), {"learner": tags[:1], "quiz": tags[1:], "both": tags}[boundary]),)
        _, head = await log.matching(query)
        condition = Condition(query, head)
        event = new_event(f"attempt-{learner}{mark}:{quiz}{mark}:{writer}{number}", 1, type="attempt.submitted")
        try:
            done.append((condition, (await log.append(Append([event], conditions=[condition]))).first))
        except Overtaken as overtaken:
            done.append((condition, overtaken))
    return done


@pytest.mark.parametrize("most", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_no_condition_is_broken_by_writers_at_the_same_time(servers: Servers, most: int) -> None:
    """Nothing that a condition excludes came before its append; what was refused was overtaken by such a fact."""
    campus = migrated(servers)

    async def holds(plans: list[list[tuple[str, str, str]]]) -> None:
        mark = uuid.uuid4().hex[:8]
        async with opened(campus) as one, opened(campus) as other:
            writers = [_write((one, other)[number % 2], number, plan, mark) for number, plan in enumerate(plans)]
            done = [each for answers in await asyncio.gather(*writers) for each in answers]
            facts = {fact.position: fact for fact in await one.read(0, await one.head())}
        for condition, answer in done:
            if isinstance(answer, Overtaken):
                assert answer.position > condition.after
                assert matches(condition.query, facts[answer.position])
            else:
                between = [facts[position] for position in range(condition.after + 1, answer)]
                assert not any(matches(condition.query, fact) for fact in between)

    @hypothesis.settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(PLANS, min_size=2, max_size=8))
    def always(plans: list[list[tuple[str, str, str]]]) -> None:
        asyncio.run(holds(plans))

    always()


async def test_a_condition_from_long_ago_is_looked_up_first(settings: Settings) -> None:
    """It is right for facts before and after the look-up; an append that was made before gets its first answer."""
    query = (QueryItem(tags=("learner:ann",)),)
    async with opened(settings) as log, opened(settings) as other:
        await log.append(unit("progress-bob:algebra", count=2 * NEAR))
        made = await log.append(unit("progress-ann:algebra", key="k", conditions=[Condition(query, 0)]))
        assert (await log.append(unit("progress-ann:botany", key="k", conditions=[Condition(query, 0)]))).repeated
        for each in (log, other):  # the other has not seen the log yet
            with pytest.raises(Overtaken) as overtaken:
                await each.append(unit("progress-ann:botany", conditions=[Condition(query, 0)]))
            assert overtaken.value.position == made.last
        with pytest.raises(KeyReused):
            await log.append(
                unit("progress-ann:botany", key="k", fingerprint="other", conditions=[Condition(query, 0)])
            )
        assert (
            await log.append(unit("progress-ann:botany", conditions=[Condition(query, made.last)]))
        ).last == made.last + 1
