"""Attempts that wait for people are found by an index, however many keys have marked."""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec

from adapters.postgres.log.append import Append, NewEvent
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.postgres.log.waiting_attempts import WAITING, started_by_handle, waiting_attempts
from adapters.settings import Settings
from tests.support.appends import WHEN, new_event, opened, query

STARTED = {
    "run_id": "r1",
    "unit_id": "u1",
    "quiz_version": 1,
    "items": ["e1"],
    "started_at": WHEN,
    "deadline_at": WHEN,
    "accepts_until": WHEN,
    "extra_seconds": 0,
}
SUBMITTED = {"run_id": "r1", "unit_id": "u1", "by": "learner", "late_by": 0, "responses": [], "banked": False}


def attempt(number: int, quiz: str, earned: list[str | None], graded_after: int | None = None) -> list[NewEvent]:
    """An attempt that was handed in later the smaller its number, and marked; graded after so many marks."""
    marks = [{"item_id": f'"earned":null {no}', "earned": each, "possible": "1"} for no, each in enumerate(earned)]
    facts: list[tuple[str, dict[str, Any]]] = [
        ("attempt.started", STARTED | {"seed": f"{number:032x}"}),
        ("attempt.submitted", SUBMITTED),
        ("attempt.marked", {"marks": marks, "regrade_no": 0}),
        ("attempt.marked", {"marks": marks, "regrade_no": 1}),
    ]
    if graded_after is not None:
        facts.insert(graded_after + 2, ("attempt.graded", {"run_id": "r1"}))
    return [
        new_event(
            f"attempt-l{number}:{quiz}:1",
            version,
            type=name,
            data=msgspec.json.encode(data),
            occurred_at=WHEN - timedelta(seconds=number),
        )
        for version, (name, data) in enumerate(facts, 1)
    ]


async def waiting(log: PostgresLog, *quizzes: str, limit: int = 50) -> tuple[int, list[str]]:
    """How many wait, and the streams of the oldest."""
    number, oldest = await log.link.run(lambda connection: waiting_attempts(connection, quizzes, limit))
    return number, [fact.stream_id for fact in oldest]


async def test_what_waits_for_people(settings: Settings) -> None:
    """Not what a key has marked, nor what has a grade, nor another quiz; the oldest first, and all are counted."""
    async with opened(settings) as log:
        await log.append(Append(attempt(1, "q1", [None])))
        await log.append(Append(attempt(2, "q1", ["1", None])))
        await log.append(Append(attempt(3, "q1", [None], graded_after=1)))
        await log.append(Append(attempt(4, "q1", [None], graded_after=2)))
        await log.append(Append(attempt(5, "q1", ["1"])))
        await log.append(Append(attempt(6, "q2", [None])))
        for number in range(10, 300):
            await log.append(Append(attempt(number, "q1", ["1"], graded_after=1)))
        assert await waiting(log, "q1") == (2, ["attempt-l2:q1:1", "attempt-l1:q1:1"])
        assert await waiting(log, "q2", "q1", limit=1) == (3, ["attempt-l6:q2:1"])
        assert await waiting(log, "q3") == (0, [])
        await query(settings, "ANALYZE events", owner=True)
        plan = await log._rows(f"EXPLAIN {WAITING}", {"quizzes": ["q1"], "limit": 50})
        text = "\n".join(line for (line,) in plan)
        assert "events_marks_for_people" in text
        assert "Seq Scan on events" not in text


async def test_a_handle_is_found_among_the_attempts_of_its_quiz(settings: Settings) -> None:
    """It is the beginning of the hash of the seed and the stream."""
    stream = "attempt-l2:q1:1"
    handle = hashlib.sha256(f"{2:032x}:{stream}".encode()).hexdigest()[:16]
    async with opened(settings) as log:
        for number in (1, 2, 3):
            await log.append(Append(attempt(number, "q1", [None])))
        found = await log.link.run(lambda connection: started_by_handle(connection, "q1", handle))
        assert found is not None
        assert (found.stream_id, found.data["seed"]) == (stream, f"{2:032x}")
        assert await log.link.run(lambda connection: started_by_handle(connection, "q2", handle)) is None
