"""What threads of forums are called, for those who hear of them outside of the forum."""

from collections.abc import Sequence
from typing import NamedTuple

from adapters.forum import Opener
from adapters.personal.keys import PersonKeys
from adapters.postgres.queries import forum
from adapters.postgres.queries.reader import Reader
from domain.forum import OPENING, writing_stream


class ThreadTitle(NamedTuple):
    """Where a thread is, and what it is called; None where not all of its run may read that, or it is not known."""

    run_id: str
    unit_id: str | None
    title: str | None


async def titles_of(reader: Reader, keys: PersonKeys, thread_ids: Sequence[str]) -> dict[str, ThreadTitle]:
    """What threads are called, for those who may read them: nothing of it says by whom."""
    found = await forum.heads(reader, thread_ids) if thread_ids else []
    opener = Opener(
        await keys.reading_all({writing_stream(each.learner_id, each.thread_id, OPENING) for each in found})
    )
    return {
        each.thread_id: ThreadTitle(
            each.run_id, each.unit_id, opener.text(each.title, each.learner_id, each.thread_id, OPENING)
        )
        for each in found
    }
