"""
`campus bench search`: searches in a catalog of 10,000 courses, over HTTP, one after the other.

Ours: milliseconds within which 95 of 100 searches are answered, of a mixture as people type it: words of the titles,
beginnings, two words, words with a typing error, narrowed ones, none at all, and words that half of the courses have.
Yardstick: the 20 ms that are allowed. The words are made up, as frequent as those of a language: the n-th has a share
of 1/n.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from urllib.parse import urlencode

from adapters.command_bus.bus import Bus
from adapters.jwt import claims_of, sign
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.settings import Settings
from benchmarks.campus import running_campus
from benchmarks.classroom import everything_seen
from benchmarks.load import for_seconds, request, run
from benchmarks.rounds import Comparison, Subject, compare
from commands.catalog import CreateCourse, OpenRun, PublishCourse, ScheduleRun
from commands.log import Context
from domain.catalog import Section, Unit

COURSES = 10_000
WORDS = 20_000
UNITS = 12
TOGETHER = 200  # courses that are made at once
PERMITTED = 20.0  # ms
LANGUAGES, PACINGS, KINDS = (
    ("en", "de", "fr", "es"),
    ("self", "instructor", "cohort"),
    ("page", "video", "file", "quiz"),
)
SUBJECT = Subject(
    name="search",
    unit="ms",
    what=f"one client, 95 of 100 searches in {COURSES:,} courses",
    yardstick_is="what is allowed",
    at_most=1,
)


@dataclass
class Texts:
    """Words, texts of them, and what people type to find these; the same each time."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311
    words: Sequence[str] = ()
    shares: Sequence[float] = ()

    def __post_init__(self) -> None:
        self.words = list(islice(self._new_words(), WORDS))
        self.shares = list(accumulate(1 / (number + 10) for number in range(WORDS)))

    def _new_words(self) -> Iterator[str]:
        syllables = [first + vowel for first in "bcdfghjklmnprstvwz" for vowel in "aeiou"]
        seen: set[str] = set()
        while True:
            word = "".join(self.chance.choices(syllables, k=self.chance.randint(2, 5)))
            if word not in seen:
                seen.add(word)
                yield word

    def text(self, words: int) -> str:
        """So many words."""
        return " ".join(self.chance.choices(self.words, cum_weights=self.shares, k=words))

    def query(self) -> dict[str, str]:
        """The parameters of one search."""
        (word,) = self.chance.choices(self.words, cum_weights=self.shares)
        match self.chance.randrange(8):
            case 0:
                return {"q": word[: self.chance.randint(3, 4)]}
            case 1 | 2:
                return {"q": f"{word} {self.text(1)}"}
            case 3:
                place = self.chance.randrange(1, len(word) - 1)
                return {"q": word[:place] + word[place + 1] + word[place] + word[place + 2 :]}
            case 4:
                return {"q": word, "language": "en", "registration": "open"}
            case 5:
                return {"kind": "video", "pacing": "self"}
        return {"q": word}


async def bench(seconds: float, rounds: int) -> Comparison:
    """Compare on a throw-away campus; *seconds* for each measurement."""
    texts = Texts()
    async with running_campus() as settings:
        await _open_courses(settings, texts)
        lifetime = timedelta(hours=2)
        token = sign(claims_of("learner"), settings.token_secret, now=datetime.now(UTC), lifetime=lifetime)
        middle: list[float] = []

        async def ours() -> float:
            load = await run(
                settings.api_url,
                for_seconds(seconds, lambda: _search(settings.api_url, token, texts.query())),
                1,
            )
            middle.append(1_000 * load.percentile(50))
            return 1_000 * load.percentile(95)

        async def yardstick() -> float:
            return PERMITTED

        compared = await compare(SUBJECT, ours, yardstick, rounds)
        return replace(compared, details={"median, ms": " ".join(f"{each:.1f}" for each in middle[1:])})


def _search(url: str, token: str, query: dict[str, str]) -> bytes:
    return request("GET", f"{url}/v1/catalog/search?{urlencode(query)}", token=token)


async def _open_courses(settings: Settings, texts: Texts) -> None:
    """Courses with a version and a run, and wait until every read model has them."""
    log = await PostgresLog.open(settings)
    bus, context, now = Bus(log), Context("bench", source="bench"), datetime.now(UTC)

    async def open_course(number: int) -> None:
        course, run_id = f"course-{number:05}", f"run-{number:05}"
        title, summary, language = texts.text(5), texts.text(20), texts.chance.choice(LANGUAGES)
        units = [Unit(f"u{unit}", KINDS[unit % 3], texts.text(3)) for unit in range(UNITS - 1)]
        units.append(Unit("quiz", "quiz", texts.text(2), 10_000))
        section = Section("all", texts.text(2), [unit.unit_id for unit in units])
        pacing, ends_at = texts.chance.choice(PACINGS), now + timedelta(days=90)
        opened = texts.chance.random() < 0.7
        await bus.handle(CreateCourse(course, title, summary, language), context)
        await bus.handle(PublishCourse(course, units, sections=[section]), context)
        await bus.handle(ScheduleRun(run_id, course, 1, now, ends_at, pacing=pacing), context)
        if opened:
            await bus.handle(OpenRun(run_id), context)

    for first in range(0, COURSES, TOGETHER):
        await asyncio.gather(*map(open_course, range(first, first + TOGETHER)))
    await log.close()
    await everything_seen(settings)
