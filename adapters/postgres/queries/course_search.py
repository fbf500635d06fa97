"""
Search in the catalog: courses by words, with typing errors, ranked, and counted by what they can be narrowed to.

A word stands for all that begin with it, so that a course is found while the word is typed; one that no course has
stands for those that look like it. Where no course has all words, each stands for those that look like it, too; where
there is still none, one of the words is enough.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from adapters.postgres.connection import EXTENSIONS
from adapters.postgres.queries.json_answer import json_object
from adapters.postgres.queries.old_columns import with_columns
from adapters.postgres.queries.reader import CHECKPOINT, Reader, RowPage
from domain.catalog import PACINGS
from domain.kinds import Kind
from domain.words import Pacing
from projections.engine.words import tsquery, words_of

PACING_BITS = {pacing: 1 << number for number, pacing in enumerate(PACINGS)}
OPEN_BIT = 1 << len(PACINGS)
"""What the runs of a course offer, as bits of one number: PostgreSQL adds up and groups by that one faster."""

MOST_WORDS = 16  # of a query; more of them narrow nothing
MOST_ALIKE = 5  # words that stand for one
FEW = 2_000  # courses whose runs are looked for one by one
TYPED_RIGHT = 3  # letters of the longest word that has no typing errors

Matched = Literal["all", "alike", "any"]
"""Courses have all words, or words like them, or one of them at least."""
Registration = Literal["open", "closed"]


class FoundCourse(msgspec.Struct, kw_only=True):
    """A course; `pacings` are those of its runs that are not closed, `kinds` those of its units."""

    course_id: str
    title: str
    summary: str
    language: str
    kinds: list[Kind]
    pacings: list[Pacing]
    registration: Registration


class Choice(msgspec.Struct, kw_only=True):
    """By what the courses can be narrowed, and how many stay then."""

    value: str
    courses: int


class Facets(msgspec.Struct, kw_only=True):
    """The choices of each facet, the most frequent first; those of one count what the other facets have left."""

    language: list[Choice]
    kind: list[Choice]
    pacing: list[Choice]
    registration: list[Choice]


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for in each facet; None: anything."""

    language: str | None = None
    kind: str | None = None
    pacing: str | None = None
    registration: str | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page of courses, of `total` in all; `alike` has, by word, the words that stand for it."""

    page: RowPage
    total: int
    facets: Facets
    matched: Matched
    alike: dict[str, list[str]]

    @property
    def position(self) -> int:
        """The position for which it is true."""
        return self.page.position


class _Term(NamedTuple):
    """A word of a query: what may stand for it, of which some are *alike*."""

    word: str
    choices: list[str]
    alike: list[str]


class _Answer(NamedTuple):
    found: Found
    has_words: bool  # whether a course has them, however the search is narrowed


class _Group(NamedTuple):
    """Courses that are the same in every facet."""

    language: str
    kind_list: str
    offers: int
    courses: int

    def values(self) -> dict[str, Sequence[str]]:
        """By facet, where they are counted."""
        return {
            "language": [self.language],
            "kind": self.kind_list.split(),
            "pacing": [pacing for pacing, bit in PACING_BITS.items() if self.offers & bit],
            "registration": ["open" if self.offers & OPEN_BIT else "closed"],
        }


# A word that begins as what was typed, or else those that are at most so many edits away from it, or begin so.
ALIKE = f"""
SELECT asked.word, alike FROM unnest(%(words)s::text[]) AS asked (word)
 CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM catalog_words AS w
     WHERE w.word >= asked.word COLLATE "C" AND w.word < asked.word || U&'\\+10FFFF' COLLATE "C") AS known) AS looked
 CROSS JOIN LATERAL (SELECT coalesce(json_agg(word), '[]') AS alike FROM (
    SELECT word FROM (
        SELECT w.word, {EXTENSIONS}.similarity(w.word, asked.word) AS alikeness,
               least({EXTENSIONS}.levenshtein(w.word, asked.word),
                     {EXTENSIONS}.levenshtein(left(w.word, length(asked.word)), asked.word)) AS edits
          FROM catalog_words AS w
         WHERE w.word OPERATOR({EXTENSIONS}.%%) asked.word AND length(asked.word) > {TYPED_RIGHT}
           AND (%(every)s OR NOT known)) AS near
     WHERE edits <= CASE WHEN length(asked.word) < 6 THEN 1 ELSE 2 END
     ORDER BY edits, alikeness DESC, word LIMIT {MOST_ALIKE}) AS nearest) AS found
"""
OPEN = """status = 'open' AND %(now)s < ends_at AND (registration_opens_at IS NULL OR registration_opens_at <= %(now)s)
       AND (registration_closes_at IS NULL OR %(now)s < registration_closes_at)"""
_OF_RUN = " ".join(f"WHEN '{pacing}' THEN {bit}" for pacing, bit in PACING_BITS.items())
_PACINGS = ", ".join(f"CASE WHEN offers & {bit} > 0 THEN '{pacing}' END" for pacing, bit in PACING_BITS.items())
_IS_OPEN = f"offers & {OPEN_BIT} > 0"
ENTRY = json_object(
    FoundCourse,
    pacings=f"array_remove(ARRAY[{_PACINGS}], NULL)",
    registration=f"CASE WHEN {_IS_OPEN} THEN 'open' ELSE 'closed' END",
)

# First all courses that have the words, then how many there are of each sort, then a page of those that were asked for.
# What the runs of many courses offer is added up for all courses: to look for the runs of each one takes longer then.
_SEARCHED = with_columns(
    "SELECT course_id, language, kind_list, heading, words FROM catalog_search", "searched", kind_list="''"
)
_OFFERS = f"bit_or(CASE pacing {_OF_RUN} ELSE 0 END | CASE WHEN {OPEN} THEN {OPEN_BIT} ELSE 0 END)"
_OF_ALL = f"""LEFT JOIN (
    SELECT course_id, {_OFFERS} AS offers FROM catalog_runs WHERE status <> 'closed' GROUP BY course_id) AS offered
    USING (course_id)"""
_OF_EACH = f"""(SELECT {_OFFERS} FROM catalog_runs AS run
    WHERE run.course_id = with_words.course_id AND status <> 'closed')"""
ALL_COURSES = f"""
found AS MATERIALIZED (
    SELECT course_id, language, kind_list, 0::bigint AS score, coalesce(offers, 0) AS offers
      FROM {_SEARCHED} {_OF_ALL})"""
WITH_WORDS = f"""
with_words AS MATERIALIZED (
    SELECT course_id, language, kind_list, {{score}} AS score FROM {_SEARCHED} WHERE words @@ %(wanted)s::tsquery),
counted AS MATERIALIZED (SELECT count(*) > {FEW} AS are_many FROM with_words),
found AS MATERIALIZED (
    SELECT with_words.*, coalesce(offers, 0) AS offers FROM with_words {_OF_ALL} WHERE (SELECT are_many FROM counted)
    UNION ALL
    SELECT with_words.*, coalesce({_OF_EACH}, 0) FROM with_words WHERE NOT (SELECT are_many FROM counted))"""
SEARCH = f"""
WITH {{found}},
page AS (
    SELECT score, course_id, {ENTRY}::text AS body
      FROM (SELECT * FROM found WHERE {{narrowed}}{{after}} ORDER BY score DESC, course_id LIMIT %(limit)s) AS ranked
      JOIN (SELECT course_id, title, summary FROM catalog_courses) AS course USING (course_id)
      JOIN (SELECT course_id, kinds FROM catalog_search) AS searched USING (course_id))
SELECT {CHECKPOINT.format("catalog")},
       (SELECT json_agg(json_build_array(language, kind_list, offers, courses)) FROM (
            SELECT language, kind_list, offers, count(*) AS courses FROM found GROUP BY 1, 2, 3) AS sorts),
       page.score, page.course_id, page.body
  FROM (SELECT) AS once LEFT JOIN page ON true ORDER BY page.score DESC, page.course_id
"""
AFTER = " AND (score < %(score)s OR (score = %(score)s AND course_id > %(course_id)s))"
CONDITIONS = {
    "language": "language = %(language)s",
    "kind": "strpos(kind_list, ' ' || %(kind)s || ' ') > 0",
    "pacing": f"offers & (CASE %(pacing)s::text {_OF_RUN} ELSE 0 END) > 0",
    "registration": f"({_IS_OPEN}) = (%(registration)s = 'open')",
}
RANK = "(1e6 * (ts_rank(heading, %(near)s::tsquery, 1) + ts_rank(heading, %(exact)s::tsquery, 1)))::bigint"
"""Words in the title count, those that are typed to their end twice, and in a short title more."""
RANK_OF_ANY = "(1e6 * (ts_rank(heading, %(near)s::tsquery, 1) + ts_rank(words, %(near)s::tsquery)))::bigint"


async def search(
    reader: Reader, text: str, narrowed: Narrowed, now: datetime, *, after: Sequence[Any] | None = None, limit: int
) -> Found:
    """
    Up to *limit* courses that have the words of *text*, the best first; without words all of them.

    Args:
        now: the time at which registration is open or not.
        after: the score and the id of the last course of the page before.
    """
    words = list(dict.fromkeys(words_of(text)))[:MOST_WORDS]
    asked = {**msgspec.structs.asdict(narrowed), "now": now, "limit": limit}
    asked |= {"score": None, "course_id": None} if after is None else {"score": after[0], "course_id": after[1]}
    if not words:
        return (await _find(reader, asked, [], "all")).found
    terms = await _terms(reader, words, every=False)
    answers = [await _find(reader, asked, terms, "all")]
    if not answers[-1].has_words:
        answers.append(await _find(reader, asked, await _terms(reader, words, every=True), "alike"))
    if not answers[-1].has_words and len(words) > 1:
        answers.append(await _find(reader, asked, terms, "any"))
    found = answers[-1].found  # it rests on the first look as well, which may have seen less
    oldest = min(each.found.position for each in answers)
    return msgspec.structs.replace(found, page=found.page._replace(position=oldest))


async def _terms(reader: Reader, words: Sequence[str], *, every: bool) -> list[_Term]:
    """What stands for each word: *every* one has words that are like it, else those that no course has."""
    alike = dict(await reader.rows(ALIKE, {"words": list(words), "every": every}))
    last = words[-1]
    return [
        _Term(word, [f"{word}*" if len(word) > 1 or word is last else word, *alike[word]], alike[word])
        for word in words
    ]


async def _find(reader: Reader, asked: Mapping[str, Any], terms: Sequence[_Term], matched: Matched) -> _Answer:
    query = SEARCH.format(
        found=WITH_WORDS.format(score=RANK_OF_ANY if matched == "any" else RANK) if terms else ALL_COURSES,
        narrowed=" AND ".join(["true", *(CONDITIONS[name] for name in CONDITIONS if asked[name] is not None)]),
        after="" if asked["score"] is None else AFTER,
    )
    choices = [term.choices for term in terms]
    words = {
        "wanted": tsquery(choices, every=matched != "any"),
        "near": tsquery(choices, every=False),
        "exact": tsquery([[term.word, *term.alike] for term in terms], every=False),
    }
    rows = await reader.rows(query, {**asked, **words})
    groups = [_Group(*group) for group in rows[0][1] or ()]
    page = RowPage([row[2:] for row in rows if row[-1] is not None], rows[0][0] or 0)
    facets, total = _counted(groups, {name: asked[name] for name in CONDITIONS})
    alike = {term.word: term.alike for term in terms if term.alike}
    return _Answer(Found(page=page, total=total, facets=facets, matched=matched, alike=alike), bool(groups))


def _counted(groups: Sequence[_Group], narrowed: Mapping[str, str | None]) -> tuple[Facets, int]:
    """How many courses each choice of a facet leaves, whatever was chosen in it; and how many stay by all choices."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in narrowed}
    total = 0
    for group in groups:
        values = group.values()
        excluding = [name for name, value in narrowed.items() if value is not None and value not in values[name]]
        total += group.courses if not excluding else 0
        for name, counter in counts.items():
            if all(each == name for each in excluding):
                counter.update(dict.fromkeys(values[name], group.courses))
    return Facets(**{name: _choices(counter) for name, counter in counts.items()}), total


def _choices(counter: Counter[str]) -> list[Choice]:
    ordered = sorted(counter.items(), key=lambda each: (-each[1], each[0]))
    return [Choice(value=value, courses=courses) for value, courses in ordered]
