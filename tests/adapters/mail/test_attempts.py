"""Attempts to send a mail, beside the log."""

from datetime import UTC, datetime

from adapters.mail import attempts
from adapters.mail.attempts import Answer, Attempt
from adapters.postgres.connection import Connection, connect
from adapters.settings import Settings

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


async def begin(connection: Connection, attempt_id: str) -> Attempt:
    return await attempts.begin(connection, "job", attempt_id, AT, "ann")


async def test_an_attempt_without_an_answer_is_in_doubt(settings: Settings) -> None:
    """One more follows it, and then none; noted twice by a lost connection it is one."""
    async with await connect(settings, application="test") as connection:
        assert await begin(connection, "a") == await begin(connection, "a") == Attempt(1, 0)
        assert await begin(connection, "b") == Attempt(2, 1)
        assert (await begin(connection, "c")).is_over
        assert (await begin(connection, "d")).is_over


async def test_what_was_taken_is_not_sent_again(settings: Settings) -> None:
    """Though the fact that says so is missing."""
    async with await connect(settings, application="test") as connection:
        await begin(connection, "a")
        assert await attempts.answered(connection, "job", Answer.TAKEN) == Attempt(1, 0, Answer.TAKEN)
        assert await begin(connection, "b") == Attempt(1, 0, Answer.TAKEN)


async def test_what_was_not_taken_is_tried_as_often_as_needed(settings: Settings) -> None:
    """And causes no doubt."""
    async with await connect(settings, application="test") as connection:
        for number in range(1, 5):
            assert await begin(connection, str(number)) == Attempt(number, 0)
            await attempts.answered(connection, "job", Answer.NOT_TAKEN)


async def test_what_is_old_is_forgotten(settings: Settings) -> None:
    """When no job asks for it any more."""
    async with await connect(settings, application="test") as connection:
        await begin(connection, "a")
        await attempts.forget_old(connection, AT + attempts.KEPT)
        assert await begin(connection, "a") == Attempt(1, 0)
        await attempts.forget_old(connection, AT + attempts.KEPT * 2)
        assert await begin(connection, "b") == Attempt(1, 0)
