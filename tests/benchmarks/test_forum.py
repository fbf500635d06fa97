"""`campus bench forum` on a small forum."""

import pytest

from benchmarks.forum import PERMITTED, bench
from benchmarks.forum_log import ForumLog, Size


def test_the_log_has_as_many_facts_as_are_announced() -> None:
    """And as many posts, with the long thread."""
    size = Size(posts=500, people=100, runs=5, longest=60)
    rows = list(ForumLog(size, [bytes(32)] * 100, 7).rows())
    assert len(rows) == size.facts
    assert [row[0] for row in rows] == list(range(8, 8 + size.facts))
    posted = [row[1] for row in rows if row[3] in ("opening.posted", "reply.posted")]
    assert len(set(posted)) == 500
    assert sum(stream.startswith(f"post-{0:032x}:") for stream in posted) == 60
    assert len({row[1:3] for row in rows}) == len(rows)


@pytest.mark.slow
@pytest.mark.processes
async def test_a_small_forum_is_measured() -> None:
    """Every figure is there, whatever it says on this machine."""
    found = await bench(1_000, 200, 0.5)
    assert [each.name for each in found.figures] == [*PERMITTED]
    assert all(each.answers for each in found.figures)
