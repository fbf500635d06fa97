"""The rows of one key as of a moment are those of a generation that was rebuilt up to that moment."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from adapters.postgres.as_of.folder import KeyFolder
from adapters.settings import Settings
from commands.forum import CreateThread, ReadThread
from commands.forum.moderation import DecideReports, ReportPost
from commands.notification import PlanNotifications
from commands.roles import GrantRole
from commands.user import RegisterAccount, VerifyEmail
from domain.fact import Fact
from domain.forum import OPENING, RemovalGround, ThreadKind
from domain.forum.moderation import Decision, ReportGround
from domain.roles import Grant
from domain.streams import is_reference
from projections.engine.bulk.fold import Task
from projections.engine.digest import ContentDigest, row_digest
from projections.engine.merge import merged
from projections.engine.moment import Moment
from projections.engine.projection import KeyedRow, Projection, RowKey
from projections.registry import PROJECTIONS
from tests.support.appends import opened
from tests.support.bulk_pages import in_bulk
from tests.support.shop import keep_busy
from tests.support.usecases import Campus
from workers.seeding import seed

LEARNERS = 6
TERM = "STAT101-1"  # a run of the seed
MOMENTS = 4  # two before anything is sold, two after; of each two one without what happened later
OF_KEYS = [projection for projection in PROJECTIONS if projection.newest is None]


async def test_rows_as_of_a_moment_are_those_of_a_rebuild_up_to_it(settings: Settings) -> None:
    """Of every key of every read model, at random positions, with and without what happened later: by digest."""
    await seed(settings, LEARNERS)
    async with opened(settings) as log:
        seeded = await log.head()
        grant = GrantRole("ann", Grant("analyst", "campus"), None, "reports")
        await Campus(log).give(RegisterAccount("ann", "ann@example.org"), VerifyEmail("ann"), grant)
        await Campus(log).give(PlanNotifications("ann", "role_granted", "01", seeded))
        thread = CreateThread("ann", TERM, "t1", ThreadKind.QUESTION, None, "Why?", "I count six.", by_staff=True)
        await Campus(log).give(thread, ReadThread("ann", TERM, "t1", OPENING, by_staff=True))
        report = ReportPost("ben", TERM, "t1", OPENING, ReportGround.SPAM, by_staff=True)
        decision = DecideReports("ben", TERM, "t1", OPENING, 1, Decision.WARNED, RemovalGround.SPAM)
        await Campus(log).give(report, decision)
        await keep_busy(Campus(log))
        facts = await log.read(0, await log.head())
        chance = random.Random(13)
        folders = [KeyFolder(log.link, projection) for projection in OF_KEYS]
        compared: Counter[str] = Counter()
        for number in range(MOMENTS):
            position = chance.randrange(*((seeded // 2, seeded), (seeded, len(facts)))[number // 2])
            valid_at = chance.choice(facts[position // 2 : position]).occurred_at if number % 2 else None
            moment = Moment(position, facts[position - 1].recorded_at, valid_at=valid_at)
            rebuilt = rebuilt_up_to(facts, moment)
            for folder in folders:
                expected = rebuilt[folder.projection.name]
                made = await as_of(folder, moment, facts, (key for key, _ in expected))
                compared[folder.projection.name] += len(made)
                assert digest(made.items()) == digest(expected), (folder.projection.name, moment)
    assert compared.keys() == {projection.name for projection in OF_KEYS}
    add_up = {each.name for each in OF_KEYS if all(table.distribution == "partial" for table in each.tables)}
    assert add_up == {name for name, rows in compared.items() if not rows} == {"forum_activity"}


async def test_the_newest_facts_as_of_a_moment(settings: Settings) -> None:
    """The document of the newest facts is the one of the newest ones that were known, and had happened, by then."""
    await seed(settings, LEARNERS)
    async with opened(settings) as log:
        facts = await log.read(0, await log.head())
        (projection,) = [each for each in PROJECTIONS if each.newest is not None]
        folder = KeyFolder(log.link, projection)
        for position, valid_at in ((len(facts) // 3, None), (len(facts), facts[len(facts) // 2].occurred_at)):
            moment = Moment(position, facts[-1].recorded_at, valid_at=valid_at)
            expected = rebuilt_up_to(facts, moment, [projection])[projection.name]
            made = await folder.rows("campus", moment)
            assert digest(made.rows.items()) == digest(expected)


def rebuilt_up_to(
    facts: Sequence[Fact], moment: Moment, projections: Iterable[Projection] = OF_KEYS
) -> dict[str, list[KeyedRow]]:
    """The rows of each read model by the fold of a rebuild, without those that add up over keys."""
    known = [fact for fact in facts if moment.has(fact)]
    found = {}
    for projection in projections:
        fold = in_bulk([Task(projection, tuple(range(projection.segments)))], known)
        parts = (
            (segment, *row) for segment in range(projection.segments) for row in fold.rows(projection.name, segment)
        )
        found[projection.name] = [row for row in merged(parts) if row[0].table.distribution != "partial"]
    return found


async def as_of(
    folder: KeyFolder, moment: Moment, facts: list[Fact], wanted: Iterable[RowKey]
) -> dict[RowKey, msgspec.Struct]:
    """The rows of all keys, each folded by itself, and those that reference facts make."""
    keys = {fact.key for fact in facts if fact.type in folder.projection.handlers and not is_reference(fact.stream_id)}
    made = dict((await folder.rows(None, moment, wanted)).rows)
    for key in keys:
        made |= (await folder.rows(key, moment)).rows
    return made


def digest(rows: Iterable[KeyedRow]) -> str:
    """The digest of rows, as a rebuild takes it."""
    content = ContentDigest()
    for key, row in rows:
        content.add(key, row_digest(row))
    return content.hexdigest()
