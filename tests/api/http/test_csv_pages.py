"""Whole lists as CSV, which are read in parts while their rows change."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.postgres.queries.reader import RowPage
from api.http.csv_pages import CsvTable, parts

TABLE = CsvTable("grades", "grades", ("learner", "score"), msgspec.json.decode)


class Grades:
    """Scores by learner, which are read one by one."""

    def __init__(self, **scores: int) -> None:
        self.scores = scores

    async def by_score(self, after: Sequence[Any]) -> tuple[RowPage, int]:
        """From the lowest to the highest."""
        return self._page(sorted((score, learner) for learner, score in self.scores.items()), after)

    async def by_learner(self, after: Sequence[Any]) -> tuple[RowPage, int]:
        """In the order of the names."""
        return self._page(sorted((learner, learner) for learner in self.scores), after)

    def _page(self, places: Sequence[tuple[Any, str]], after: Sequence[Any]) -> tuple[RowPage, int]:
        rows = [(*place, f'["{place[1]}",{self.scores[place[1]]}]') for place in places if place > tuple(after)]
        return RowPage(rows[:2], 0), 1


async def test_a_row_that_moves_while_a_file_is_written_stands_in_it_once() -> None:
    """One is moved to what follows and is not written again; another to what was read, and is not missed."""
    grades = Grades(ann=10, bob=20, cid=30, dan=40)
    text = b""
    async for part in parts(TABLE, await grades.by_score(()), grades.by_score, grades.by_learner):
        text += part
        if text.endswith(b'"bob",20\r\n'):
            grades.scores |= {"ann": 50, "dan": 5}
    assert text.decode().split("\r\n") == ['"learner","score"', '"ann",10', '"bob",20', '"cid",30', '"dan",5', ""]


async def test_a_file_in_a_steady_order_is_read_once() -> None:
    """Every row, in its order."""
    grades = Grades(bob=20, ann=10)
    text = b"".join([part async for part in parts(TABLE, await grades.by_learner(()), grades.by_learner)])
    assert text.decode().split("\r\n") == ['"learner","score"', '"ann",10', '"bob",20', ""]
