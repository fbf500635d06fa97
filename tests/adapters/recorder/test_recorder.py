"""Stock applications and projections of the `eventsourcing` library on the log of a campus."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import (
    DataError,
    InfrastructureFactoryError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

from adapters.command_bus.bus import Bus
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.ops.rewound import begin_life
from adapters.recorder import LogRecorder
from adapters.recorder.errors import LogWentBack
from adapters.recorder.factory import open_pool
from adapters.settings import PREFIX, Settings
from commands.catalog import CreateCourse
from commands.log import Context
from domain.catalog import Course
from domain.fact import Meta
from domain.streams import partition_of
from tests.support.appends import end_connections, query
from workers.consistency.log_check import check


class Dog(Aggregate):
    """The library's own example."""

    INITIAL_VERSION = 0

    class Registered(Aggregate.Created):
        name: str

    class TrickAdded(Aggregate.Event):
        trick: str

    @event(Registered)
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event(TrickAdded)
    def add_trick(self, trick: str) -> None:
        """Learn a trick."""
        self.tricks.append(trick)


class DogSchool(Application[UUID]):
    """A stock application."""

    def register(self, name: str) -> UUID:
        """A dog joins the school."""
        dog = Dog(name)
        self.save(dog)
        return dog.id

    def add_trick(self, dog_id: UUID, trick: str) -> int:
        """A dog learns a trick; the position of that."""
        dog: Dog = self.repository.get(dog_id)
        dog.add_trick(trick)
        return self.save(dog)[-1].notification.id


class Tricks(POPOTrackingRecorder):
    """How many dogs know a trick, and what courses there are."""

    def __init__(self) -> None:
        super().__init__()
        self.dogs: Counter[str] = Counter()
        self.courses: list[str] = []


class CountTricks(Projection[Tricks]):
    """A stock projection, of events of a stock application and of the campus's own facts."""

    topics = (f"{__name__}:Dog.TrickAdded", "course.created")

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Count."""
        if isinstance(domain_event, Dog.TrickAdded):
            self.view.dogs[domain_event.trick] += 1
        elif isinstance(domain_event, Course.Created):
            self.view.courses.append(domain_event.title)
        self.view.insert_tracking(tracking)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What points an application at the campus's log."""
    values = settings.model_dump(mode="json")
    return {
        "PERSISTENCE_MODULE": "adapters.recorder",
        **{PREFIX + name.upper(): str(value) for name, value in values.items()},
        **more,
    }


@pytest.fixture
def school(settings: Settings) -> Iterator[DogSchool]:
    """A stock application on a fresh campus."""
    with DogSchool(environment(settings)) as school:
        yield school


@pytest.fixture
def recorder(settings: Settings) -> Iterator[LogRecorder]:
    """A recorder with text ids on a fresh campus."""
    with open_pool(settings) as pool:
        yield LogRecorder(pool, uuids=False)


def stored(stream: str, version: int, topic: str = "noted", state: bytes = b"{}") -> StoredEvent:
    """An event of the library."""
    return StoredEvent(stream, version, topic, state)


def test_a_stock_application_keeps_its_aggregates_in_the_log(school: DogSchool) -> None:
    """What is saved is found again, by version as well; positions are those of the log."""
    fido = school.register("Fido")
    assert [school.add_trick(fido, trick) for trick in ("sit", "roll over")] == [2, 3]
    dog: Dog = school.repository.get(fido)
    assert (dog.name, dog.tricks, dog.version) == ("Fido", ["sit", "roll over"], 2)
    earlier: Dog = school.repository.get(fido, version=1)
    assert earlier.tricks == ["sit"]
    assert [item.originator_version for item in school.notification_log.select(1, 10)] == [0, 1, 2]
    with pytest.raises(AggregateNotFoundError):
        school.repository.get(uuid4())


def test_who_was_slower_is_told(school: DogSchool) -> None:
    """Two copies of one aggregate cannot both be saved."""
    fido = school.register("Fido")
    one: Dog = school.repository.get(fido)
    other: Dog = school.repository.get(fido)
    one.add_trick("sit")
    other.add_trick("beg")
    school.save(one)
    with pytest.raises(IntegrityError):
        school.save(other)
    assert school.recorder.max_notification_id() == 2


async def test_a_stock_projection_follows_the_log(settings: Settings) -> None:
    """A projection sees what an application and what the campus has recorded, before and after it began."""
    env = environment(
        settings,
        ORIGINATOR_ID_TYPE="uuid",
        MAPPER_TOPIC="adapters.recorder:FactMapper",
        COUNTTRICKS_PERSISTENCE_MODULE="eventsourcing.popo",
    )
    log = await PostgresLog.open(settings)
    await Bus(log).handle(CreateCourse("AAA", "Algebra"), Context(actor="test"))
    await log.close()
    with ProjectionRunner(
        application_class=DogSchool, projection_class=CountTricks, view_class=Tricks, env=env
    ) as runner:
        dogs = [runner.app.register(name) for name in ("Fido", "Rex")]
        last = max(runner.app.add_trick(dog, "sit") for dog in dogs)
        runner.wait(last, timeout=20)
        assert runner.projection.view.dogs == {"sit": 2}
        assert runner.projection.view.courses == ["Algebra"]


def test_the_log_says_where_an_event_comes_from(settings: Settings, recorder: LogRecorder) -> None:
    """State is kept to the byte, JSON or not, with valid metadata and the stream's partition."""
    recorder.insert_events([stored("dossier-1", 1, state=b"\x00\xff"), stored("dossier-1", 2, state=b'{"a": 1}')])
    with psycopg.connect(settings.postgres_url, options=f"-c search_path={settings.schema_name}") as connection:
        rows = connection.execute("SELECT data, meta, partition FROM events ORDER BY position").fetchall()
        shown = connection.execute("SELECT data FROM event_log ORDER BY position").fetchall()
    metas = [msgspec.json.decode(row[1], type=Meta) for row in rows]
    assert [row[0] for row in rows] == [b"\x00\xff", b'{"a": 1}']
    assert {row[2] for row in rows} == {partition_of("dossier-1")}
    assert {(meta.actor, meta.source) for meta in metas} == {("eventsourcing", "eventsourcing")}
    assert {UUID(meta.event_id).version for meta in metas} == {7}
    assert [row[0] for row in shown] == [None, {"a": 1}]


def test_streams_may_be_mixed_in_one_insert(recorder: LogRecorder) -> None:
    """All or nothing, whatever the order; every event gets its own position."""
    events = [stored("a", 1), stored("b", 0), stored("a", 2), stored("b", 1)]
    assert recorder.insert_events(events) == [1, 3, 2, 4]
    assert [(item.originator_id, item.originator_version) for item in recorder.select_notifications(None, 10)] == [
        ("a", 1), ("a", 2), ("b", 0), ("b", 1),
    ]  # fmt: skip
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored("c", 1), stored("a", 2)])
    assert recorder.insert_events([stored("a", 3), stored("b", 2)]) == [5, 6]
    assert recorder.insert_events([]) == []


def test_one_stream_can_be_read_in_parts(recorder: LogRecorder) -> None:
    """By version from 0 or from 1, and from either end."""
    recorder.insert_events(
        [stored(stream, version + first) for stream, first in (("a", 1), ("b", 0)) for version in range(5)]
    )

    def versions(stream: str, **part: Any) -> list[int]:
        return [item.originator_version for item in recorder.select_events(stream, **part)]

    assert versions("a") == [1, 2, 3, 4, 5]
    assert versions("b") == [0, 1, 2, 3, 4]
    assert versions("a", gt=2, lte=4) == [3, 4]
    assert versions("b", gt=2, lte=4) == [3, 4]
    assert versions("b", gt=0, limit=2) == [1, 2]
    assert versions("b", desc=True, limit=2) == [4, 3]
    assert versions("a", desc=True, lte=4, limit=1) == [4]
    assert versions("nobody") == []


def test_what_the_log_cannot_take_is_refused(recorder: LogRecorder) -> None:
    """The campus's own streams and facts, a gap, the same version twice, text that PostgreSQL cannot store."""
    for event_of_the_campus in (stored("order-1", 1, "enrollment.activated"), stored("enrollment-7:AAA", 1)):
        with pytest.raises(ProgrammingError):
            recorder.insert_events([event_of_the_campus])
    for unfit in ([stored("a", 2)], [stored("a", 1), stored("a", 1)], [stored("a", -1)]):
        with pytest.raises(IntegrityError):
            recorder.insert_events(unfit)
    for text in ("\x00", "\ud800"):
        with pytest.raises(DataError):
            recorder.insert_events([stored("a", 1, text)])
    with pytest.raises(NotSupportedError):
        recorder.insert_events([stored("a", 1)], tracking=Tracking("upstream", 1))
    assert recorder.max_notification_id() is None


def test_a_subscription_passes_over_what_it_does_not_want(recorder: LogRecorder) -> None:
    """However much of it there is, and in the order of the log."""
    recorder.insert_events(
        [stored("a", version, "rare" if version in (1, 2_000) else "noise") for version in range(1, 2_001)]
    )
    with recorder.subscribe(gt=1, topics=["rare"]) as subscription:
        assert next(subscription).id == 2_000
        subscription.stop()
        assert list(subscription) == []


def test_broken_connections_are_replaced(settings: Settings, recorder: LogRecorder) -> None:
    """An operator ends every connection of the recorder, and it goes on."""
    recorder.insert_events([stored("a", 1)])
    assert end_connections(settings, "recorder") > 0
    assert recorder.insert_events([stored("a", 2)]) == [2]
    assert len(recorder.select_events("a")) == 2


def test_the_factory_says_what_it_cannot_make(settings: Settings) -> None:
    """No snapshots, no tracking, no third type of ids."""
    with DogSchool(environment(settings)) as school:
        for make in (school.factory.tracking_recorder, school.factory.process_recorder):
            with pytest.raises(NotSupportedError):
                make()
    with pytest.raises(InfrastructureFactoryError):
        DogSchool(environment(settings, ORIGINATOR_ID_TYPE="integer"))
    with pytest.raises(NotSupportedError):
        DogSchool(environment(settings, IS_SNAPSHOTTING_ENABLED="y"))


async def test_the_log_is_whole_with_foreign_events_in_it(school: DogSchool, settings: Settings) -> None:
    """They have their place in the order; what they say is their application's business."""
    school.add_trick(school.register("Fido"), "roll over")
    found = await check(settings, 2)
    assert (found.count, found.events, found.foreign, found.streams) == (0, 2, 2, 1)


async def test_what_was_read_in_another_life_of_the_log_decides_nothing(settings: Settings, school: DogSchool) -> None:
    """A trick that was decided on what a dog had learned before the log went back is decided again."""
    rex = school.register("Rex")
    dog: Dog = school.repository.get(rex)
    async with await connect(settings, application="test") as connection:
        await begin_life(connection, "a dump was put back")
    dog.add_trick("roll over")
    with pytest.raises(IntegrityError, match="opened again"):
        school.save(dog)
    school.add_trick(rex, "sit")
    assert school.repository.get(rex).tricks == ["sit"]


async def test_a_subscription_ends_where_the_log_went_back(settings: Settings, recorder: LogRecorder) -> None:
    """What it has given out is lost, and it does not wait until the log has grown to its former length."""
    recorder.insert_events([stored("a", version) for version in range(1, 6)])
    with recorder.subscribe() as subscription:
        assert [next(subscription).id for _ in range(5)] == [1, 2, 3, 4, 5]
        await query(settings, f"UPDATE {settings.schema_name}.log_head SET position = 3", owner=True)
        with pytest.raises(LogWentBack, match="ends at 3 by now, and the event at 5"):
            next(subscription)
