"""The table to read."""

from pathlib import Path

from api.http.policy.rows import GROUPS, ROWS
from api.http.policy.shown import columns, lines, markdown, table

PAGE = Path(__file__).parents[4] / "docs/security/policy.md"


def test_the_page_is_up_to_date() -> None:
    """`campus policy --markdown > docs/security/policy.md` writes it."""
    assert PAGE.read_text() == markdown()


def test_each_row_is_shown_once() -> None:
    """As data and as a line, in the same order, with a cell for each role."""
    assert [row.action for row in table().rows] == [row.action for row in ROWS]
    shown = [line for rows in GROUPS.values() for line in lines(rows)]
    assert [line[0] for line in shown] == [row.action for row in ROWS]
    assert {len(line) for line in shown} == {len(columns())}
