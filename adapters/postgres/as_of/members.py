"""
Counts of learners in the dashboard of a run: whom each counts, from the same rows as the answer.

They follow from the rows of the learners when the answer is read, as a status follows from the clock, so no fact has
made them. Their parts are the learners, each of whose rows is explained by its facts.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from adapters.postgres.as_of.totals import RUN_DASHBOARD
from adapters.postgres.queries.course_dashboard import CONDITIONS, counted
from adapters.postgres.queries.reader import Reader
from projections.course_dashboard import ENROLLMENTS
from projections.engine.moment import Moment
from projections.engine.projection import Table
from projections.engine.watch import value_at


class Members(NamedTuple):
    """
    Which learners of a run are counted.

    Attributes:
        table: of the rows that are counted.
        path: of the count in the answer, such as `counts/funnel/half_way`.
    """

    table: Table
    run_id: str
    path: str

    @property
    def condition(self) -> str:
        """Which rows are counted, in SQL."""
        return CONDITIONS[self.path]


class CountedMembers(NamedTuple):
    """
    A count as it is answered, and the learners whom it counts.

    Attributes:
        value: None if there is no such run.
    """

    value: int | None
    learners: Sequence[str]
    position: int


def members_of(view: str, key: Sequence[str], path: Sequence[str]) -> Members | None:
    """The members of a count; None if the answer has no such count."""
    whole = "/".join(path)
    is_count = view == RUN_DASHBOARD and len(key) == 1 and whole in CONDITIONS
    return Members(ENROLLMENTS, key[0], whole) if is_count else None


async def counted_members(reader: Reader, members: Members, moment: Moment) -> CountedMembers:
    """The count and whom it counts; *moment* says what time it is."""
    answer, learners = await counted(reader, members.run_id, moment.now, members.path)
    if answer.body is None:
        return CountedMembers(None, (), answer.position)
    value = value_at(msgspec.json.decode(answer.body), members.path.split("/"))
    return CountedMembers(value, learners, answer.position)
