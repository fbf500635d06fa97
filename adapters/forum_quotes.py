"""
Quotes as one reader sees them: a part of what another post has said, as long as that reader may read it there.

No quote shows what its post does not: words that are erased, removed or changed since are gone from quotes, too.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from adapters.personal.keys import PersonKeys
from adapters.personal.opening import with_words
from domain.fact import Fact
from domain.forum import MENTION, MOST_QUOTES, QUOTE, Quote, quotes_in, words_of

Gone = Literal["removed", "changed", "erased", "unknown"]
History = Callable[[str], Awaitable[Sequence[Fact]]]
"""The facts of a stream."""


async def without_history(_: str) -> Sequence[Fact]:
    """For who shows no quotes."""
    return ()


class QuotedWords(msgspec.Struct, kw_only=True):
    """
    What a line `>[#3.0 12-80]` of a text stands for.

    Attributes:
        mark: that line.
        post_no: the post that has said it.
        words: Markdown; null where they are gone.
        gone: why, if they are: the post is removed, has been changed since and says this no longer, is erased, or is
            none of the thread.
    """

    mark: str
    post_no: int
    words: str | None
    gone: Annotated[Gone | None, msgspec.Meta(description="Why there are no words; null where there are.")]


EXAMPLE = QuotedWords(mark=">[#1.0 0-20]", post_no=1, words="I count **six** rows", gone=None)


class Said(msgspec.Struct, frozen=True):
    """
    A post that is quoted, as its reader may read it.

    Attributes:
        stream: of its texts.
        text: what it says now; None where it is erased.
        shown: whether the reader may read it.
        all_versions: whether the reader may read what it has said before: its author, and the staff.
    """

    stream: str
    edits: int
    text: str | None
    shown: bool
    all_versions: bool


def wanted(texts: Sequence[str | None]) -> list[int]:
    """The posts that some texts quote."""
    return sorted({each.post_no for text in texts if text for each in quotes_in(text)[:MOST_QUOTES]})


async def quoted(
    texts: Sequence[str | None], said: Mapping[int, Said], history: History, keys: PersonKeys
) -> list[list[QuotedWords]]:
    """What each of some texts quotes."""
    quotes = [quotes_in(text or "")[:MOST_QUOTES] for text in texts]
    changed = {
        said[each.post_no].stream
        for of_text in quotes
        for each in of_text
        if each.post_no in said and each.edits < said[each.post_no].edits
    }
    before = {stream: await _versions(stream, history, keys) for stream in sorted(changed)}
    return [[_shown(each, said.get(each.post_no), before) for each in of_text] for of_text in quotes]


async def _versions(stream: str, history: History, keys: PersonKeys) -> list[str]:
    facts = await with_words(keys, await history(stream))
    return [fact.data["text"] for fact in facts if "text" in fact.data]


def _shown(quote: Quote, post: Said | None, before: Mapping[str, Sequence[str]]) -> QuotedWords:
    words, gone = _words(quote, post, before)
    return QuotedWords(mark=quote.mark, post_no=quote.post_no, words=words, gone=gone)


def _words(quote: Quote, post: Said | None, before: Mapping[str, Sequence[str]]) -> tuple[str | None, Gone | None]:
    if post is None or quote.edits > post.edits:
        return None, "unknown"
    if not post.shown:
        return None, "removed"
    if post.text is None:
        return None, "erased"
    versions = [post.text] if quote.edits == post.edits else before[post.stream][quote.edits : quote.edits + 1]
    words = "".join(versions)[quote.start : quote.end]
    if not words:
        return None, "unknown"
    if quote.edits != post.edits and not post.all_versions and words_of(words) not in words_of(post.text):
        return None, "changed"
    return QUOTE.sub("…", words), None


def mentioned_too(quotes: Sequence[QuotedWords]) -> str:
    """The mentions within quoted words, as a text that has no other word."""
    return " ".join(found[0] for each in quotes for found in MENTION.finditer(each.words or ""))
