"""A refusal that says that what should follow is settled otherwise is no trouble."""

from adapters.settings import Settings
from commands.enrollment import RequestEnrollment
from commands.quiz import GradeAttempt, SubmitAttempt
from tests.support.appends import query
from tests.support.polling import until
from tests.support.reactors import small_campus


async def test_what_a_person_has_graded_meanwhile_is_no_trouble(settings: Settings) -> None:
    """That grade stays; nothing is listed, and what an older reactor has listed is done with the next try."""

    async def states() -> list[str]:
        return [state for (state,) in await query(settings, "SELECT state FROM failed_reactions")]

    async def is_done() -> bool:
        return await states() == ["done"]

    async with small_campus(settings) as campus:
        await campus.do(RequestEnrollment("ada", "small"), SubmitAttempt("ada", "quiz1", 1, [1]))
        await campus.do(GradeAttempt("ada", "quiz1", 1, 1_000))
        async with campus.reacting():
            await campus.settled()
        assert await states() == []
        graded = (await campus.log.stream("attempt-ada:quiz1:1"))[1:]
        assert [fact.data["score_bp"] for fact in graded] == [1_000]
        await query(
            settings,
            "INSERT INTO failed_reactions"
            " (position, reaction, event_id, type, stream_id, key, code, sentence, code_version, next_try_at)"
            " SELECT position, 'grade_by_key', '', type, stream_id, 'ada', 'already_graded', '', '', now()"
            " FROM events WHERE type = 'attempt.submitted'",
        )
        async with campus.reacting():
            await until(is_done)
