"""What a text quotes of other posts of its thread: a reference to their words, and no copy."""

from collections.abc import Iterable

from commands.log import Log
from domain.forum import (
    MOST_QUOTES,
    Post,
    Quotable,
    Writing,
    has_lines_of_others,
    post_stream,
    with_quotes,
    writing_stream,
)
from domain.personal import is_sealed


async def quoting(log: Log, thread_id: str, text: str, numbers: Iterable[int]) -> str:
    """
    The text with references in the place of lines after `>` that posts of these numbers say.

    Lines that none of them says stay the author's own. Posts that are removed or erased are not looked into.

    Raises:
        TooManyQuotes: it quotes too often.
    """
    wanted = list(dict.fromkeys(numbers))[: MOST_QUOTES + 1] if has_lines_of_others(text) else []
    found = [await _quotable(log, thread_id, number) for number in wanted]
    return with_quotes(text, [each for each in found if each is not None])


async def _quotable(log: Log, thread_id: str, post_no: int) -> Quotable | None:
    post = await log.read(Post, post_stream(thread_id, post_no))
    if not post.exists or post.removed is not None:
        return None
    stream = writing_stream(post.author, thread_id, post_no)
    writing = await log.read(Writing, stream)
    text: str | None = writing.text
    if is_sealed(writing.text):
        key = await log.words_key(stream)
        text = None if key is None else key.open(writing.text)
    return None if text is None else Quotable(post_no, writing.edits, text)
