"""
Posts of the forum that were found, as one reader sees them: opened, with the words marked that were looked for.

Who may read what is decided where posts are found (adapters/postgres/forum_search/finding.py); whose name is shown, as
in the forum itself (adapters/forum.py).
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

import msgspec

from adapters.forum import AUTHOR, ForumAuthor, Opener, author_for
from adapters.forum_people import ForumPerson, mentioned
from adapters.marked_texts import MarkedPart, Marks
from adapters.personal.keys import PersonKeys
from adapters.postgres.forum_search.finding import SOLVED, UNSOLVED, Finder, Hit, Hits, Narrowed, indexed
from adapters.postgres.forum_search.found_rows import FoundRow, found_rows, names_of
from adapters.postgres.forum_search.index import PURPOSE
from adapters.postgres.forum_search.terms import Term, terms_of, typed
from adapters.postgres.forum_search.tokens import Tokens
from adapters.postgres.queries.forum import ForumReader
from adapters.postgres.queries.forum_of_person import RunsReader
from adapters.postgres.queries.reader import Reader
from domain.forum import MENTION, OPENING, QUOTE, ThreadKind, writing_stream
from domain.personal import ERASED
from domain.user import user_stream
from domain.words import closed

MOST_CHOICES = 20  # of a facet

Matched = Literal["all", "alike"]
"""Posts have all words, or words like them."""


class FoundPost(msgspec.Struct, kw_only=True):
    """
    A post that was found.

    Attributes:
        title: that of its thread; empty where it is erased.
        excerpt: of its text, as it is typed less its marks, around the first word that was looked for.
        accepted: whether it is the accepted answer.
        staff: whether the reader is one of the staff of the run.
    """

    run_id: str
    staff: bool
    thread_id: str
    post_no: int
    kind: Annotated[str, closed(ThreadKind)]
    unit_id: str | None
    solved: bool
    accepted: bool
    title: list[MarkedPart]
    excerpt: list[MarkedPart]
    author: ForumAuthor
    posted_at: datetime


class PostChoice(msgspec.Struct, kw_only=True):
    """By what the posts can be narrowed, and how many stay then; *name* is that of an author who has given one."""

    value: str
    posts: int
    name: str | None = None


class PostFacets(msgspec.Struct, kw_only=True):
    """The choices of each facet, the most frequent first; authors that the reader may not know are in none."""

    run: list[PostChoice]
    unit: list[PostChoice]
    kind: list[PostChoice]
    state: list[PostChoice]
    author: list[PostChoice]


class PostsFound(msgspec.Struct, kw_only=True):
    """
    Posts that have what was asked for, the best first and then the latest.

    Attributes:
        total: of all pages; the facets count these.
        has_more: whether there are more, older ones, of which none is on any page.
        matched: `alike` where no post has all words, and words that look like them stand for these.
        alike: by word that was typed, those of the page that stand for it.
    """

    total: int
    has_more: bool
    matched: Matched
    alike: dict[str, list[str]]
    facets: PostFacets
    items: list[FoundPost]


EXAMPLE = PostsFound(
    total=1,
    has_more=False,
    matched="alike",
    alike={"sevem": ["seven"]},
    facets=PostFacets(
        run=[PostChoice(value="algebra-2026", posts=1)],
        unit=[PostChoice(value="q1", posts=1)],
        kind=[PostChoice(value="question", posts=1)],
        state=[PostChoice(value="solved", posts=1)],
        author=[PostChoice(value="28400", posts=1, name="Ada Lovelace")],
    ),
    items=[
        FoundPost(
            run_id="algebra-2026",
            staff=False,
            thread_id="0d9c7f0a1b27c3d8e4f5a6b7c8d9e0f1",
            post_no=2,
            kind="question",
            unit_id="q1",
            solved=True,
            accepted=True,
            title=[MarkedPart(text="Why is 6 x 7 not 36?", hit=False)],
            excerpt=[
                MarkedPart(text="Count ", hit=False),
                MarkedPart(text="seven", hit=True),
                MarkedPart(text=" rows of six.", hit=False),
            ],
            author=AUTHOR,
            posted_at=datetime(2026, 2, 14, 18, tzinfo=UTC),
        )
    ],
)


class FoundPage(NamedTuple):
    """A page of what was found, what follows it, and the position for which it is true."""

    found: PostsFound
    next: tuple[int, int] | None
    position: int


class ForumSearches:
    """Searches in the forum for one process."""

    def __init__(self, reader: Reader, keys: PersonKeys) -> None:
        self._reader = reader
        self._keys = keys

    async def search(self, text: str, narrowed: Narrowed, after: Sequence[int] | None, limit: int) -> FoundPage:
        """
        Up to *limit* posts that have the words of *text*; without words all that *narrowed* leaves.

        Args:
            after: rank and position of the last post of the page before.

        Raises:
            AccountsClosed: there is no master key, so there is no index.
        """
        tokens, words = Tokens(await self._keys.of_campus(PURPOSE)), typed(text)
        if not words and text.strip():
            return FoundPage(_nothing(), None, await indexed(self._reader))
        terms = await terms_of(self._reader, tokens, words, alike=False)
        hits, matched = await self._hits(tokens, narrowed, terms), "all"
        if not hits.found and words:
            terms = await terms_of(self._reader, tokens, words, alike=True)
            hits, matched = await self._hits(tokens, narrowed, terms), "alike"
        ranked = sorted(hits.found, key=lambda hit: (-hit.rank, -hit.position))
        rest = [hit for hit in ranked if after is None or (-hit.rank, -hit.position) > (-after[0], -after[1])]
        page, more = rest[:limit], len(rest) > limit
        items, alike = await self._shown(page, terms, narrowed)
        found = PostsFound(
            total=len(ranked),
            has_more=hits.has_more,
            matched="all" if matched == "all" else "alike",
            alike=alike,
            facets=await self._facets(ranked),
            items=items,
        )
        return FoundPage(found, (page[-1].rank, page[-1].position) if more else None, hits.position)

    async def _hits(self, tokens: Tokens, narrowed: Narrowed, terms: Sequence[Term]) -> Hits:
        choices = [term.choices(tokens) for term in terms]
        exact = [tokens.word(term.word) for term in terms]
        return await Finder(self._reader, tokens, narrowed, choices, exact).find()

    async def _shown(
        self, hits: Sequence[Hit], terms: Sequence[Term], narrowed: Narrowed
    ) -> tuple[list[FoundPost], dict[str, list[str]]]:
        """The posts, and by word that was typed the words like it that are in them."""
        rows = await found_rows(self._reader, [(hit.thread_id, hit.post_no) for hit in hits])
        streams = {stream for row in rows.values() for stream in _streams(row)}
        opener = Opener(await self._keys.reading_all(streams))
        marks = Marks(word for term in terms for word in (term.word, *term.longer, *term.alike))
        found = [(hit, rows[hit.thread_id, hit.post_no]) for hit in hits if (hit.thread_id, hit.post_no) in rows]

        texts = await asyncio.to_thread(lambda: [_texts_of(row, opener) for _hit, row in found])
        people = await mentioned(self._reader, self._keys, [text for _title, text in texts])

        authors = [_author(hit, row, opener, narrowed.reader) for hit, row in found]

        def shown() -> list[FoundPost]:
            parts = [(marks.parts_of(title), marks.around_hit(with_names(text, people))) for title, text in texts]
            return [
                FoundPost(
                    **{name: getattr(hit, name) for name in ("run_id", "thread_id", "post_no", "kind", "unit_id")},
                    staff=narrowed.reader.is_staff(hit.run_id),
                    solved=hit.is_solved,
                    accepted=row.accepted,
                    title=title,
                    excerpt=text,
                    author=author,
                    posted_at=row.posted_at,
                )
                for (hit, row), (title, text), author in zip(found, parts, authors, strict=True)
            ]

        posts = await asyncio.to_thread(shown)
        alike = {term.word: [word for word in term.alike if word in marks.seen] for term in terms}
        return posts, {word: near for word, near in alike.items() if near}

    async def _facets(self, hits: Sequence[Hit]) -> PostFacets:
        authors = _choices(hit.author for hit in hits)
        names = await names_of(self._reader, [choice.value for choice in authors])
        keys = await self._keys.reading_all({user_stream(learner_id) for learner_id in names})
        for choice in authors:
            if (sealed := names.get(choice.value)) is not None:
                choice.name = keys[user_stream(choice.value)].open(sealed)
        return PostFacets(
            run=_choices(hit.run_id for hit in hits),
            unit=_choices(hit.unit_id for hit in hits),
            kind=_choices(hit.kind for hit in hits),
            state=_choices(_state(hit) for hit in hits),
            author=authors,
        )


def _author(hit: Hit, row: FoundRow, opener: Opener, reader: RunsReader) -> ForumAuthor:
    return author_for(ForumReader(reader.learner_id, staff=reader.is_staff(hit.run_id)), row, opener)


def _texts_of(row: FoundRow, opener: Opener) -> tuple[str, str]:
    """The title of the thread, and the text of the post."""
    title = opener.text(row.title, row.opener_id, row.thread_id, OPENING)
    return _in_clear(title), _in_clear(opener.text(row.text, row.learner_id, row.thread_id, row.post_no))


def with_names(text: str, people: Mapping[str, ForumPerson]) -> str:
    """A text with the names of those whom it mentions, or with dots, which stand for what it quotes, too."""
    return MENTION.sub(lambda found: f"@{people[found[1]].name or '…'}", QUOTE.sub("…", text))


def _in_clear(text: str | None) -> str:
    """A text; nothing in the place of one that is erased."""
    return "" if text is None or text == ERASED else text


def _streams(row: FoundRow) -> Iterable[str]:
    yield writing_stream(row.learner_id, row.thread_id, row.post_no)
    yield writing_stream(row.opener_id, row.thread_id, OPENING)
    if row.name is not None:
        yield user_stream(row.learner_id)


def _state(hit: Hit) -> str | None:
    return SOLVED if hit.is_solved else UNSOLVED if hit.kind == ThreadKind.QUESTION else None


def _choices(values: Iterable[str | None]) -> list[PostChoice]:
    counted = Counter(value for value in values if value is not None)
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [PostChoice(value=value, posts=posts) for value, posts in ordered[:MOST_CHOICES]]


def _nothing() -> PostsFound:
    facets = PostFacets(run=[], unit=[], kind=[], state=[], author=[])
    return PostsFound(total=0, has_more=False, matched="all", alike={}, facets=facets, items=[])
