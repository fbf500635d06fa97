"""
Finds posts of the forum by tokens, with their threads: those that a reader may see, the latest first.

Of a word that many posts have, only the latest are looked at: the log is searched in spans, from its end, each eight
times as long as the one before. So an answer costs the same however many posts there are.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from adapters.postgres.forum_search.tokens import FIRST_SPAN, STEP, Tokens
from adapters.postgres.queries.forum_of_person import IS_STAFF, SEEN, RunsReader
from adapters.postgres.queries.reader import CHECKPOINT, Reader
from domain.forum import ThreadKind

ENOUGH = 400  # posts, the latest, that are ranked and counted
AT_ONCE = 4_000  # posts with the words of which ENOUGH are looked for in one statement

SOLVED, UNSOLVED = "solved", "unsolved"


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """
    Where posts are looked for; None: anywhere.

    Attributes:
        reader: who looks, and in which runs.
        since, before: when they were posted.
    """

    reader: RunsReader
    unit_id: str | None = None
    kind: str | None = None
    state: str | None = None
    author: str | None = None
    since: datetime | None = None
    before: datetime | None = None


class Hit(NamedTuple):
    """
    A post that was found.

    Attributes:
        rank: 3 with all words as they were typed in its title, 2 in its title in part, 1 in its text, else 0.
        author: null where the reader may not know it.
    """

    thread_id: str
    post_no: int
    position: int
    rank: int
    run_id: str
    unit_id: str | None
    kind: str
    is_solved: bool
    author: str | None


class Hits(NamedTuple):
    """What was found, whether there is more that was not looked at, and the position for which that is true."""

    found: list[Hit]
    has_more: bool
    position: int


POSITION = "SELECT position FROM forum_search_state"
_SEES = f"({IS_STAFF} OR post.learner_id = %(me)s)"
_CONDITIONS = {
    "unit_id": "thread.unit_id = %(unit_id)s",
    "kind": "thread.kind = %(kind)s",
    "author": f"post.learner_id = %(author)s AND (NOT post.anonymous OR {_SEES})",
    "since": "post.posted_at >= %(since)s",
    "before": "post.posted_at < %(before)s",
}
_STATES = {
    SOLVED: "thread.accepted_no IS NOT NULL",
    UNSOLVED: f"thread.kind = '{ThreadKind.QUESTION.value}' AND thread.accepted_no IS NULL",
}
# All that match are planned for, and some of them read: planned for some, a rare word would be looked for in all rows.
# What is read of threads and posts is read one by one, from the latest on, until there is enough.
FOUND = f"""
WITH matching AS MATERIALIZED (
    SELECT thread_id, post_no, position,
           CASE WHEN titles @> %(exact)s::bigint[] THEN 3 WHEN titles && %(exact)s::bigint[] THEN 2
                WHEN words @> %(exact)s::bigint[] THEN 1 ELSE 0 END AS rank
      FROM forum_search WHERE {{tokens}} AND position <= %(until)s),
found AS MATERIALIZED (SELECT * FROM matching LIMIT {AT_ONCE + 1}),
counted AS MATERIALIZED (SELECT count(*) AS posts FROM found)
SELECT {CHECKPOINT.format("forum")}, counted.posts, hit.* FROM counted LEFT JOIN LATERAL (
    SELECT latest.thread_id, latest.post_no, latest.position, latest.rank, thread.run_id, thread.unit_id, thread.kind,
           thread.accepted_no IS NOT NULL, CASE WHEN NOT post.anonymous OR {_SEES} THEN post.learner_id END
      FROM (SELECT * FROM found WHERE %(whole)s OR counted.posts <= {AT_ONCE} ORDER BY position DESC OFFSET 0) AS latest
     CROSS JOIN LATERAL (SELECT learner_id, anonymous, removed, posted_at FROM forum_posts AS p
                          WHERE p.thread_id = latest.thread_id AND p.post_no = latest.post_no OFFSET 0) AS post
     CROSS JOIN LATERAL (SELECT * FROM forum_threads AS t WHERE t.thread_id = latest.thread_id OFFSET 0) AS thread
     WHERE {{narrowed}} AND (post.removed IS NULL OR {_SEES}) AND {SEEN}
     ORDER BY latest.position DESC LIMIT {ENOUGH + 1}) AS hit ON true
"""


async def indexed(reader: Reader) -> int:
    """How far the index is."""
    rows = await reader.rows(POSITION, {})
    return int(rows[0][0]) if rows else 0


class Finder:
    """Looks for posts with some words; *choices* has for each word the tokens of what may stand for it."""

    def __init__(
        self, reader: Reader, tokens: Tokens, narrowed: Narrowed, choices: Sequence[Sequence[int]], exact: Sequence[int]
    ) -> None:
        self._reader = reader
        self._tokens = tokens
        self._narrowed = narrowed
        self._words = {f"word{number}": list(each) for number, each in enumerate(choices)}
        self._places = self._places_of(narrowed)
        self._parameters = {
            **{name: getattr(narrowed, name) for name in ("unit_id", "kind", "author", "since", "before")},
            **narrowed.reader.parameters,
            "exact": list(exact),
        }

    async def find(self) -> Hits:
        """The latest posts."""
        end = await indexed(self._reader)
        hits, looked_at, position = await self._look(None, end, whole=False)
        if looked_at <= AT_ONCE:
            return Hits(hits[:ENOUGH], len(hits) > ENOUGH, min(position, end))
        found: list[Hit] = []
        has_more, last, length = False, end >> FIRST_SPAN, 1
        while last >= 0 and len(found) <= ENOUGH:
            first = max(0, last - length + 1)
            hits, looked_at, seen = await self._look(self._tokens.range(first, last), end, whole=True)
            found, position, has_more = found + hits, min(position, seen), has_more or looked_at > AT_ONCE
            last, length = first - 1, length << STEP
        return Hits(found[:ENOUGH], has_more or len(found) > ENOUGH, min(position, end))

    async def _look(self, spans: Sequence[int] | None, until: int, *, whole: bool) -> tuple[list[Hit], int, int]:
        """Hits within some spans; how many posts had the words, and the position of the read model."""
        places = {**self._places, **({} if spans is None else {"spans": list(spans)})}
        tokens = [f"places && %({name})s::bigint[]" for name in places]
        tokens += [f"words && %({name})s::bigint[]" for name in self._words]
        query = FOUND.format(tokens=" AND ".join(tokens) or "true", narrowed=self._condition())
        parameters = {**self._parameters, **self._words, **places, "until": until, "whole": whole}
        rows = await self._reader.rows(query, parameters)
        return [Hit(*row[2:]) for row in rows if row[2] is not None], rows[0][1], rows[0][0] or 0

    def _places_of(self, narrowed: Narrowed) -> dict[str, list[int]]:
        places = {}
        if (runs := narrowed.reader.runs) is not None:
            places["run_tokens"] = [self._tokens.run(run_id) for run_id in runs]
        if narrowed.author is not None:
            places["author_tokens"] = [self._tokens.author(narrowed.author)]
        return places

    def _condition(self) -> str:
        asked = self._narrowed
        chosen = [sql for name, sql in _CONDITIONS.items() if getattr(asked, name) is not None]
        chosen += [] if asked.reader.runs is None else ["thread.run_id = ANY(%(runs)s)"]
        return " AND ".join([*chosen, _STATES.get(asked.state or "", "true")])
