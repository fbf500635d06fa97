"""The pages of authors: a course is written, looked at, published, and runs follow it; what is wrong is said there."""

import re
from html import unescape

import httpx

from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town

CANARY = "<b>\"'&"
BASE, PLAN = "/teach/courses/ring-theory", "/teach/runs/rings/plan"
POLICY = {"grading_policy": "categories", "group-0-title": "Work", "group-0-weight": "100", "letter-0-letter": "A",
          "letter-0-from": "50", "letter-1-letter": "F", "letter-1-from": "0", "unit-check-weight": "60",
          "unit-check-group": "work", "unit-prove-weight": "40", "unit-prove-group": "work"}  # fmt: skip
RUN = {"starts_at": "2026-02-01T09:00", "ends_at": "2126-02-01T09:00", "time_zone": "Europe/Berlin", "pacing": "self",
       "course_version": "1", "run_id": "rings", "open": "on", "late-rule": "until", "late-days": "3"}  # fmt: skip


class Author(Reader):
    """Who writes the course: each form goes with the revision that its page has shown."""

    async def shown(self, path: str, *words: str) -> httpx.Response:
        """A page that says these words."""
        page = await self.once_built(path)
        for each in words:
            assert each in text_of(page), (path, each, text_of(page))
        return page

    async def edits(self, path: str, **fields: str) -> httpx.Response:
        """A form of the draft that is sent."""
        files = {"file": ("", b"", "text/plain")} if "unit" in path else None
        return await self.send(path, {"revision": await self.revision(), **fields}, files)

    async def changes(self, path: str, **fields: str) -> httpx.Response:
        """A form of the draft that is taken; the page to which it leads."""
        return await self.follow(await self.edits(path, **fields))

    async def is_refused(self, path: str, words: str, **fields: str) -> None:
        """A form that is shown again with these words, beside what was typed."""
        page = await self.edits(path, **fields)
        assert (page.status_code, words in text_of(page)) == (422, True), (words, text_of(page))
        assert "aria-invalid" in page.text
        assert CANARY not in page.text
        assert all(
            value in text_of(page) or f'value="{value}' in page.text for value in fields.values() if "<" not in value
        )

    async def revision(self) -> str:
        """That of the draft."""
        found = re.search(r'name="revision" value="(\d+)"', (await self.once_built(BASE)).text)
        assert found is not None
        return found[1]


async def _writes(author: Author) -> None:
    for title in ("Basics", "Ideals"):
        await author.changes(BASE, do="add-section", title=title)
    stale = await author.send(BASE, {"revision": "1", "do": "add-section", "title": "Too late"})
    assert (stale.status_code, "Another author has changed" in text_of(stale)) == (409, True)
    assert "Too late" in stale.text
    text = {"kind": "text", "title": "Begin here", "text": "# A *ring*", "section": "basics"}
    assert "<h1>A <em>ring</em></h1>" in (await author.edits(f"{BASE}/new-unit", **text, do="preview")).text
    await author.changes(f"{BASE}/new-unit", **text)
    film = {"kind": "video", "title": "Watch", "section": "basics", "seconds": "1:30", "rule": "watched"}
    form = {**film, "at_least_bp": "80", "revision": await author.revision()}
    sent = await author.send(f"{BASE}/new-unit", form, {"file": ("a.mp4", b"film", "video/mp4")})
    assert sent.status_code == 303, text_of(sent)
    for unit in (
        {"kind": "quiz", "title": "Check", "weight": "60", "due_after_days": "7"},
        {"kind": "assignment", "title": "Prove", "weight": "40", "late-rule": "percent_a_day", "late-off_bp": "10"},
        {"kind": "link", "title": "Read on", "url": "https://example.org/"},
        {"kind": "activity", "title": "Talk"},
    ):
        await author.changes(f"{BASE}/new-unit", section="ideals", **unit)
    for wrong, words in (
        ({"kind": "link", "title": "No link", "url": "javascript:alert(1)"}, "which is no address"),
        ({"kind": "quiz", "title": "Much", "weight": "many"}, "A number from 0 to 10000"),
        ({"kind": "video", "title": CANARY, "rule": "watched"}, "How much of it"),
        ({"kind": "text", "title": ""}, "A unit has a title"),
        ({"kind": "lti", "title": "Tool", "tool_id": "t", "custom": "no value"}, "A line for each value"),
    ):
        await author.is_refused(f"{BASE}/new-unit", words, section="basics", **wrong)
    assert "# A *ring*" in (await author.shown(f"{BASE}/units/begin-here", "As learners will see it")).text
    await author.changes(f"{BASE}/units/watch", **film, at_least_bp="90")
    assert "a.mp4" in (await author.shown(f"{BASE}/units/watch")).text


async def _orders(author: Author) -> None:
    outline = await author.changes(BASE, do="unit-up:check")
    assert "course_draft.unit_moved" in text_of(outline)
    assert outline.text.index('id="at-check"') < outline.text.index('id="at-ideals"')
    dragged = await author.changes(BASE, do="place-unit:check", section_id="basics", place="0")
    assert dragged.text.index('id="at-check"') < dragged.text.index('id="at-begin-here"')
    await author.changes(BASE, do="place-unit:check", section_id="basics", place="2")
    lost = await author.edits(BASE, do="place-unit:check", section_id="none", place="0")
    assert (lost.status_code, 'role="alert"' in lost.text) == (422, True)
    for do in ("unit-down:check", "section-down:basics", "section-up:basics", "remove-unit:talk"):
        await author.changes(BASE, do=do)
    await author.changes(BASE, do="rename-section:basics", title="First steps")
    outline = await author.shown(BASE, "First steps", "weight 60%", "The draft becomes version 1")
    assert (
        outline.text.index('id="at-basics"')
        < outline.text.index('id="at-ideals"')
        < outline.text.index('id="at-check"')
    )
    assert "talk" not in outline.text
    assert 'name="letter-4-letter"' in (await author.edits(f"{BASE}/policy", **POLICY, do="more:letter")).text
    await author.is_refused(f"{BASE}/policy", "A weight above 0", **(POLICY | {"group-0-weight": "0"}))
    graded = await author.changes(f"{BASE}/policy", **POLICY)
    assert "course_draft.policy_changed, course_draft.unit_changed" in text_of(graded)
    await author.shown(f"{BASE}/policy", "Sum of the weights: 100%")
    assert "<h1>A <em>ring</em></h1>" in (await author.shown(f"{BASE}/preview", "First steps", "Watch")).text


async def _plans(author: Author) -> None:
    await author.changes(f"{BASE}/publish")
    await author.shown(BASE, "The draft is what version 1 is.", "No run is planned")
    new = f"{BASE}/new-run"
    await author.is_refused(new, "For how many days", **(RUN | {"late-days": ""}))
    await author.is_refused(new, "would end before it starts", **(RUN | {"ends_at": "2025-01-01T09:00"}))
    planned = await author.send(new, RUN)
    assert planned.headers["location"] == PLAN, text_of(planned)
    assert (await author.send(PLAN, {"do": "something else"})).status_code == 404, "nothing is opened"
    await author.shown(PLAN, "09:00", "Europe/Berlin", "It follows version 1.", "is taken for some days")
    cohort = {"do": "cohort", "name": "Spring", "begins_at": "2026-03-01T09:00"}
    for form in ({"do": "capacity", "capacity": "30", "excess": "stay"}, cohort, {"do": "close"}, {"do": "open"}):
        await author.follow(await author.send(PLAN, form))
    await author.shown(PLAN, "Spring")
    bad = await author.send(PLAN, cohort | {"begins_at": "soon"})
    assert (bad.status_code, "A day and a time" in text_of(bad)) == (422, True)
    clone = await author.send(PLAN, {"do": "clone", "starts_at": "2026-09-01T09:00"})
    assert clone.headers["location"] == "/teach/runs/ring-theory-2026-09-01/plan", text_of(clone)


async def test_a_course_is_written_compared_published_and_run(town: Town, campus: Campus, ada: Reader) -> None:
    """From an empty draft to a run that follows its second version, without a script."""
    assert (await ada.get(f"/teach/courses/{campus.course}")).status_code == 403
    author = Author(town)
    await author.send("/signin/sample", {"person": "admin"})
    await author.shown("/teach/courses", "Make a course", "Algebra")
    made = await author.send("/teach/courses", {"title": "Ring Theory", "summary": CANARY, "language": "en"})
    assert made.headers["location"] == BASE, text_of(made)
    again = await author.send("/teach/courses", {"title": "Another one", "course_id": "ring-theory", "summary": CANARY})
    assert (again.status_code, "Another one" in again.text, CANARY in again.text) == (409, True, False)
    other = f"/teach/courses/{campus.course}"
    for path in ("policy", "new-unit", "units/intro"):
        led = await author.get(f"{other}/{path}")
        assert led.headers["location"] == other, path
        begin = text_of(await author.follow(led))
        assert "Start a draft first." in begin
        assert "Begin from version 1" in begin
    await author.follow(await author.send(f"{other}/start", {"version": "1", "revision": "0"}))
    assert (await author.get(f"{other}/policy")).status_code == 200
    await _writes(author)
    await _orders(author)
    await _plans(author)
    await campus.send("/enrollments", {"run_id": "rings"})
    await author.changes(f"{BASE}/policy", **(POLICY | {"unit-check-weight": "10", "unit-prove-weight": "90"}))
    await author.sees(f"{BASE}/diff", "Learners 1")
    await author.shown(f"{BASE}/diff", "Units that say something else", "Check", "60%", "10%")
    await author.changes(f"{BASE}/publish")
    await author.follow(await author.send(PLAN, {"do": "version", "course_version": "2"}))
    await author.shown(PLAN, "It follows version 2.")
    german = await author.get(f"{BASE}/diff?from=1&to=2", **{"accept-language": "de"})
    assert "Was sich ändert" in text_of(german)


async def _says(author: Author, path: str, **fields: str) -> httpx.Response:
    """Send what a course says of itself, with what its page has shown."""
    found = re.findall(r'name="(was-\w+)" value="([^"]*)"', (await author.once_built(path)).text)
    return await author.send(path, {name: unescape(value) for name, value in found} | fields)


async def test_a_course_gets_another_title(town: Town, campus: Campus, ada: Reader) -> None:
    """Those who write it change it; two may change different things, and what was typed is kept where it is refused."""
    path = f"/teach/courses/{campus.course}/about"
    assert (await ada.get(path)).status_code == 403
    typed = {"title": "Algebra", "summary": "First line.\r\nSecond line.", "language": "en"}
    assert (await ada.send(path, typed)).status_code == 403
    author = Author(town)
    await author.send("/signin/sample", {"person": "admin"})
    saved = await author.follow(await _says(author, path, **typed))
    assert "Saved, as course.summary_changed." in text_of(saved)
    assert "says that already" in text_of(await author.follow(await _says(author, path, **typed)))
    renamed = await author.follow(await _says(author, path, **(typed | {"title": CANARY, "language": "de"})))
    assert "Saved, as course.renamed, course.language_changed." in text_of(renamed)
    assert CANARY not in renamed.text
    await author.sees(f"/teach/courses?q={campus.course}", CANARY)
    await ada.sees("/learn", CANARY)
    late = {"was-title": '"Algebra"', "was-summary": '"', "was-language": '"de"', **typed, "title": "Rings"}
    refused = await author.send(path, late | {"language": "de"})
    assert (refused.status_code, "Another editor has changed" in text_of(refused)) == (409, True), text_of(refused)
    assert 'value="Rings"' in refused.text
    empty = await _says(author, path, title="", summary="", language="de")
    assert (empty.status_code, 'aria-invalid="true"' in empty.text) == (422, True)


async def test_only_those_who_may_make_a_course_are_offered_it(town: Town, campus: Campus) -> None:
    """Who writes some courses writes those; who writes none is not asked to make one."""
    reader = Reader(town, await town.settle("bea@example.org"))
    page = await reader.once_built("/teach/courses")
    assert "Make a course" not in page.text
    assert "Make one here" not in page.text


async def test_an_appeal_is_answered(town: Town, campus: Campus, ada: Reader) -> None:
    """From the desk of who teaches; the words and the outcome reach the learner."""
    page, run = f"/teach/runs/{campus.run}/appeals", {"run_id": campus.run}
    assert (await ada.get(page)).status_code == 403
    failed = {"learner_id": campus.learner, "outcome": "fail", "reason": "late"}
    await campus.send("/progress/outcomes", run | failed, user="admin")
    await campus.send("/progress/appeals", run | {"words": CANARY})
    teacher = Author(town)
    await teacher.send("/signin/sample", {"person": "admin"})
    assert CANARY not in (await teacher.shown(page, "Appeal 1", "Not passed")).text
    form = {"appeal": f"{campus.learner}/1", "answer": "grant", "outcome": "pass", "words": ""}
    refused = await teacher.send(page, form)
    assert (refused.status_code, 'value="grant" checked' in refused.text) == (422, True)
    done = await teacher.follow(await teacher.send(page, form | {"words": "The key was wrong."}))
    assert "No appeal is open" in text_of(done)
    await teacher.shown(f"{page}?all=1", "granted", "The key was wrong.", "Answer: Passed")
