"""Whom a post mentions and can mention, by the names that they have now, opened with the key of each."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from adapters.personal.keys import PersonKeys
from adapters.postgres.queries.forum_people import SealedPerson, named
from adapters.postgres.queries.reader import Reader
from adapters.run_names import plain
from domain.forum import mentioned_in
from domain.personal import PersonalKey
from domain.user import AccountStatus, user_stream


class ForumPerson(msgspec.Struct, kw_only=True):
    """
    A person whom posts mention.

    Attributes:
        name: null where none was given or it is erased.
        erased: whether the person is erased.
    """

    learner_id: str
    name: str | None
    erased: bool


EXAMPLE = ForumPerson(learner_id="28400", name="Ada Lovelace", erased=False)


async def mentioned(reader: Reader, keys: PersonKeys, texts: Iterable[str | None]) -> dict[str, ForumPerson]:
    """Those whom some texts mention, by their ids."""
    ids = sorted({each for text in texts if text is not None for each in mentioned_in(text)})
    if not ids:
        return {}
    found = {each.learner_id: each for each in await opened(keys, await named(reader, ids))}
    return {each: found.get(each) or ForumPerson(learner_id=each, name=None, erased=False) for each in ids}


async def opened(keys: PersonKeys, people: Sequence[SealedPerson]) -> list[ForumPerson]:
    """The people with their names."""
    known = await keys.reading_all([user_stream(each.learner_id) for each in people if each.display_name])
    return await asyncio.to_thread(lambda: [_opened(each, known) for each in people])


def found_by_name(people: Sequence[ForumPerson], text: str, most: int) -> list[ForumPerson]:
    """Up to *most* of the people who have a name that has *text* in it, in the order of their names."""
    wanted = plain(text)
    matching = [each for each in people if each.name and wanted in plain(each.name)]
    return sorted(matching, key=lambda each: (plain(each.name or ""), each.learner_id))[:most]


def _opened(row: SealedPerson, keys: Mapping[str, PersonalKey]) -> ForumPerson:
    key, is_erased = keys.get(user_stream(row.learner_id)), row.status == AccountStatus.ERASED
    name = None if key is None or is_erased else key.open(row.display_name)
    is_erased = is_erased or (row.display_name is not None and name is None)
    return ForumPerson(learner_id=row.learner_id, name=name, erased=is_erased)
