"""
`make paint`: how soon Chromium has painted the first and the largest page of each desk, and what of it moves.

On a sample campus of its own, or on one that runs (`python -m scripts.paint URL`), by a browser without any file of the
campus, on a processor that is SLOWER times slower than it is; each page several times, medians. Needs Chromium.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.browser import chromium
from tests.support.campus_up import sample_campus
from tests.support.painting import HEAVY, Painted, middle, painted

ROUNDS = 5
HEAD = "| page | first paint | largest | answered | style | layout | scripts | kB | requests | blocking | shift |"


@contextmanager
def campus(url: str) -> Iterator[str]:
    """Where a sample campus answers."""
    if url:
        yield url
        return
    with sample_campus() as running:
        yield f"http://localhost:{running.port}"


def row(path: str, found: Painted) -> str:
    """A line of the table."""
    times = (found.first_ms, found.largest_ms, found.answered_ms, found.style_ms, found.layout_ms, found.script_ms)
    written = ("not seen" if each is None else f"{each:.0f} ms" for each in times)
    cells = (*written, f"{found.load_bytes / 1_000:.0f}", f"{found.requests:.0f}")
    return f"| `{path}` | {' | '.join(cells)} | {len(found.blocking)} | {found.shift:.4f} |"


def write(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def main(url: str) -> None:
    """Print the table."""
    with campus(url) as there:
        async with chromium() as browser:
            write(f"{HEAD}\n{'| --- ' * (HEAD.count('|') - 1)}|")
            for person, path in HEAVY:
                found = middle([await painted(browser, there, person, path) for _ in range(ROUNDS)])
                write("\n".join((row(path, found), *(f"  moved: {each}" for each in found.moved))))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else ""))
