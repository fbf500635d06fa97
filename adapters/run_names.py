"""
The names of the learners of a run, opened from the rows of projections/accounts.py with the key of each person.

Who is asked about has to be on the run by projections/course_dashboard.py. SQL cannot search by name, since names are
sealed: a search opens those of the run, a part at a time.
"""

import asyncio
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from adapters.kept_answers import KeptAnswers
from adapters.personal.keys import PersonKeys
from adapters.postgres.queries.names import SealedName, sealed_names
from adapters.postgres.queries.reader import Reader, RowPage
from domain.personal import PersonalKey
from domain.user import AccountStatus, user_stream

PART = 1_000  # names of a search that are opened at a time
READ_MODELS = ("accounts", "course_dashboard")
MOST_KEPT = 256  # searches


class NameOfLearner(msgspec.Struct, kw_only=True):
    """
    What a learner of a run is called.

    Attributes:
        name: as the person writes it; null where none was given or it is erased.
        erased: whether the person is erased, whose name no one can see any more.
    """

    learner_id: str
    name: str | None
    erased: bool


EXAMPLE = NameOfLearner(learner_id="28400", name="Ada Lovelace", erased=False)


class Names(msgspec.Struct, frozen=True):
    """Learners in the order of their ids, and the position for which it is true."""

    items: list[NameOfLearner]
    position: int

    def page(self) -> RowPage:
        """As the rows of a page."""
        return RowPage([(each.learner_id, msgspec.json.encode(each).decode()) for each in self.items], self.position)


class RunNames:
    """The names of one run's learners, for one reader who may see them."""

    def __init__(self, reader: Reader, keys: PersonKeys, run_id: str) -> None:
        self._reader = reader
        self._keys = keys
        self._run_id = run_id

    async def of(self, ids: Sequence[str] | None, after: str, limit: int) -> Names:
        """Up to *limit* learners after an id: all, or those of *ids* who are on the run."""
        found, position = await sealed_names(self._reader, self._run_id, ids, after, limit)
        keys = await self._keys.reading_all([user_stream(each.learner_id) for each in found if each.display_name])
        return Names(await asyncio.to_thread(_opened, found, keys), position)

    async def search(self, text: str, after: str = "", limit: int | None = None) -> Names:
        """Up to *limit* learners after an id whose name or id has *text* in it, whatever its capitals and accents."""
        wanted, found, position = plain(text), list[NameOfLearner](), None
        while True:
            part = await self.of(None, after, PART)
            position = part.position if position is None else min(position, part.position)
            found += [
                each for each in part.items if wanted in plain(each.name or "") or wanted in plain(each.learner_id)
            ]
            if len(part.items) < PART or (limit is not None and len(found) >= limit):
                return Names(found[:limit], position)
            after = part.items[-1].learner_id


class FoundByName(NamedTuple):
    """Learners of a run whom a text has found, in the order of their ids, and the position for which it is true."""

    learner_ids: tuple[str, ...]
    position: int


class NameSearches:
    """
    What a process has found last: a list that is narrowed by a name is read a window at a time.

    Ids are kept and no names; erasing a person writes a row, after which a search is made again.
    """

    def __init__(self, reader: Reader, keys: PersonKeys) -> None:
        self._reader, self._keys = reader, keys
        self._kept: KeptAnswers[tuple[str, str], FoundByName] = KeptAnswers(reader, *READ_MODELS, most=MOST_KEPT)

    async def find(self, run_id: str, text: str, at_least: int = 0) -> FoundByName:
        """The learners of a run by a part of the name or the id, by rows that are true for *at_least* if they can."""

        async def make(_: FoundByName | None) -> FoundByName:
            found = await RunNames(self._reader, self._keys, run_id).search(text)
            return FoundByName(tuple(each.learner_id for each in found.items), found.position)

        return await self._kept.get((run_id, plain(text)), at_least, make)


def plain(text: str) -> str:
    """A text without capitals and accents, to compare it by."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


def _opened(rows: Sequence[SealedName], keys: Mapping[str, PersonalKey]) -> list[NameOfLearner]:
    found = []
    for row in rows:
        key, is_erased = keys.get(user_stream(row.learner_id)), row.status == AccountStatus.ERASED
        name = None if key is None or is_erased else key.open(row.display_name)
        is_erased = is_erased or (row.display_name is not None and name is None)
        found.append(NameOfLearner(learner_id=row.learner_id, name=name, erased=is_erased))
    return found
