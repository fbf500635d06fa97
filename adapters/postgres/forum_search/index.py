"""
Writes the index by which posts of the forum are found: page by page of the log, with the keys of persons.

Reads     facts of posts and of their texts, of threads that are moved to another run, and of erasures; person_keys
Writes    forum_search, forum_words, forum_words_left, forum_search_state, by one process of a campus at a time
A page and how far the index is are one transaction. The same page once more changes nothing. What a person has written
leaves the index with the key of the person, by a trigger; the fact of the erasure takes out what was written meanwhile.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from adapters.personal.keys import PersonKeys
from adapters.postgres.connection import Connection
from adapters.postgres.forum_search.tokens import SHORTEST_BEGINNING, Tokens, distinct_words
from domain.fact import Fact
from domain.forum import MENTION, Post, Thread, Writing
from domain.personal import PersonalKey, is_sealed
from domain.user import User

VERSION = 1
"""Of the rules by which the index is made; with another one it is made again."""
PURPOSE = "forum_search"
"""Of the key of the campus that makes the tokens."""

POSTED = (Post.Opened.TOPIC, Post.Replied.TOPIC)
WRITTEN = (Writing.Written.TOPIC, Writing.Edited.TOPIC)
ERASED = User.KeyDestroyed.TOPIC
MOVED = Thread.RunChanged.TOPIC
TYPES = (*POSTED, *WRITTEN, MOVED, ERASED)

MOST_KNOWN = 200_000  # words that are known to be kept
CLEANED_AT_ONCE = 100  # words

STATE = "SELECT version, key_check, life, position FROM forum_search_state"
BEGIN = """
INSERT INTO forum_search_state (version, key_check, life, position) VALUES (%s, %s, %s, 0)
ON CONFLICT (one) DO UPDATE SET version = excluded.version, key_check = excluded.key_check, life = excluded.life,
    position = 0
"""
ADVANCE = "UPDATE forum_search_state SET position = %s"
CLEAR = ("DELETE FROM forum_search", "DELETE FROM forum_words", "DELETE FROM forum_words_left")
"""The last one also what the first one has noted."""
WRITE = """
INSERT INTO forum_search AS kept (thread_id, post_no, learner_id, position, text_position, places, words, titles)
VALUES (%s, %s, %s, %s, %s, %s::bigint[], %s::bigint[], %s::bigint[])
ON CONFLICT (thread_id, post_no) DO UPDATE SET
    position = greatest(kept.position, excluded.position),
    places = CASE WHEN excluded.position > kept.position THEN excluded.places ELSE kept.places END,
    text_position = greatest(kept.text_position, excluded.text_position),
    words = CASE WHEN excluded.text_position > kept.text_position THEN excluded.words ELSE kept.words END,
    titles = CASE WHEN excluded.text_position > kept.text_position THEN excluded.titles ELSE kept.titles END
"""
MOVE = """
UPDATE forum_search SET places = ARRAY(
    SELECT each FROM unnest(array_replace(places, %s::bigint, %s::bigint)) AS each ORDER BY each)
 WHERE thread_id = %s
"""
KEEP_WORD = """
INSERT INTO forum_words (token, sealed, near) VALUES (%s, %s, %s::bigint[]) ON CONFLICT DO NOTHING
"""
FORGET = "DELETE FROM forum_search WHERE learner_id = ANY(%s)"
DESTROYED = "SELECT learner_id FROM person_keys WHERE learner_id = ANY(%s) AND wrapped IS NULL"
LEFT = "SELECT token FROM forum_words_left LIMIT %s"
REMOVE_WORDS = """
DELETE FROM forum_words WHERE token IN (
    SELECT asked FROM unnest(%s::bigint[]) AS asked
     WHERE NOT EXISTS (SELECT FROM forum_search WHERE words @> ARRAY[asked])) RETURNING token
"""
LOOKED_AT = "DELETE FROM forum_words_left WHERE token = ANY(%s)"


class Entry:
    """What a page of the log says about one post: where it is, what is in it, or both."""

    __slots__ = ("learner_id", "places", "position", "said", "text_position", "titles", "words")

    def __init__(self, learner_id: str) -> None:
        self.learner_id = learner_id
        self.position = self.text_position = 0
        self.places: list[int] = []
        self.words: list[int] = []
        self.titles: list[int] = []
        self.said: set[str] = set()  # the words themselves, which are in no row


class State(NamedTuple):
    """How an index was made, and how far it is."""

    version: int
    key_check: int
    life: str
    position: int


class ForumIndex:
    """The index, for the one process that writes it; *connection* is for nothing else meanwhile."""

    def __init__(self, connection: Connection, keys: PersonKeys, tokens: Tokens) -> None:
        self._connection = connection
        self._keys = keys
        self._tokens = tokens
        self._known: set[int] = set()

    async def position(self, life: str, head: int) -> int:
        """How far it is; one that was made by other rules, with another key, or of another log is emptied."""
        wanted = State(VERSION, self._tokens.check, life, 0)
        row = await (await self._connection.execute(STATE)).fetchone()
        found = None if row is None else State(*row)
        if found is not None and found._replace(position=0) == wanted and found.position <= head:
            return found.position
        async with self._connection.transaction():
            for statement in CLEAR:
                await self._connection.execute(statement.encode())
            await self._connection.execute(BEGIN, wanted[:3])
        self._known.clear()
        return 0

    async def take(self, facts: Sequence[Fact], until: int) -> None:
        """Index the facts of a page, of which *until* is the last position."""
        entries = await self._entries(facts)
        erased = [fact.id("learner_id") for fact in facts if fact.type == ERASED]
        async with self._connection.transaction():
            if entries:
                await self._write(entries)
            for fact in facts:
                if fact.type == MOVED:
                    await self._move(fact)
            learners = sorted({entry.learner_id for entry in entries.values()})
            gone = [*erased, *await self._destroyed(learners)]  # meanwhile
            if gone:
                await self._connection.execute(FORGET, [gone])
            await self._connection.execute(ADVANCE, [until])

    async def clean(self) -> int:
        """Remove some of the words that no post has any more; how many were looked at."""
        rows = await (await self._connection.execute(LEFT, [CLEANED_AT_ONCE])).fetchall()
        tokens = [token for (token,) in rows]
        if tokens:
            async with self._connection.transaction():
                removed = await (await self._connection.execute(REMOVE_WORDS, [tokens])).fetchall()
                await self._connection.execute(LOOKED_AT, [tokens])
            self._known.difference_update(token for (token,) in removed)
        return len(tokens)

    async def _entries(self, facts: Sequence[Fact]) -> dict[tuple[str, int], Entry]:
        """What the facts say by post; nothing of persons who are erased."""
        posted = {fact.data["learner_id"] for fact in facts if fact.type in POSTED}
        written = {fact.id("learner_id") for fact in facts if fact.type in WRITTEN}
        erased = set(await self._destroyed(sorted(posted | written)))
        keys = await self._keys.reading_all({fact.stream_id for fact in facts if fact.type in WRITTEN})
        entries: dict[tuple[str, int], Entry] = {}
        for fact in facts:
            if fact.type in POSTED and fact.data["learner_id"] not in erased:
                entry = _entry(entries, fact, fact.data["learner_id"])
                entry.position, entry.places = fact.position, self._places(fact)
            elif fact.type in WRITTEN and fact.id("learner_id") not in erased:
                key = keys[fact.stream_id]
                said = [_opened(fact.data[name], key) for name in ("title", "text")]
                if None in said:
                    continue
                entry = _entry(entries, fact, fact.id("learner_id"))
                title, text = (distinct_words(MENTION.sub(" ", each or "")) for each in said)
                entry.text_position = fact.position
                entry.titles, entry.words = self._of(title), self._of([*title, *text])
                entry.said = {*title, *text}
        return entries

    async def _move(self, fact: Fact) -> None:
        """Let the posts of a thread be found in another run; those that were posted there are found there already."""
        runs = [self._tokens.run(fact.data[name]) for name in ("old_run_id", "new_run_id")]
        await self._connection.execute(MOVE, [*runs, fact.id("thread_id")])

    def _places(self, fact: Fact) -> list[int]:
        tokens, data = self._tokens, fact.data
        of_post = (tokens.run(data["run_id"]), tokens.author(data["learner_id"]))
        return sorted((*of_post, *tokens.spans(fact.position)))

    def _of(self, words: Iterable[str]) -> list[int]:
        return sorted({self._tokens.word(word) for word in words})

    async def _write(self, entries: dict[tuple[str, int], Entry]) -> None:
        new = self._new_words({word for entry in entries.values() for word in entry.said})
        async with self._connection.cursor() as cursor:
            if new:
                await cursor.executemany(KEEP_WORD, new)
            await cursor.executemany(WRITE, [row_of(place, entry) for place, entry in sorted(entries.items())])
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._known.update(token for token, _sealed, _near in new)

    def _new_words(self, words: Collection[str]) -> list[tuple[int, bytes, list[int]]]:
        return sorted(
            (token, self._tokens.seal(word), self._tokens.near(word))
            for word in words
            if len(word) > SHORTEST_BEGINNING and (token := self._tokens.word(word)) not in self._known
        )

    async def _destroyed(self, learners: Sequence[str]) -> list[str]:
        """Those of them whose key is destroyed."""
        if not learners:
            return []
        rows = await (await self._connection.execute(DESTROYED, [learners])).fetchall()
        return [str(learner_id) for (learner_id,) in rows]


def row_of(place: tuple[str, int], entry: Entry) -> tuple[object, ...]:
    """An entry as the columns of `forum_search`."""
    return (
        *place,
        entry.learner_id,
        entry.position,
        entry.text_position,
        entry.places,
        entry.words,
        entry.titles,
    )


def _entry(entries: dict[tuple[str, int], Entry], fact: Fact, learner_id: str) -> Entry:
    place = fact.id("thread_id"), int(fact.id("post_no"))
    if place not in entries:
        entries[place] = Entry(learner_id)
    return entries[place]


def _opened(words: str, key: PersonalKey) -> str | None:
    """Words as they were said; None if they do not open any more."""
    return key.open(words) if is_sealed(words) else words
