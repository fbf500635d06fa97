"""
Seed the sample campus: contents, accounts, then every command with the time at which a person would have given it.

A repetition appends nothing, and completes a seed that was interrupted: its times count from those of the first.
"""

import asyncio
import io
import math
import random
import time
import wave
from array import array
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from importlib.resources import files
from itertools import groupby
from typing import NamedTuple

from adapters.contents import PostgresContents
from adapters.personal.addresses import Addresses
from adapters.postgres.log.append import Append, KeyReused
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from commands.user import InviteAccount, VerifyEmail
from domain.catalog import Content
from workers.seeding.people import make_sample_people
from workers.seeding.sample.cast import EVERYONE, KOFI, STAFF
from workers.seeding.sample.desk import desk_steps
from workers.seeding.sample.incidents import incident_steps
from workers.seeding.sample.play import Player
from workers.seeding.sample.provider import find_paysim, left_to_provider
from workers.seeding.sample.shelf import WrittenUnit, courses
from workers.seeding.sample.shop import shop_steps
from workers.seeding.sample.studies import study_steps
from workers.seeding.sample.timetable import FIRST, Step, catalog_steps
from workers.support.progress import ProgressReporter, no_progress

SEED = 16
WINDOW = 2  # days that are carried out at once: what rests on what follows from a step comes as long after it
BEGUN, FINISHED = "sample:begun", "sample:finished"  # idempotency keys
TYPES = {"text": "text/markdown", "file": "text/csv", "video": "video/webm", "audio": "audio/wav"}
RATE = 8_000  # samples a second
CHORD = ((440.0,), (440.0, 550.0), (440.0, 660.0), (440.0, 550.0, 660.0, 880.0))  # Hz, pure ratios, two seconds each


class SampleRefused(Exception):
    """The campus keeps no accounts, so that it has no people."""


class SampleSeeded(NamedTuple):
    """
    What is there now, and how many facts this seed has appended.

    Attributes:
        refused: what a rule did not allow, as sentences.
    """

    people: int
    courses: int
    commands: int
    facts: int
    position: int
    seconds: float
    refused: list[str]


async def seed_sample(settings: Settings, progress: ProgressReporter = no_progress) -> SampleSeeded:
    """
    Fill the campus with the sample courses and people, and a week that ends now.

    Raises:
        SampleRefused: no master key is set.
    """
    if not settings.master_keys:
        raise SampleRefused("the sample campus has people with accounts: set CAMPUS_MASTER_KEYS")
    started = time.perf_counter()
    log = await PostgresLog.open(settings)
    try:
        before, refused = await log.head(), list[str]()
        steps = plan(await _now(log), await _contents(log))
        if await log.first_answer(FINISHED) is None:
            await make_sample_people(settings)
            await _claim_addresses(log)
            refused = await _play_with_provider(log, settings, steps, progress)
            await log.append(Append((), FINISHED, "", await log.head()))
        position = await log.head()
    finally:
        await log.close()
    seconds = time.perf_counter() - started
    return SampleSeeded(len(EVERYONE), len(courses()), len(steps), position - before, position, seconds, refused)


def plan(now: datetime, contents: Mapping[str, Content], seed: int = SEED) -> list[Step]:
    """All steps up to *now*, in the order of time; the same for the same time and seed."""
    dice = random.Random(seed)  # noqa: S311 - not a secret: the same seed makes the same campus
    studies = [*study_steps(now, dice)]
    steps = [
        *_accounts(now, dice),
        *catalog_steps(now, contents),
        *studies,
        *shop_steps(now, dice),
        *incident_steps(now, dice, studies),
        *desk_steps(now, studies, contents),
    ]
    return sorted((step for step in steps if step.at <= now), key=lambda step: step.at)


def _accounts(now: datetime, dice: random.Random) -> list[Step]:
    """An admin invites the people, who open the link of the mail."""
    steps = []
    for person in EVERYONE:
        at = now - FIRST - timedelta(days=10 if person in STAFF else dice.randint(1, 9))
        names = (person.learner_id, person.email, person.name, person.language, person.time_zone)
        steps.append(Step(at, KOFI.learner_id, InviteAccount(*names), person.learner_id))
        steps.append(
            Step(at + timedelta(hours=2), person.learner_id, VerifyEmail(person.learner_id), person.learner_id)
        )
    return steps


async def _now(log: PostgresLog) -> datetime:
    """The present minute, or that in which the campus was seeded first: it is what that first request is known by."""
    now = log.clock.now().replace(second=0, microsecond=0)
    with suppress(KeyReused):
        await log.append(Append((), BEGUN, now.isoformat(), await log.head()))
    begun = await log.first_answer(BEGUN)
    return now if begun is None else datetime.fromisoformat(begun[0])


async def _claim_addresses(log: PostgresLog) -> None:
    addresses = Addresses(log.link, log.keys)
    await asyncio.gather(*(addresses.claim(person.email, person.learner_id) for person in EVERYONE))


async def _play_with_provider(
    log: PostgresLog, settings: Settings, steps: list[Step], progress: ProgressReporter
) -> list[str]:
    paysim = await find_paysim(settings)
    if paysim is None:
        return await _play(log, steps, progress)
    await paysim.note(steps)
    refused = await _play(log, left_to_provider(steps), progress)
    await paysim.dispute(steps)
    return refused


async def _play(log: PostgresLog, steps: list[Step], progress: ProgressReporter) -> list[str]:
    player = Player(log)
    await player.begin()
    with progress("filling the campus", total=len(steps), unit="commands") as advance:
        for _, some in groupby(enumerate(steps), key=lambda numbered: numbered[1].at.toordinal() // WINDOW):
            advance(await player.give(list(some)))
    return player.refused


async def _contents(log: PostgresLog) -> dict[str, Content]:
    """The content of all units, kept; by `COURSE/UNIT`."""
    store = PostgresContents(log.link)

    async def keep(place: str, unit: WrittenUnit, data: bytes) -> tuple[str, Content]:
        async def parts() -> AsyncIterator[bytes]:
            yield data

        kept = await store.keep(parts(), of_course=True)
        media_type = TYPES.get(unit.kind, "text/markdown")
        return place, Content(kept.sha256, media_type, kept.size, unit.options.get("name", ""))

    kept = [
        keep(f"{course.course_id}/{unit.unit_id}", unit, data)
        for course in courses().values()
        for unit in course.units
        if (data := _data(course.course_id, unit))
    ]
    return dict(await asyncio.gather(*kept))


def _data(course_id: str, unit: WrittenUnit) -> bytes:
    """The bytes of a unit; empty if it has none."""
    if unit.kind == "audio":
        return _chords()
    if unit.kind == "video":
        return files(__package__).joinpath("media", f"{course_id}.{unit.unit_id}.webm").read_bytes()
    return unit.text.encode()


def _chords() -> bytes:
    """A recording (WAV): a tone, then it with its third, its fifth, and the whole chord with the octave."""
    samples = array("h")
    for tones in CHORD:
        for number in range(2 * RATE):
            moment = number / RATE
            fading = min(1.0, moment * 20, (2 - moment) * 4)
            value = sum(math.sin(2 * math.pi * tone * moment) for tone in tones) / len(CHORD[-1])
            samples.append(int(20_000 * fading * value))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()
