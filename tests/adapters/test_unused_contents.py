"""Content that nothing names is removed after a time, and none that is in use or that an edit is about to name."""

from collections.abc import AsyncIterator
from datetime import timedelta

from adapters.command_bus.bus import Bus
from adapters.contents import PostgresContents
from adapters.postgres.connection import connect
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from adapters.unused_contents import GRACE, remove_unused, unused
from commands.catalog import CreateCourse, EditDraft, PublishCourse, StartDraft
from commands.log import Context
from domain.catalog import Content, Unit
from domain.catalog.edits import AddUnit, RemoveUnit
from tests.support.roles import as_process

AGE = "UPDATE contents SET wanted_at = wanted_at - %s::interval"


async def in_parts(text: str) -> AsyncIterator[bytes]:
    """A text as it is uploaded."""
    yield text.encode()


async def test_only_what_nothing_names_is_removed(settings: Settings) -> None:
    """Versions, drafts and answers keep their content; so does an edit that is about to name it."""
    log = await PostgresLog.open(settings)
    contents, bus = PostgresContents(log.link), Bus(log)
    context = Context("admin")
    kept = {}
    for name in ("published", "drafted", "removed", "edited", "again", "never"):
        kept[name] = await contents.keep(in_parts(name), of_course=True)
    answer = await contents.keep(in_parts("answer"))
    await contents.keep(in_parts("handed in as well"), of_course=True)
    both = await contents.keep(in_parts("handed in as well"))

    def unit(name: str) -> Unit:
        return Unit(name, "text", name, content=Content(kept[name].sha256, "text/markdown", kept[name].size))

    await bus.handle(CreateCourse("c", "C"), context)
    quiz = Unit("q", "quiz", "Q", weight=10_000)
    await bus.handle(PublishCourse("c", [unit("published"), quiz]), context)
    await bus.handle(StartDraft("c", None, 0), context)
    await bus.handle(EditDraft("c", 1, [AddUnit(unit("drafted")), AddUnit(unit("removed"))]), context)
    await bus.handle(EditDraft("c", 3, [RemoveUnit("removed")]), context)
    async with await connect(as_process(settings, "dispatcher"), application="test") as connection:
        assert await remove_unused(log, connection) == []
        async with await connect(settings, application="age") as owner:
            await owner.execute(AGE, (GRACE + timedelta(seconds=1),))
        gone = {kept[name].sha256 for name in ("removed", "edited", "again", "never")}
        assert {each.sha256 for each in await unused(log, connection)} == gone
        assert await contents.want({kept["edited"].sha256}) == {kept["edited"].sha256: 6}
        await contents.keep(in_parts("again"), of_course=True)
        gone -= {kept["edited"].sha256, kept["again"].sha256}
        assert {each.sha256 for each in await remove_unused(log, connection)} == gone
        assert await remove_unused(log, connection) == []
    everything = {each.sha256 for each in (*kept.values(), answer, both)}
    assert set(await contents.sizes(everything)) == everything - gone
    await log.close()


async def test_content_that_is_removed_can_come_again(settings: Settings) -> None:
    """Once it is gone, an edit that names it is refused, and an upload keeps it."""
    log = await PostgresLog.open(settings)
    contents = PostgresContents(log.link)
    kept = await contents.keep(in_parts("once"), of_course=True)
    async with await connect(settings, application="test") as connection:
        await connection.execute(AGE, (timedelta(days=30),))
        assert [each.sha256 for each in await remove_unused(log, connection)] == [kept.sha256]
    assert await contents.want({kept.sha256}) == {}
    assert await contents.keep(in_parts("once"), of_course=True) == kept
    assert b"".join([part async for part in contents.read(kept.sha256, 0, kept.size)]) == b"once"
    await log.close()
