"""
The log of a large forum: many runs, a place for each person, threads of ten posts, and one thread of many.

Every fact is made by its class in the domain, every text is sealed with the key of its author, and words are as
frequent as those of a language. The same seed makes the same forum, but for keys, ids of events and what is sealed.
"""

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import uuid_utils

from adapters.personal.key_service import local_keys
from adapters.personal.keys import of_person
from adapters.personal.sealing import KEY_SIZE, PersonKey
from adapters.settings import Settings
from benchmarks.search import Texts
from benchmarks.synthetic import SOURCE, Row
from domain.aggregate import EPOCH, Aggregate
from domain.codec import encode_data, version_of
from domain.enrollment import Enrollment, enrollment_stream
from domain.fact import Meta
from domain.forum import FIRST_TOPIC, Post, Thread, Writing, post_stream, thread_stream, writing_stream
from domain.streams import partition_of

START = datetime(2026, 1, 5, tzinfo=UTC)
OF_THREAD = 10  # posts of most threads
WORDS_OF_TEXT, WORDS_OF_TITLE = 25, 5
ANONYMOUS = 0.1  # of posts
COPY_KEYS = "COPY person_keys (learner_id, master, wrapped) FROM STDIN"

SECOND = (Enrollment.Activated, Thread.AnswerAccepted)
"""Second facts of their streams; all others are the first."""

_encode_meta = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Size:
    """
    How large a forum is.

    Attributes:
        longest: posts of its one long thread, which is in the first run.
    """

    posts: int = 1_000_000
    people: int = 100_000
    runs: int = 200
    longest: int = 20_000

    @property
    def facts(self) -> int:
        """How many facts are written into its log."""
        of_threads = sum(1 + 2 * posts + is_solved(number, posts) for number, posts in self.threads())
        return 2 * self.people + of_threads

    def threads(self) -> Iterator[tuple[int, int]]:
        """The number of each thread, and how many posts it has."""
        yield 0, self.longest
        for number, first in enumerate(range(self.longest, self.posts, OF_THREAD), 1):
            yield number, min(OF_THREAD, self.posts - first)


def is_solved(number: int, posts: int) -> bool:
    """Whether a thread has an accepted answer: every second one that has a reply."""
    return number % 2 == 0 and posts > 1


def run_of(number: int) -> str:
    """A run."""
    return f"run-{number:03}"


def person_of(number: int) -> str:
    """A person."""
    return f"person-{number:06}"


def thread_of(number: int) -> str:
    """A thread; the first is the long one."""
    return f"{number:032x}"


async def keys_of(settings: Settings, size: Size) -> list[bytes]:
    """A key for each person, which the campus keeps."""
    service = local_keys(settings)
    keys = [secrets.token_bytes(KEY_SIZE) for _ in range(size.people)]
    wrapped = [await service.wrap(of_person(person_of(number)), key) for number, key in enumerate(keys)]
    options = f"-c search_path={settings.schema_name}"
    with psycopg.connect(settings.postgres_owner_url, autocommit=True, options=options) as connection:
        with connection.cursor() as cursor, cursor.copy(COPY_KEYS) as copy:
            for number, each in enumerate(wrapped):
                copy.write_row((person_of(number), each.master, each.wrapped))
        connection.execute("ANALYZE person_keys")
    return keys


class ForumLog:
    """Rows of the log after *position*."""

    def __init__(self, size: Size, keys: list[bytes], position: int) -> None:
        self._size, self._keys, self._position = size, keys, position
        self._chance = random.Random(11)  # noqa: S311
        self._texts = Texts()

    def rows(self) -> Iterator[Row]:
        """All of them: who has a place, and then what they write, thread by thread side by side."""
        for number in range(self._size.people):
            stream = enrollment_stream(person_of(number), run_of(number % self._size.runs))
            for kind, fields in self._place(number):
                yield self._row(stream, kind, person_of(number), **fields)
        for number, posts in self._size.threads():
            yield from self._thread(number, posts)

    def _place(self, number: int) -> Iterator[tuple[type[Aggregate.Event], dict[str, Any]]]:
        run_id = run_of(number % self._size.runs)
        wanted = {"learner_id": person_of(number), "run_id": run_id, "mode": "free", "source": SOURCE}
        yield Enrollment.Requested, wanted
        yield Enrollment.Activated, {"access_from": None, "access_until": None, "entitlement_id": None}

    def _thread(self, number: int, posts: int) -> Iterator[Row]:
        size, chance = self._size, self._chance
        run, thread_id = number % size.runs, thread_of(number)
        authors = [chance.randrange(size.people // size.runs) * size.runs + run for _ in range(min(posts, 200))]
        fields = {"run_id": run_of(run), "topic_id": FIRST_TOPIC, "unit_id": None, "kind": "question"}
        yield self._row(thread_stream(thread_id), Thread.Created, person_of(authors[0]), **fields)
        for post_no in range(1, posts + 1):
            author = authors[post_no % len(authors)]
            yield from self._post(run, thread_id, post_no, author)
        if is_solved(number, posts):
            learner_id = person_of(authors[2 % len(authors)])
            answer = {"old_post_no": None, "new_post_no": 2, "learner_id": learner_id, "by_staff": False}
            yield self._row(thread_stream(thread_id), Thread.AnswerAccepted, person_of(authors[0]), **answer)

    def _post(self, run: int, thread_id: str, post_no: int, author: int) -> Iterator[Row]:
        person, is_first = person_of(author), post_no == 1
        fields: dict[str, Any] = {
            **({} if is_first else {"parent_no": 1, "depth": 1}),
            "run_id": run_of(run),
            "learner_id": person,
            "by_staff": False,
            "anonymous": self._chance.random() < ANONYMOUS,
        }
        yield self._row(post_stream(thread_id, post_no), Post.Opened if is_first else Post.Replied, person, **fields)
        stream = writing_stream(person, thread_id, post_no)
        key, text = PersonKey(self._keys[author], stream), self._texts.text(WORDS_OF_TEXT)
        title = key.seal(1, "title", self._texts.text(WORDS_OF_TITLE)) if is_first else ""
        yield self._row(stream, Writing.Written, person, title=title, text=key.seal(1, "text", text))

    def _row(self, stream: str, event: type[Aggregate.Event], actor: str, **fields: Any) -> Row:
        name, schema_version, data = _stored(event, **fields)
        self._position += 1
        version = 2 if event in SECOND else 1
        at = START + timedelta(seconds=self._position * 5)
        meta = _encode_meta(Meta(str(uuid_utils.uuid7()), actor, SOURCE))
        return self._position, stream, version, name, schema_version, partition_of(stream), data, meta, at, at


def _stored(cls: type[Aggregate.Event], **fields: Any) -> tuple[str, int, bytes]:
    """Name, version and stored fields of a fact."""
    event = cls(originator_id="", originator_version=1, timestamp=EPOCH, **fields)  # type: ignore[call-arg]
    return event.TOPIC, version_of(cls), encode_data(event)  # type: ignore[attr-defined]
