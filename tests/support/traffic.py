"""
People who use a campus over HTTP while things break, and remember what was acknowledged.

Everybody repeats a request, with the same idempotency key, until it is answered. Every activity carries a number of
its own as its amount, so that each can be found in the log, and found once.
"""

import asyncio
import itertools
import random
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from tests.support.polling import PATIENCE, until

RUN, SMALL_RUN = "chaos-run", "chaos-small"
SEATS = 10
LEARNERS = 40


@dataclass
class Acknowledged:
    """What the API has promised."""

    positions: list[int] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)
    submitted: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)


class Crowd:
    """Learners and their admin."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.acknowledged = Acknowledged()
        self._settings = settings
        self._client = httpx.AsyncClient(base_url=settings.api_url, timeout=PATIENCE)
        self._chance = random.Random(seed)
        self._numbers = itertools.count(1)

    async def close(self) -> None:
        await self._client.aclose()

    def _headers(self, user: str) -> dict[str, str]:
        now = datetime.now(UTC)
        token = sign(claims_of(user), self._settings.token_secret, now=now, lifetime=timedelta(hours=1))
        return {"authorization": f"Bearer {token}", "idempotency-key": uuid.uuid4().hex}

    async def post(self, user: str, path: str, body: dict[str, Any]) -> httpx.Response:
        """Send until there is an answer that is not about broken servers."""
        headers = self._headers(user)
        answers: list[httpx.Response] = []

        async def answered() -> bool:
            with suppress(httpx.TransportError):
                answers.append(await self._client.post(f"/v1{path}", json=body, headers=headers))
            return bool(answers) and answers[-1].status_code < 500

        await until(answered, interval=0.1)
        return answers[-1]

    async def must(self, user: str, path: str, body: dict[str, Any]) -> int:
        """The position of a command that no rule refuses."""
        answer = await self.post(user, path, body)
        assert answer.status_code in (201, 202), answer.text
        position: int = answer.json()["position"]
        self.acknowledged.positions.append(position)
        return position

    async def open(self) -> None:
        """Make a course with a quiz, a run for everybody, and a run with few seats."""
        units = [
            {"unit_id": "read", "kind": "page", "title": "Read"},
            {"unit_id": "answer", "kind": "quiz", "title": "Answer", "weight": 100},
        ]
        await self.must("admin", "/courses", {"course_id": "chaos", "title": "Chaos"})
        await self.must("admin", "/courses/chaos/versions", {"units": units})
        for run_id, capacity in ((RUN, None), (SMALL_RUN, SEATS)):
            plan = {"run_id": run_id, "course_id": "chaos", "starts_at": "2026-09-01T00:00:00Z"}
            await self.must("admin", "/runs", {**plan, "ends_at": "2127-01-01T00:00:00Z", "capacity": capacity})
            await self.must("admin", f"/runs/{run_id}/open", {})
        items = [{"item_id": "i1", "text": "2 + 2", "options": ["3", "4"]}]
        quiz = {"quiz_id": "chaos-quiz", "run_id": RUN, "unit_id": "answer", "title": "Answer"}
        await self.must("admin", "/quizzes", {**quiz, "items": items, "key": [1], "attempts_allowed": 1})

    async def learner(self, number: int, stop: asyncio.Event) -> None:
        """One learner: enrolls on both runs, and then does this and that until *stop*."""
        user = f"learner-{number}"
        await self.must(user, "/enrollments", {"run_id": RUN})
        await self.must(user, "/enrollments", {"run_id": SMALL_RUN})
        for turn in self._turns():
            if stop.is_set():
                return
            if turn == "activity":
                amount = next(self._numbers)
                await self.must(user, "/progress/activities", {"run_id": RUN, "unit_id": "read", "amount": amount})
                self.acknowledged.amounts.append(amount)
            elif turn == "submit":
                answers = {"responses": [self._chance.randrange(2)]}
                answer = await self.post(user, "/quizzes/chaos-quiz/attempts/1/submit", answers)
                self._note(answer)
                if answer.status_code == 202:
                    self.acknowledged.submitted.add(user)
            else:
                self._note(await self.post(user, f"/enrollments/{turn}", {"run_id": SMALL_RUN}))
            await asyncio.sleep(self._chance.random() * 0.05)  # people pause; nothing waits for it

    def _turns(self) -> Iterator[str]:
        while True:
            yield self._chance.choices(("activity", "submit", "withdraw", "reactivate"), (20, 1, 2, 2))[0]

    def _note(self, answer: httpx.Response) -> None:
        if answer.status_code == 202:
            self.acknowledged.positions.append(answer.json()["position"])
        else:
            code = answer.json()["code"]
            self.acknowledged.refused[code] = self.acknowledged.refused.get(code, 0) + 1
