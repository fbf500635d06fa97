"""What was refused or has failed is never lost from sight, is tried again, and takes effect once."""

import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
import pytest

from adapters.command_bus.bus import Bus
from adapters.nats.connection import Nats
from adapters.nats.hint import Hints
from adapters.postgres.connection import connect
from adapters.postgres.ops import failed_reactions
from adapters.postgres.ops.failed_reactions import DISMISSED, OPEN, FailedReaction, Note, Selection
from adapters.settings import Settings
from commands.enrollment import ReactivateEnrollment, RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.quiz import SubmitAttempt
from tests.support.polling import until
from tests.support.reactors import Campus, small_campus
from tests.support.servers import Servers
from tests.support.worker_process import WORKER, Process

ALL_STATES = ("waiting", "done", "dismissed")


@pytest.fixture(autouse=True)
def _long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried again because time has passed, however slow the machine is."""
    monkeypatch.setattr(failed_reactions, "FIRST_PAUSE", 3_000)


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    async with small_campus(settings) as campus:
        yield campus


async def refused(campus: Campus) -> FailedReaction:
    """A learner has left when the attempt is graded as passed: the unit cannot be completed."""
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    await campus.do(WithdrawEnrollment("ada", "small", "ill"))
    async with campus.reacting():
        await campus.settled()
    (row,) = await listed(campus.settings)
    return row


async def listed(settings: Settings, states: Sequence[str] = OPEN) -> list[FailedReaction]:
    """The failed reactions in one of these states."""
    async with await connect(settings, application="test") as connection:
        return await failed_reactions.listed(connection, Selection(), states)


async def execute(settings: Settings, statement: str, *parameters: Any) -> None:
    """Change something in PostgreSQL that the reactor does not know of."""
    async with await connect(settings, application="test") as connection:
        await connection.execute(statement.encode(), parameters)


async def none_waits(settings: Settings) -> None:
    """Wait until no reaction waits."""

    async def is_empty() -> bool:
        return not await listed(settings)

    await until(is_empty)


async def completed(campus: Campus) -> list[str]:
    """How often, and in what order, the learner has completed units and enrollment."""
    return [fact.type for fact in await campus.log.history("ada") if fact.type.endswith("completed")]


async def test_a_refusal_is_written_down_with_everything_one_needs(campus: Campus) -> None:
    """Fact, reaction, key, cause, tries, and what it waits for."""
    row = await refused(campus)
    (fact,) = await campus.log.read(row.position - 1, 1)
    assert (row.event_id, row.type, row.stream_id) == (fact.meta.event_id, "attempt.graded", "attempt-ada:quiz1:1")
    assert (row.reaction, row.key, row.code) == ("complete_passed_unit", "ada", "no_access")
    assert row.sentence == "learner ada has no access to run small: the enrollment is withdrawn"
    assert (row.waits_for, row.attempts, row.state) == ("enrollment-ada:small", 1, "waiting")
    assert row.next_try_at is not None
    assert row.next_try_at > row.last_tried_at == row.first_tried_at


async def test_who_comes_back_gets_what_was_refused(campus: Campus) -> None:
    """The fact that lifts the refusal is enough: unit, outcome and enrollment follow, and the list is empty."""
    await refused(campus)
    async with campus.reacting():
        await campus.do(ReactivateEnrollment("ada", "small"))
        await none_waits(campus.settings)
        await campus.settled()
    assert await completed(campus) == ["progress.unit_completed", "enrollment.completed"]
    (row,) = await listed(campus.settings, ALL_STATES)
    assert (row.state, row.settled_by, row.attempts) == ("done", "reactor", 2)


async def test_it_does_not_matter_when_the_lifting_fact_is_seen(campus: Campus) -> None:
    """It may come while no reactor runs."""
    await refused(campus)
    await campus.do(ReactivateEnrollment("ada", "small"))
    async with campus.reacting():
        await none_waits(campus.settings)


async def test_what_is_still_refused_waits_on(campus: Campus) -> None:
    """A fact that lifts nothing costs one try; the pause after it is longer."""
    first = await refused(campus)
    await campus.do(RequestEnrollment("bob", "small"))  # has the only seat now, so ada waits for one
    async with campus.reacting():
        await campus.do(ReactivateEnrollment("ada", "small"))

        async def is_tried_again() -> bool:
            return (await listed(campus.settings))[0].attempts > first.attempts

        await until(is_tried_again)
    (row,) = await listed(campus.settings)
    assert (row.code, row.first_tried_at) == ("no_access", first.first_tried_at)
    assert row.next_try_at is not None
    assert row.next_try_at is not None
    assert (row.next_try_at - row.last_tried_at).total_seconds() == failed_reactions.LONGEST_PAUSE


async def test_what_can_never_pass_is_not_tried_again(campus: Campus) -> None:
    """An attempt with too many answers: it stays on the list, however often a reactor starts."""
    await campus.do(RequestEnrollment("ada", "small"))
    await campus.hand_in_too_much("ada")
    for _ in range(2):
        async with campus.reacting():
            await campus.settled()
    (row,) = await listed(campus.settings)
    assert (row.code, row.attempts, row.next_try_at, row.waits_for) == ("answer_count_mismatch", 1, None, None)


class Broken:
    """A bus that fails at one type of commands about graded attempts as long as `at` is set; it counts what it gets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self.at: str | None = "CompleteByAttempts"
        self.seen: list[tuple[str, int]] = []
        handle = Bus.handle

        async def handle_or_fail(bus: Bus, command: Any, context: Context) -> int:
            name = type(command).__name__
            self.seen.append((name, getattr(command, "points", None) or 0))
            if name == self.at and getattr(command, "graded", True):
                raise error
            return await handle(bus, command, context)

        monkeypatch.setattr(Bus, "handle", handle_or_fail)


async def failed(campus: Campus) -> FailedReaction:
    """A passed attempt whose unit is not completed, since our code fails at it."""
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    async with campus.reacting():
        await campus.settled()
    (row,) = await listed(campus.settings)
    assert (row.code, row.sentence) == ("failed", "ZeroDivisionError: a bug of ours")
    return row


async def test_an_exception_of_ours_is_tried_again_after_a_pause(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No fact and no operator is needed."""
    monkeypatch.setattr(failed_reactions, "FIRST_PAUSE", 0.01)
    broken = Broken(monkeypatch, ZeroDivisionError("a bug of ours"))
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    async with campus.reacting():

        async def is_tried_often() -> bool:
            return [row.attempts > 3 for row in await listed(campus.settings)] == [True]

        await until(is_tried_often)
        broken.at = None
        await none_waits(campus.settings)
        await campus.settled()
    assert await completed(campus) == ["progress.unit_completed", "enrollment.completed"]


async def test_pauses_double_up_to_an_hour(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second, two, four and so on, however often it fails."""
    monkeypatch.undo()
    row = await refused(campus)
    note = Note(*row[:9], can_pass=True, code_version="")
    pauses = []
    async with await connect(campus.settings, application="test") as connection:
        await connection.execute("DELETE FROM failed_reactions")
        for _ in range(20):
            await failed_reactions.note(connection, note)
            (row,) = await failed_reactions.listed(connection, Selection())
            assert row.next_try_at is not None
            pauses.append((row.next_try_at - row.last_tried_at).total_seconds())
    assert pauses[:13] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600]
    assert set(pauses[12:]) == {3600}


async def test_an_exception_of_ours_is_tried_again_after_a_deploy(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, by code that is not the one that has failed; a restart of the same code waits for the pause."""
    broken = Broken(monkeypatch, ZeroDivisionError("a bug of ours"))
    await failed(campus)
    async with campus.reacting():
        await campus.settled()
    assert [row.attempts for row in await listed(campus.settings)] == [1]
    broken.at = None
    await execute(campus.settings, "UPDATE failed_reactions SET code_version = 'of an older deploy'")
    async with campus.reacting():
        await none_waits(campus.settings)
        await campus.settled()
    assert await completed(campus) == ["progress.unit_completed", "enrollment.completed"]


async def test_a_value_that_cannot_be_stored_stops_only_its_reaction(
    campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of PostgreSQL about the data of one command is that reaction's failure; the reactor goes on."""
    async with await connect(campus.settings, application="test") as connection:
        with pytest.raises(psycopg.DataError) as error:
            await connection.execute("SELECT 1 / 0")
    Broken(monkeypatch, error.value)
    await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
    async with campus.reacting():
        await campus.settled()
    (row,) = await listed(campus.settings)
    assert (row.code, row.sentence) == ("failed", "DivisionByZero: division by zero")


async def test_a_retry_never_overtakes(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one learner's reactions that wait, the earlier fact's goes first, though only the later one is due."""
    broken = Broken(monkeypatch, ZeroDivisionError("a bug of ours"))
    await failed(campus)
    await execute(
        campus.settings,
        "INSERT INTO failed_reactions"
        " (position, reaction, event_id, type, stream_id, key, code, sentence, code_version, next_try_at)"
        " SELECT position - 1, 'grade_by_key', '', 'attempt.submitted', stream_id, key, code, '', code_version,"
        " next_try_at FROM failed_reactions",
    )
    await execute(
        campus.settings,
        "UPDATE failed_reactions SET next_try_at = now() WHERE reaction = 'complete_passed_unit'",
    )
    broken.at = None
    broken.seen.clear()
    async with campus.reacting():
        await none_waits(campus.settings)
    assert [name for name, _ in broken.seen[:2]] == ["GradeAttempt", "CompleteByAttempts"]


async def test_of_two_reactors_one_tries(campus: Campus) -> None:
    """The other stands by, and takes over what waits."""
    await refused(campus)
    await campus.do(ReactivateEnrollment("ada", "small"))
    async with campus.reacting():
        async with campus.reacting():
            await none_waits(campus.settings)
        await campus.settled()
    (row,) = await listed(campus.settings, ALL_STATES)
    assert (row.state, row.attempts) == ("done", 2)
    assert await completed(campus) == ["progress.unit_completed", "enrollment.completed"]


async def test_kill_9_between_the_effect_and_the_note(campus: Campus) -> None:
    """The next reactor tries again at once, is answered with the first answer, and the effect stands once."""
    row = await refused(campus)
    await campus.do(ReactivateEnrollment("ada", "small"))
    await execute(campus.settings, "UPDATE reactors SET position = (SELECT position FROM log_head)")
    await execute(campus.settings, "UPDATE failed_reactions SET next_try_at = now()")
    process = Process(campus.settings, *WORKER, "reactor")
    with psycopg.connect(campus.settings.postgres_url) as holder:
        # The note has to wait for this transaction; what is to be tried is read, and carried out, all the same.
        holder.execute(f"SELECT FROM {campus.settings.schema_name}.failed_reactions FOR UPDATE".encode())
        await process.start()

        async def is_carried_out() -> bool:
            return bool(await completed(campus))

        await until(is_carried_out)
        await process.end(signal.SIGKILL)
        holder.execute(  # the server would write the note that it has got, once it can
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'campus:reactor'"
            " AND pg_blocking_pids(pid) = ARRAY[pg_backend_pid()]"
        )
    assert [(each.position, each.attempts) for each in await listed(campus.settings)] == [(row.position, 1)]
    async with campus.reacting():
        await none_waits(campus.settings)
        await campus.settled()
    assert await completed(campus) == ["progress.unit_completed", "enrollment.completed"]


async def test_reacting_again_from_the_start_reopens_nothing(campus: Campus) -> None:
    """A reactor that has forgotten how far it was leaves dismissed reactions alone, and doubles none that are done."""
    await refused(campus)
    async with await connect(campus.settings, application="test") as connection:
        await failed_reactions.dismiss(connection, Selection(key="ada"), reason="has moved away", by="dean@office")
    await campus.do(ReactivateEnrollment("ada", "small"))
    await execute(campus.settings, "DELETE FROM reactors")
    async with campus.reacting():
        await campus.settled()
    assert await completed(campus) == []
    (row,) = await listed(campus.settings, DISMISSED)
    assert (row.state, row.reason, row.settled_by) == ("dismissed", "has moved away", "dean@office")


async def test_after_a_restore_another_fact_is_not_reacted_to_in_its_place(campus: Campus) -> None:
    """The row says which event it means; where the log has another one, nothing follows from it."""
    row = await refused(campus)
    await execute(campus.settings, "UPDATE failed_reactions SET event_id = 'lost', next_try_at = now()")
    await campus.do(ReactivateEnrollment("ada", "small"))
    async with campus.reacting():
        await none_waits(campus.settings)
    assert await completed(campus) == []
    (row,) = await listed(campus.settings, DISMISSED)
    assert row.reason == f"the log has another fact at position {row.position} than the one that was reacted to"


@pytest.mark.parametrize("state", ["'waiting'", "'dismissed', settled_at = now(), settled_by = 'dean', reason = 'ill'"])
async def test_a_note_about_a_lost_fact_does_not_hold_for_the_one_in_its_place(campus: Campus, state: str) -> None:
    """A reactor that begins again after a restore reacts to the new fact, and lists it if that fails."""
    await refused(campus)
    await execute(campus.settings, f"UPDATE failed_reactions SET event_id = 'lost', state = {state}")
    await execute(campus.settings, "UPDATE reactors SET position = 1000")
    async with campus.reacting():
        await campus.settled()
    (row,) = await listed(campus.settings)
    (fact,) = await campus.log.read(row.position - 1, 1)
    assert (row.event_id, row.attempts) == (fact.meta.event_id, 1)


async def test_a_reactor_ahead_of_a_restored_log_reacts_to_new_facts(campus: Campus) -> None:
    """It begins again at the start, so that nothing that has come since is passed over."""
    await campus.do(RequestEnrollment("ada", "small"))
    await execute(campus.settings, "INSERT INTO reactors VALUES ('reactor', 1000)")
    async with campus.reacting():
        await campus.do(SubmitAttempt("ada", "quiz1", 1, [1]))

        async def is_completed() -> bool:
            return "enrollment.completed" in await completed(campus)

        await until(is_completed)


async def test_postgresql_is_away_while_a_reaction_waits(own_settings: Settings, own_servers: Servers) -> None:
    """The reactor waits for it, and what was lifted meanwhile is carried out."""
    async with small_campus(own_settings) as campus:
        await refused(campus)
        async with campus.reacting():
            await own_servers.kill("postgres")
            await own_servers.start("postgres")
            await campus.do(ReactivateEnrollment("ada", "small"))
            await none_waits(campus.settings)
            await campus.settled()
        assert await completed(campus) == ["progress.unit_completed", "enrollment.completed"]


async def test_a_hint_is_enough(campus: Campus) -> None:
    """The reactor is woken by the commit that lifts a refusal."""
    await refused(campus)
    nats = Nats(campus.settings, "test")
    try:
        await nats.connected()
        campus.log.appender.on_commit = Hints(campus.settings, nats).send
        async with campus.reacting():
            await campus.do(ReactivateEnrollment("ada", "small"))
            await none_waits(campus.settings)
    finally:
        await nats.close()


async def test_what_waits_is_measured(campus: Campus) -> None:
    """The heartbeat carries how many wait, by reaction and code, and the age of the oldest; gone when none does."""
    await refused(campus)
    await execute(campus.settings, "UPDATE failed_reactions SET first_tried_at = now() - interval '1 day'")

    async def measured() -> dict[str, float]:
        async with await connect(campus.settings, application="test") as connection:
            rows = await (await connection.execute("SELECT metrics FROM workers WHERE name = 'reactor'")).fetchall()
        lines = [line for (text,) in rows for line in text.splitlines() if line.startswith("campus_reactions_waiting")]
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}

    labels = '{code="no_access",reaction="complete_passed_unit"}'

    async def is_shown() -> bool:
        return (await measured()).get(f"campus_reactions_waiting{labels}") == 1

    async def is_gone() -> bool:
        return not await measured()

    async with campus.reacting():
        await until(is_shown)
        age = (await measured())[f"campus_reactions_waiting_age_seconds{labels}"]
        assert 86_400 <= age < 90_000
        await campus.do(ReactivateEnrollment("ada", "small"))
        await until(is_gone)
