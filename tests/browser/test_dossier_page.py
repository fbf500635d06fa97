"""The page of a dossier: readable in any window, on paper and without scripts; axe-core finds nothing."""

from pathlib import Path

import pytest

from tests.support.browser import Visitor, reviewed
from tests.support.dossiers import laid_out, made_in_memory
from tests.support.facts import History, day

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="session")]


async def test_a_judge_reads_and_prints_it(visitor: Visitor, tmp_path: Path) -> None:
    """Results, history and what is proven; nothing is asked from a server, and nothing is cut off."""
    history = History().course().enrolled("28400").add("seats-AAA-1", "seats.taken", learner_id="28400")
    history.submitted("28400", "tma1", day(12)).graded("28400", "tma1", 6_400, day(14))
    made = await made_in_memory(history.clicked("9", 1, day(20)).facts, "28400")
    page = await visitor.open((laid_out(made.files, tmp_path) / "index.html").as_uri())
    await reviewed(page, "dossier")
    for heading in ("Results", "History", "Rules", "What is proven, and how to check it"):
        assert await page.get_by_role("heading", name=heading, exact=True).is_visible()
    assert await page.locator("script").count() == 0
    assert await page.get_by_role("cell", name="64.00 %").first.is_visible()
    await page.emulate_media(media="print")
    await page.set_viewport_size({"width": 1_010, "height": 700})  # A4, landscape, without its margins
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    assert visitor.hosts <= {""}
