"""
A class for the benchmarks of the API: one run, two thousand learners who are in, and a token or a session for each.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle

from adapters.auth.changes import AccessChanges
from adapters.auth.sessions import LONGEST, Sessions
from adapters.command_bus.bus import Bus
from adapters.jwt import claims_of, sign
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from api.http.sessions import COOKIE
from benchmarks.load import request
from cli.http import get_json
from commands.auth import OpenSession
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from domain.catalog import Unit

LEARNERS = 2_000
UNITS = 40
RUN = "bench-run"


@dataclass(frozen=True)
class Classroom:
    """Prepared requests: an activity of a learner, and a read of the learner's dashboard."""

    url: str
    tokens: list[str]
    cookies: list[str] = field(default_factory=list)  # instead of the tokens, where there are any
    turns: Iterator[int] = field(default_factory=lambda: cycle(range(LEARNERS)))

    def activity(self) -> bytes:
        """The request of the next learner who does something; one after the other, so that commands do not conflict."""
        return self.activity_of(next(self.turns))

    def activity_of(self, learner: int) -> bytes:
        """The request of one learner who does something."""
        unit = f"unit-{random.randrange(UNITS)}"  # noqa: S311
        body = json.dumps({"run_id": RUN, "unit_id": unit, "kind": "click", "amount": 3}).encode()
        return request(
            "POST",
            f"{self.url}/v1/progress/activities",
            token=self._token(learner),
            cookie=self._cookie(learner),
            body=body,
        )

    def dashboard(self) -> bytes:
        """The request of a random learner for their dashboard."""
        return self.dashboard_of(random.randrange(LEARNERS))  # noqa: S311

    def dashboard_of(self, learner: int, min_position: int = 0) -> bytes:
        """The request of one learner for their dashboard, true for *min_position* at least."""
        asked = f"?min_position={min_position}" if min_position else ""
        return request(
            "GET", f"{self.url}/v1/me/dashboard{asked}", token=self._token(learner), cookie=self._cookie(learner)
        )

    def _token(self, learner: int) -> str:
        return "" if self.cookies else self.tokens[learner]

    def _cookie(self, learner: int) -> str:
        return self.cookies[learner] if self.cookies else ""


async def open_classroom(settings: Settings) -> Classroom:
    """Make the class by commands, and wait until every read model has it."""
    log = await PostgresLog.open(settings)
    bus, context = Bus(log), Context("bench", source="bench")
    now = datetime.now(UTC)
    units = [Unit(f"unit-{number}", "page", f"Unit {number}", 250, number) for number in range(UNITS)]
    for command in (
        CreateCourse("bench", "A course"),
        PublishCourse("bench", units),
        ScheduleRun(RUN, "bench", 1, now, now + timedelta(days=90)),
        OpenRun(RUN),
    ):
        await bus.handle(command, context)
    await asyncio.gather(*(bus.handle(RequestEnrollment(f"learner-{n}", RUN), context) for n in range(LEARNERS)))
    await log.close()
    await everything_seen(settings)
    lifetime = timedelta(hours=2)
    names = [f"learner-{number}" for number in range(LEARNERS)]
    return Classroom(
        settings.api_url, [sign(claims_of(name), settings.token_secret, now=now, lifetime=lifetime) for name in names]
    )


async def signed_in(settings: Settings, classroom: Classroom) -> Classroom:
    """The same class, each learner with a session as after signing in."""
    log = await PostgresLog.open(settings)
    sessions = Sessions(log.link, log.clock, AccessChanges(log.link))
    bus, until = Bus(log), log.clock.now() + LONGEST

    async def sign_in(learner_id: str) -> str:
        await bus.handle(OpenSession(learner_id, "bench", "password", until), Context(learner_id))
        return await sessions.open(learner_id, "bench", until)

    tokens = await asyncio.gather(*(sign_in(f"learner-{number}") for number in range(LEARNERS)))
    await log.close()
    return replace(classroom, cookies=[f"{COOKIE}={token}" for token in tokens])


async def everything_seen(settings: Settings) -> None:
    """Wait until every projection has lag 0."""
    while True:
        body = (await get_json(f"{settings.api_url}/readyz")).body
        projections = body.get("projections", [])
        if projections and all(each["position"] >= body["head"] for each in projections):
            return
        await asyncio.sleep(0.1)
