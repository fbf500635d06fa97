"""A walk at random through the commands: whatever is sent is accepted or refused, and nothing is a failure of ours."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from tests.support.api import ITEMS, UNITS, Campus

SEED = 20261129
AT_ONCE = 8  # commands of different users that are under way at the same time
RUNS, LEARNERS, QUIZZES = 4, 12, 3
DATES = ("2026-02-01T00:00:00Z", "2126-06-30T00:00:00Z", "2020-01-01T00:00:00Z", "1970-01-01T00:00:00Z")
READS = ("/me/dashboard", "/runs/{run}/dashboard", "/runs/{run}/gradebook", "/overview", "/activity", "/courses")


class Walk:
    """What may be sent: ids of few things, so that commands meet each other; some of what is sent makes no sense."""

    def __init__(self, campus: Campus, seed: int) -> None:
        self.chance = random.Random(seed)
        self.campus = campus
        self.learners = [f"walker-{campus.tag}-{number}" for number in range(LEARNERS)]

    def run(self) -> str:
        """The id of a run."""
        return f"r-{self.campus.tag}-{self.chance.randrange(RUNS)}"

    def course(self) -> str:
        """The id of a course."""
        return f"c-{self.campus.tag}-{self.chance.randrange(2)}"

    def quiz(self) -> str:
        """The id of a quiz."""
        return f"q-{self.campus.tag}-{self.chance.randrange(QUIZZES)}"

    def unit(self) -> str:
        """The id of a unit."""
        return self.chance.choice(["intro", "q1", "q2", "nowhere"])

    def of_a_run(self, **more: Any) -> dict[str, Any]:
        """The body of a command about a run, at times for another learner."""
        for_another = {"learner_id": self.chance.choice(self.learners)} if self.chance.random() < 0.3 else {}
        return {"run_id": self.run(), **for_another, **more}

    def step(self) -> tuple[str, dict[str, Any] | None]:
        """The next command: its path and its body."""
        chance, starts, ends = self.chance, *self.chance.choices(DATES, (9, 9, 1, 1), k=2)
        attempt = f"/quizzes/{self.quiz()}/attempts/{chance.randint(1, 3)}"
        plan = {"starts_at": starts, "ends_at": ends, "capacity": chance.choice([None, 1, 3, 6])}
        more = {"seat_offer_hours": chance.choice([None, 0, 48]), "waitlist_limit": chance.choice([None, 0, 2])}
        units = chance.sample(UNITS, chance.randint(1, 3))
        quiz = {"quiz_id": self.quiz(), "run_id": self.run(), "unit_id": self.unit(), "title": "Q", "items": ITEMS}
        steps: list[tuple[int, str, dict[str, Any] | None]] = [
            (2, "/courses", {"course_id": self.course(), "title": "Walks"}),
            (3, f"/courses/{self.course()}/versions", {"units": units}),
            (4, "/runs", {"run_id": self.run(), "course_id": self.course(), **plan, **more}),
            (6, f"/runs/{self.run()}/open", None),
            (1, f"/runs/{self.run()}/close", None),
            (20, "/enrollments", self.of_a_run()),
            (6, "/enrollments/withdraw", self.of_a_run(reason="moved")),
            (4, "/enrollments/accept", self.of_a_run()),
            (4, "/enrollments/reactivate", self.of_a_run()),
            (8, "/progress/units/open", self.of_a_run(unit_id=self.unit())),
            (15, "/progress/activities", self.of_a_run(unit_id=self.unit(), amount=chance.randint(1, 9))),
            (10, "/progress/units/complete", self.of_a_run(unit_id=self.unit())),
            (4, "/progress/outcomes", self.decision()),
            (4, "/quizzes", {**quiz, "key": [1, 0], "attempts_allowed": chance.randint(1, 3)}),
            (15, f"{attempt}/submit", {"responses": [chance.randrange(3), chance.randrange(3)]}),
            (
                6,
                f"{attempt}/grade",
                {"learner_id": chance.choice(self.learners), "score_bp": chance.randint(0, 10_001)},
            ),
        ]
        _, path, body = chance.choices(steps, [weight for weight, _, _ in steps])[0]
        return path, body

    def user(self, path: str) -> str:
        """Who sends a command: as a rule one who may."""
        of_staff = path.startswith(("/courses", "/runs", "/progress/outcomes")) or path.endswith(("/quizzes", "/grade"))
        staff = of_staff if self.chance.random() < 0.9 else not of_staff
        return self.chance.choice(["admin", "instructor"] if staff else self.learners)

    def decision(self) -> dict[str, Any]:
        """The body of an outcome."""
        outcome = self.chance.choice([None, "pass", "fail", "distinction", "withdrawn"])
        reason = self.chance.choice(["", "appeal"])
        return {
            "run_id": self.run(),
            "learner_id": self.chance.choice(self.learners),
            "outcome": outcome,
            "reason": reason,
        }

    async def go(self, commands: int, found: Counter[int], failed: list[tuple[Any, ...]]) -> None:
        """Send so many commands one after the other, and look at something now and then."""
        for _ in range(commands):
            path, body = self.step()
            user = self.user(path)
            key = f"key-{self.chance.randrange(50)}" if self.chance.random() < 0.2 else ""
            answers = [(path, body, await self.campus.post(path, body, user=user, key=key))]
            if self.chance.random() < 0.1:
                read = self.chance.choice(READS).format(run=self.run())
                answers.append((read, None, await self.campus.get(read, user=self.user(read))))
            for path, body, answer in answers:
                found[answer.status_code] += 1
                if answer.status_code >= 500:
                    failed.append((path, body, user, answer.status_code, answer.text))


@pytest.mark.parametrize("commands", [400, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_a_random_walk_sees_no_failure_of_the_server(campus: Campus, commands: int) -> None:
    """Commands are accepted, refused or make no sense; none is answered with 5xx, and many go through."""
    found, failed = Counter[int](), list[tuple[Any, ...]]()
    for course in range(2):
        ids = f"c-{campus.tag}-{course}"
        await campus.send("/courses", {"course_id": ids, "title": "Walks"}, user="admin")
        await campus.send(f"/courses/{ids}/versions", {"units": UNITS}, user="admin")
    walks = [Walk(campus, SEED + number) for number in range(AT_ONCE)]
    await asyncio.gather(*(walk.go(commands // AT_ONCE, found, failed) for walk in walks))
    assert failed == []
    assert found[202] > commands / 10, found
    assert {403, 404, 409, 422} <= found.keys(), found
