"""How a page is painted by a browser that has nothing of it yet, on a processor that may be slowed down."""

from statistics import median
from typing import Any, Final, NamedTuple

from playwright.async_api import Browser, Page

from tests.support.browser import visiting
from tests.support.page_kinds import VISITOR

WATCH: Final = """
window.campusShifts = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) {
    const moved = each.sources.map((source) => source.node?.outerHTML?.slice(0, 80) ?? '');
    if (!each.hadRecentInput) campusShifts.push([each.value, moved]);
  }
}).observe({type: 'layout-shift', buffered: true});
window.campusPaint = 0;
new PerformanceObserver((list) => { for (const each of list.getEntries()) campusPaint = each.startTime; })
  .observe({type: 'largest-contentful-paint', buffered: true});
"""
FOUND: Final = """() => {
  const [page] = performance.getEntriesByType('navigation'), files = performance.getEntriesByType('resource');
  return {
    first_ms: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
    largest_ms: campusPaint || null,
    answered_ms: page.responseEnd,
    shift: campusShifts.reduce((sum, [value]) => sum + value, 0),
    moved: campusShifts.flatMap(([_, sources]) => sources),
    blocking: files.filter((each) => each.renderBlockingStatus === 'blocking').map((each) => each.name),
    load_bytes: [page, ...files].reduce((sum, each) => sum + each.transferSize, 0),
    requests: 1 + files.length,
  };
}"""
SETTLED: Final = """async () => {
  await document.fonts.ready;
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (let frames = 0; frames < MOST && !(frames > 2 && campusPaint); frames += 1) await drawn();
}""".replace("MOST", "600")
"""Once the fonts are there and a paint was noted, which the browser says only afterwards; or after so many frames."""
WORK: Final = {"style_ms": "RecalcStyleDuration", "layout_ms": "LayoutDuration", "script_ms": "ScriptDuration"}
SHIFT: Final = "campusShifts.reduce((sum, [value]) => sum + value, 0)"
SLOWER: Final = 4  # times, the processor
HEAVY: Final = (
    ("learner", "/learn"),
    ("learner", "/courses"),
    ("instructor", "/teach"),
    ("instructor", "/teach/runs/MATH-101-1/gradebook"),
    ("auditor", "/audit"),
    ("auditor", "/audit/learners/sample-learner"),
    ("analyst", "/analyze"),
    ("analyst", "/analyze/facts"),
    ("admin", "/admin"),
    ("admin", "/admin/people"),
)
"""The first page of each desk, and its largest."""


class Painted(NamedTuple):
    """
    How one page was painted.

    Attributes:
        first_ms: from the request to the first paint, and *largest_ms* to the largest one; None where the browser has
            said nothing of one.
        answered_ms: until the whole page was there.
        shift: by how much what was painted has moved, as a share of the window; *moved* is what moved.
        blocking: the files without which nothing is painted.
        load_bytes: of the page and of all files, as they were sent.
        style_ms: of the processor for styles; *layout_ms* for places, *script_ms* for scripts.
    """

    first_ms: float | None
    largest_ms: float | None
    answered_ms: float
    shift: float
    moved: list[str]
    blocking: list[str]
    load_bytes: int
    requests: int
    style_ms: float
    layout_ms: float
    script_ms: float


async def painted(browser: Browser, url: str, person: str, path: str, slower: int = SLOWER) -> Painted:
    """A first load of a page by a person whose browser has no file of it."""
    async with visiting(browser) as visitor:
        page = await signed_in(visitor.context, url, person)
        session = await visitor.context.new_cdp_session(page)
        await session.send("Performance.enable")
        await session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        await page.goto(f"{url}{path}")
        await page.evaluate(SETTLED)
        found: dict[str, Any] = await page.evaluate(FOUND)
        metrics = {each["name"]: each["value"] for each in (await session.send("Performance.getMetrics"))["metrics"]}
        await page.goto("about:blank")
    return Painted(**found, **{name: 1_000 * metrics[metric] for name, metric in WORK.items()})


async def signed_in(context: Any, url: str, person: str) -> Page:
    """A tab of a person, or of a visitor, in which pages note how they are painted."""
    await context.add_init_script(WATCH)
    if person != VISITOR:
        head = {"origin": url, "sec-fetch-site": "same-origin"}
        await context.request.post(f"{url}/v1/dev/session", data={"person": person}, headers=head)
    found: Page = await context.new_page()
    return found


def middle(found: list[Painted]) -> Painted:
    """The median of each figure; what moved and what blocks is that of all."""
    known = {
        name: [value for each in found if (value := getattr(each, name)) is not None]
        for name in Painted._fields
        if name not in ("moved", "blocking", "shift")
    }
    figures: dict[str, Any] = {name: median(values) if values else None for name, values in known.items()}
    for name in ("moved", "blocking"):
        figures[name] = sorted({text for each in found for text in getattr(each, name)})
    return Painted(**figures, shift=max(each.shift for each in found))
