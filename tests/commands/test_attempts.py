"""Use cases of attempts: started once, answered one by one, submitted in time, and given more of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commands.enrollment import RequestEnrollment, WithdrawEnrollment
from commands.log import Context
from commands.question_bank import AddQuestion, CreateQuestionBank
from commands.quiz import (
    EndAttempt,
    GradeAttempt,
    GradeItem,
    GrantAllowance,
    OverrideGrade,
    PublishQuiz,
    SaveAnswer,
    StartAttempt,
    SubmitAttempt,
)
from domain.questions.key import TrueFalseKey
from domain.questions.question import TrueFalse
from domain.questions.sections import Label
from domain.questions.sections import Section as BankSection
from domain.quiz.rules import Counts, Rules, password_fits
from tests.support.usecases import AT, ITEMS, RUN, Campus
from workers.reactions.quiz import complete_passed_unit

MINUTE = timedelta(minutes=1)
TIMED = PublishQuiz("timed", RUN, "q1", "Timed", items=ITEMS, key=[1, 0], time_limit=600, attempts_allowed=2)
OPEN = (RequestEnrollment("ann", RUN), TIMED)
START = StartAttempt("ann", "timed")
STREAM = "attempt-ann:timed:1"


def right(item_id: str = "i1", client_seq: int = 1, option: str = "1") -> SaveAnswer:
    """An answer."""
    return SaveAnswer("ann", "timed", 1, item_id, client_seq, {"kind": "single_choice", "option_id": option})


async def types(campus: Campus, stream: str = STREAM) -> list[str]:
    """What has happened to an attempt."""
    return [fact.type.partition(".")[2] for fact in await campus.log.stream(stream)]


async def test_an_attempt_is_taken_and_graded(campus: Campus) -> None:
    """Each answer is a fact; the last by the learner's own count is marked by the key of the version."""
    await campus.give(*OPEN, START, right(option="0"), right(client_seq=2), right("i2", option="1"))
    assert await campus.repeats(right("i2", option="1"))
    await campus.give(SubmitAttempt("ann", "timed"))
    _, graded = await campus.facts(GradeAttempt("ann", "timed"))
    assert (graded.data["points"], graded.data["possible"], graded.data["policy"]) == (1, 2, "key")
    assert await types(campus) == ["started", *["answer_saved"] * 3, "submitted", "marked", "graded"]


async def test_a_second_start_is_the_same_attempt(campus: Campus) -> None:
    """Until it is submitted; then it is the next."""
    await campus.give(*OPEN)
    assert await campus.repeats(START)
    await campus.give(right())
    assert (await campus.facts(START)) == []
    await campus.give(SubmitAttempt("ann", "timed"))
    (second,) = await campus.facts(START)
    assert second.stream_id == "attempt-ann:timed:2"
    await campus.give(SubmitAttempt("ann", "timed", 2))
    assert await campus.refused(START) == "no_attempts_left"


async def test_an_attempt_keeps_its_version(campus: Campus) -> None:
    """A key that is published while it runs is another version's."""
    await campus.give(*OPEN, START, right(), right("i2", option="0"), replace(TIMED, key=[0, 1]))
    await campus.give(SubmitAttempt("ann", "timed"))
    _, graded = await campus.facts(GradeAttempt("ann", "timed"))
    assert (graded.data["points"], graded.data["passed"]) == (2, True)
    (next_one,) = await campus.facts(START)
    assert next_one.data["quiz_version"] == 2


async def test_it_takes_a_place_to_start_and_to_save(campus: Campus) -> None:
    """Who leaves in the middle saves no more; what was saved is submitted at the deadline."""
    await campus.give(TIMED)
    assert await campus.refused(START) == "not_enrolled"
    await campus.give(OPEN[0], START, right(), WithdrawEnrollment("ann", RUN))
    assert await campus.refused(right(client_seq=2)) == "no_access"
    assert await campus.refused(EndAttempt("ann", "timed", 1)) == "attempt_still_running"
    await campus.bus.handle(EndAttempt("ann", "timed", 1), Context("test", AT + 11 * MINUTE))
    assert (await types(campus))[-1] == "submitted"


async def test_the_server_submits_when_it_was_due(campus: Campus) -> None:
    """A day late it has happened at the deadline all the same; submitting after that changes nothing."""
    await campus.give(*OPEN, START, right())
    (end,) = await campus.facts(EndAttempt("ann", "timed", 1), at=AT + timedelta(days=1))
    assert (end.occurred_at, end.data["by"]) == (AT + 10 * MINUTE, "server")
    assert await campus.repeats(SubmitAttempt("ann", "timed"))
    assert await campus.refused(right(client_seq=2), at=AT + timedelta(days=1)) == "time_is_up"


async def test_more_time_in_the_middle(campus: Campus) -> None:
    """The attempt that runs ends later, in the same append; the next one begins with it."""
    await campus.give(*OPEN, START)
    grant = GrantAllowance("ann", "timed", "nurse's note", extra_seconds=300)
    moved, granted = await campus.facts(grant, at=AT + 9 * MINUTE)
    assert (moved.type, granted.type) == ("attempt.deadline_moved", "allowance.granted")
    assert granted.data["reason"] == "nurse's note"
    assert await campus.repeats(grant)
    await campus.bus.handle(right(), Context("test", AT + 14 * MINUTE))
    await campus.give(SubmitAttempt("ann", "timed"))
    (second,) = await campus.facts(START)
    assert second.data["extra_seconds"] == 300


async def test_the_password_is_in_no_fact(campus: Campus) -> None:
    """A hash of it is; the same quiz again changes nothing, another password is another version."""
    secret = replace(TIMED, password="ratio-17")
    (published,) = await campus.facts(secret)
    stored = published.data["rules"]["password_hash"]
    assert "ratio-17" not in str(published.data)
    assert password_fits(stored, "ratio-17")
    assert "ratio-17" not in repr(secret) + repr(StartAttempt("ann", "timed", "ratio-17"))
    assert await campus.repeats(secret)
    (other,) = await campus.facts(replace(secret, password="ratio-18"))
    assert other.data["version"] == 2
    await campus.give(OPEN[0])
    assert await campus.refused(replace(START, password="ratio-17")) == "wrong_quiz_password"
    assert await campus.facts(replace(START, password="ratio-18"))


async def test_what_attempts_refuse(campus: Campus) -> None:
    """A quiz or an attempt that is not there, a response that fits nothing, answers all at once."""
    await campus.give(*OPEN)
    assert await campus.refused(StartAttempt("ann", "none")) == "quiz_not_found"
    assert await campus.refused(right()) == "attempt_not_found"
    assert await campus.refused(EndAttempt("ann", "timed", 1)) == "attempt_not_found"
    assert await campus.refused(SubmitAttempt("ann", "timed", 1, (1, 0))) == "attempt_not_started"
    await campus.give(START)
    assert await campus.refused(right(option="7")) == "unfit_response"
    assert await campus.refused(right("i9")) == "unknown_item"
    assert await campus.refused(GradeAttempt("ann", "timed")) == "not_submitted"
    late = GrantAllowance("ann", "timed", "why", extra_seconds=-1)
    assert await campus.refused(late) == "bad_allowance"


@pytest.mark.postgres
async def test_two_processes_start_one_attempt(on_postgres: Campus) -> None:
    """However many tabs and processes ask at the same moment; so it is with the answers of two tabs."""
    campus = on_postgres
    await campus.give(*OPEN)
    processes = [Campus(campus.log) for _ in range(8)]

    async def ask(command: Any) -> set[int]:
        return {await each.bus.handle(command, Context("test", AT)) for each in processes}

    async def together(command: Any) -> set[int]:
        return set(await asyncio.gather(*(each.bus.handle(command, Context("test", AT)) for each in processes)))

    assert len(await together(START)) == 1
    assert len(await together(right())) == 1
    assert await ask(START) == await ask(right())
    assert await types(campus) == ["started", "answer_saved"]


async def test_a_long_attempt_is_remembered(campus: Campus) -> None:
    """What is stored beside the log after many answers has all that an attempt knows."""
    await campus.give(*OPEN, START, *(right(client_seq=number, option=str(number % 2)) for number in range(1, 131)))
    other = Campus(campus.log)
    assert await other.refused(right("i9")) == "unknown_item"
    await other.give(right(client_seq=131), SubmitAttempt("ann", "timed"))
    _, graded = await other.facts(GradeAttempt("ann", "timed"))
    assert graded.data["points"] == 1


ESSAY = {"kind": "essay", "question_id": "e1", "text": "Why?"}
WORDY = replace(TIMED, quiz_id="wordy", items=(), key=(), questions=[ESSAY], keys=[{"kind": "essay"}])


async def test_words_are_sealed_and_graded_by_people(campus: Campus) -> None:
    """No fact has what the learner has written, nor what a person says about it."""
    secret = "my grandmother's recipe"
    wrote = SaveAnswer("ann", "wordy", 1, "e1", 1, {"kind": "essay", "text": secret})
    await campus.give(OPEN[0], WORDY, StartAttempt("ann", "wordy"), wrote, SubmitAttempt("ann", "wordy"))
    await campus.give(GradeAttempt("ann", "wordy"))
    stored = await campus.log.stream("attempt-ann:wordy:1")
    assert secret not in str([fact.data for fact in stored])
    mark = GradeItem("ann", "wordy", 1, "e1", "1", {}, "well said")
    item_graded, graded = await campus.facts(mark)
    assert (item_graded.data["grader"], item_graded.data["comment"]) == ("test", "well said")
    assert (graded.data["policy"], graded.data["passed"]) == ("item_marks", True)
    assert await campus.repeats(mark)


async def test_a_section_is_drawn_from_a_bank(campus: Campus) -> None:
    """The questions are those of the bank when the quiz is published, each attempt has its own draw."""
    questions = [TrueFalse(question_id=f"t{number}", text="Is it?") for number in range(5)]
    await campus.give(CreateQuestionBank("facts", "Facts", "algebra"))
    await campus.give(*(AddQuestion("facts", Label(), question, TrueFalseKey(right=True)) for question in questions))
    drawn = replace(TIMED, quiz_id="drawn", from_banks=[BankSection(section_id="some", bank_id="facts", count=3)])
    (published,) = await campus.facts(drawn)
    assert [len(published.data[name]) for name in ("items", "questions", "keys")] == [2, 5, 5]
    assert await campus.refused(replace(drawn, from_banks=[BankSection(section_id="s", bank_id="none")])) == (
        "question_bank_not_shared"
    )
    await campus.give(OPEN[0])
    (begun,) = await campus.facts(StartAttempt("ann", "drawn"))
    assert len(begun.data["items"]) == 5


THREE = PublishQuiz("often", RUN, "q1", "Often", items=ITEMS, key=[1, 0], attempts_allowed=3, pass_bp=5_000)


async def _graded(campus: Campus, counts: Counts, *points: int) -> list[dict[str, Any]]:
    """The facts of grades of attempts with so many of two points, and what the reactor sends after each."""
    await campus.give(OPEN[0], replace(THREE, rules=Rules(counts=counts)))
    found = []
    for number, right_ones in enumerate(points, 1):
        responses = (1 if right_ones else 0, 0 if right_ones > 1 else 1)
        await campus.give(SubmitAttempt("ann", "often", number, responses))
        (graded,) = await campus.facts(GradeAttempt("ann", "often", number))
        found.append(graded.data)
        if (completed := complete_passed_unit(graded)) is not None:
            await campus.give(completed)
    return found


@pytest.mark.parametrize(
    ("counts", "units", "completed_with"),
    [("best", [None, None, None], 2), ("last", [(0, 2), (2, 2), (1, 2)], 2), ("average", [(0, 1), (1, 2), (1, 2)], 1)],
)
async def test_which_attempt_counts(
    campus: Campus, counts: Counts, units: list[tuple[int, int] | None], completed_with: int
) -> None:
    """The fact has the score of the unit; it is completed when it is passed by what counts, and stays so."""
    found = await _graded(campus, counts, 0, 2, 1)
    assert [data["unit_points"] and (data["unit_points"], data["unit_possible"]) for data in found][1:] == units[1:]
    assert [data["counted"] and data["counted"]["passed"] for data in found] == (
        [None] * 3 if counts == "best" else [False, True, True]
    )
    completed = (await campus.log.stream(f"progress-ann:{RUN}"))[-1]
    assert (completed.type, completed.data["points"]) == ("progress.unit_completed", completed_with)


async def test_only_the_first_attempt_counts(campus: Campus) -> None:
    """A better one completes nothing; that the first is raised on appeal does, and the mean follows as well."""
    found = await _graded(campus, "first", 0, 2)
    assert [(data["unit_points"], data["counted"]["passed"]) for data in found] == [(0, False), (0, False)]
    assert not await campus.log.stream(f"progress-ann:{RUN}")
    (raised,) = await campus.facts(OverrideGrade("ann", "often", 1, 6_000, "appeal"))
    assert (raised.data["unit_points"], raised.data["counted"]["passed"]) == (6_000, True)
    await campus.give(complete_passed_unit(raised))
    assert (await campus.log.stream(f"progress-ann:{RUN}"))[-1].data["points"] == 6_000
