"""
`campus bench exam`: learners sit a timed exam at once, on a campus with everything running.

They start within ten seconds, save an answer every five, and submit in the last second; each third has closed the
browser by then, and the server submits. Measured: how long an autosave takes from the moment at which it is due, and
how long it takes from the last deadline until the last attempt is graded. Checked: no acknowledged answer is lost, no
attempt is there twice, all are graded.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from adapters.command_bus.bus import Bus
from adapters.jwt import claims_of, sign
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from benchmarks.campus import running_campus
from benchmarks.load import content_length, request
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.enrollment import RequestEnrollment
from commands.log import Context
from commands.quiz import PublishQuiz
from domain.catalog import Unit
from domain.fact import Fact
from domain.quiz import Item
from domain.tags import QueryItem, tag

RUN, QUIZ = "bench-exam", "exam"
QUESTIONS = 20
STARTS_WITHIN, SAVES_EVERY = 10.0, 5.0  # seconds
TARGET = 50.0  # milliseconds, for the 99th percentile of an autosave
PATIENCE = 300.0  # seconds until the last attempt must be graded
REPEATS_AFTER = 0.2  # seconds
REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN)
"""What a patient browser takes for an answer: the time is up, or the attempt has ended."""
LIFETIME = timedelta(hours=2)


@dataclass
class Findings:
    """
    What was found.

    Attributes:
        saves: acknowledged answers; save_p50 to save_max in milliseconds.
        last_graded: seconds from the last deadline until the last attempt was graded.
        by_server: attempts that the server submitted.
        lost: acknowledged answers that the log does not have.
        doubled: attempts beyond the first of a learner, and submissions beyond the first.
    """

    learners: int
    seconds: float
    saves: int = 0
    save_p50: float = 0.0
    save_p95: float = 0.0
    save_p99: float = 0.0
    save_max: float = 0.0
    last_graded: float = 0.0
    by_server: int = 0
    graded: int = 0
    lost: int = 0
    doubled: int = 0

    @property
    def met(self) -> bool:
        """Whether nothing was lost, everything is graded, and an autosave is fast enough."""
        return not self.lost and not self.doubled and self.graded == self.learners and self.save_p99 <= TARGET

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {**asdict(self), "target_p99": TARGET, "met": self.met}


@dataclass
class Sitting:
    """What the learners have seen."""

    took: list[float] = field(default_factory=list)  # seconds
    acknowledged: set[tuple[str, str, int]] = field(default_factory=set)  # learner, item, client_seq
    deadlines: list[datetime] = field(default_factory=list)
    patient: bool = False  # whether browsers repeat what has got no answer


Trouble = Callable[[Sitting], Awaitable[None]]


async def bench(learners: int, seconds: float) -> Findings:
    """Let *learners* sit an exam of so many *seconds* on a throw-away campus."""
    async with running_campus() as settings:
        return await sit_exam(settings, learners, seconds)


async def sit_exam(settings: Settings, learners: int, seconds: float, trouble: Trouble | None = None) -> Findings:
    """
    Let *learners* sit an exam of so many *seconds* on an empty campus that runs.

    Args:
        trouble: what happens meanwhile; then browsers repeat what has got no answer, as those of the pages do.
    """
    log = await PostgresLog.open(settings)
    try:
        names = [f"learner-{number}" for number in range(learners)]
        await _prepare(log, names, seconds)
        sitting = Sitting(patient=trouble is not None)
        seats = [_sit(settings, sitting, name, number, seconds) for number, name in enumerate(names)]
        await asyncio.gather(*seats, *([trouble(sitting)] if trouble else []))
        return await _found(log, sitting, learners, seconds)
    finally:
        await log.close()


async def _prepare(log: PostgresLog, names: list[str], seconds: float) -> None:
    bus, context = Bus(log), Context("bench", source="bench")
    now = datetime.now(UTC)
    items = [Item(f"i{number}", "Which?", ["a", "b", "c", "d"]) for number in range(QUESTIONS)]
    for command in (
        CreateCourse("bench", "A course"),
        PublishCourse("bench", [Unit("u1", "exam", "Exam", 10_000)]),
        ScheduleRun(RUN, "bench", 1, now, now + timedelta(days=90)),
        OpenRun(RUN),
        PublishQuiz(QUIZ, RUN, "u1", "Exam", "exam", items=items, key=[1] * QUESTIONS, time_limit=max(1, int(seconds))),
    ):
        await bus.handle(command, context)
    await asyncio.gather(*(bus.handle(RequestEnrollment(name, RUN), context) for name in names))


class _Browser:
    """One kept-alive connection of a learner; a *patient* one repeats what gets no answer, and is refused in peace."""

    def __init__(self, settings: Settings, name: str, *, patient: bool) -> None:
        self._url, self._patient = settings.api_url, patient
        self._token = sign(claims_of(name), settings.token_secret, now=datetime.now(UTC), lifetime=LIFETIME)
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, method: str, path: str, body: object) -> bool:
        """Send a request; whether the answer is one of success."""
        while True:
            try:
                status, answer = await self._asked(method, path, json.dumps(body).encode())
            except (OSError, asyncio.IncompleteReadError):
                if not self._patient:
                    raise
                status, answer = 503, b""
                self.close()
            if status < HTTPStatus.BAD_REQUEST:
                return True
            if not self._patient:
                raise RuntimeError(f"{method} {path}: {status}: {answer[:300].decode()}")
            if status in REFUSED:
                return False
            await asyncio.sleep(REPEATS_AFTER)

    async def _asked(self, method: str, path: str, text: bytes) -> tuple[int, bytes]:
        """The status of the answer, and its body."""
        if self._writer is None:
            parts = urlsplit(self._url)
            self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port)
        self._writer.write(request(method, f"{self._url}/v1{path}", token=self._token, body=text))
        head = await self._reader.readuntil(b"\r\n\r\n")
        return int(head[9:12]), await self._reader.readexactly(content_length(head))

    def close(self) -> None:
        """Close the connection, as the browser that goes away does."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


async def _sit(settings: Settings, sitting: Sitting, name: str, number: int, seconds: float) -> None:
    """One learner, from the start to the last second, or until the browser is closed."""
    chance = random.Random(number)  # noqa: S311 - a load
    await asyncio.sleep(chance.uniform(0, STARTS_WITHIN))
    browser = _Browser(settings, name, patient=sitting.patient)
    began, path = time.perf_counter(), f"/quizzes/{QUIZ}/attempts"
    await browser.send("POST", path, {})
    sitting.deadlines.append(datetime.now(UTC) + timedelta(seconds=int(seconds)))
    leaves = number % 3 == 2
    due, seq = began + chance.uniform(0, SAVES_EVERY), 0
    while due < began + seconds - 1:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        seq += 1
        item = f"i{chance.randrange(QUESTIONS)}"
        response = {"kind": "single_choice", "option_id": str(chance.randrange(4))}
        if await browser.send("PUT", f"{path}/1/answers/{item}", {"client_seq": seq, "response": response}):
            sitting.took.append(time.perf_counter() - due)
            sitting.acknowledged.add((name, item, seq))
        due += SAVES_EVERY
    if not leaves:
        await asyncio.sleep(max(0.0, began + seconds - chance.uniform(0.05, 1) - time.perf_counter()))
        await browser.send("POST", f"{path}/1/submit", {})
    browser.close()


async def _found(log: PostgresLog, sitting: Sitting, learners: int, seconds: float) -> Findings:
    """Wait until all is graded, and compare what was acknowledged with the log."""
    findings = Findings(learners, seconds)
    end = time.monotonic() + seconds + PATIENCE
    graded: list[Fact] = []
    while len(graded) < learners and time.monotonic() < end:
        await asyncio.sleep(0.2)
        graded = await _facts(log, "attempt.graded")
    submitted, saved = await _facts(log, "attempt.submitted"), await _facts(log, "attempt.answer_saved")
    started = await _facts(log, "attempt.started")
    kept = {(fact.id("learner_id"), fact.data["item_id"], fact.data["client_seq"]) for fact in saved}
    took = sorted(1_000 * each for each in sitting.took)
    findings.saves = len(took)
    findings.save_p50, findings.save_p95, findings.save_p99 = (took[int(len(took) * p / 100)] for p in (50, 95, 99))
    findings.save_max = took[-1]
    findings.graded = len({fact.stream_id for fact in graded})
    findings.by_server = sum(fact.data["by"] == "server" for fact in submitted)
    findings.lost = len(sitting.acknowledged - kept)
    findings.doubled = sum(len(each) - len({fact.id("learner_id") for fact in each}) for each in (started, submitted))
    if graded:
        last = max(fact.recorded_at for fact in graded)
        findings.last_graded = (last - max(sitting.deadlines)).total_seconds()
    return findings


async def _facts(log: PostgresLog, kind: str) -> list[Fact]:
    found, _ = await log.matching((QueryItem((kind,), (tag("quiz", QUIZ),)),))
    return found
