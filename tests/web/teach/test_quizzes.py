"""The pages of banks, quizzes and regrades: questions are written, brought in, asked, and mended afterwards."""

import re
from html import unescape

from tests.support.api import Campus
from tests.support.every_kind import ASKED
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.web.teach.test_authors import CANARY, Author
from web.teach.question_form import fields_of

BANK = "/teach/banks/groups"
GIFT = b"::Primes:: Is 2 prime? {TRUE}\n\n::Broken:: What? {\n"


def fields_in(page: str, *, ticked: bool = True) -> dict[str, str]:
    """The fields of the form of a page, as a browser sends them; *ticked*: without boxes that are not ticked."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        said = {name: unescape(value) for name, value in re.findall(r'([a-z-]+)="([^"]*)"', tag)}
        choice = said.get("type") in ("checkbox", "radio")
        if "name" in said and not (choice and ticked and " checked" not in tag) and said.get("type") != "file":
            found.setdefault(said["name"], said.get("value", ""))
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        found[name] = unescape(chosen[1]) if chosen else ""
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        found[name] = unescape(text)
    return found


async def _writes(author: Author) -> None:
    """Every kind of question, one with a name for all that hurts, and one that is mended."""
    for asked in ASKED:
        fields = fields_of(asked["question"], asked["key"]) | {"title": asked["question"]["kind"], "category": "All"}
        seen = await author.send(f"{BANK}/new", fields | {"do": "preview"})
        assert "As learners will see it" in text_of(seen)
        saved = await author.send(f"{BANK}/new", fields | {"do": "save"})
        assert saved.status_code == 303, text_of(saved)
        await author.follow(saved)
    choice = {"kind": "single_choice", "text": CANARY, "points": "1", "title": CANARY, "option-0-text": "one"}
    rows = await author.send(f"{BANK}/new", choice | {"do": "more:option"})
    assert 'name="option-3-text"' in rows.text
    refused = await author.send(f"{BANK}/new", choice | {"do": "save", "points": "many"})
    assert (refused.status_code, "aria-invalid" in refused.text, CANARY in refused.text) == (422, True, False)
    refused = await author.send(f"{BANK}/new", choice | {"do": "save"})
    assert "no option has the share 1" in text_of(refused)
    saved = await author.send(f"{BANK}/new", choice | {"do": "save", "option-0-share": "100"})
    address = saved.headers["location"]
    changed = await author.send(address, choice | {"option-0-share": "100", "option-0-id": "o1", "text": "Better?"})
    assert "version 2" in text_of(await author.follow(changed))
    assert (await author.send(f"{address}/retire", {"reason": ""})).status_code == 422
    assert "Restore it" in text_of(await author.follow(await author.send(f"{address}/retire", {"reason": "twice"})))


async def _brings(author: Author) -> None:
    """A file as a trial and in earnest, and the bank as a file."""
    tried = await author.send(f"{BANK}/files", {"act": "try"}, {"file": ("a.gift", GIFT, "text/plain")})
    assert "nothing is changed" in text_of(tried)
    assert "Broken" in text_of(tried)
    done = await author.send(f"{BANK}/files", {"act": "import"}, {"file": ("a.gift", GIFT, "text/plain")})
    assert "New in the bank 1" in text_of(done)
    assert (await author.send(f"{BANK}/files", {"act": "try"}, {"file": ("", b"", "text/plain")})).status_code == 422
    out = await author.get(f"{BANK}/export?format=moodle&anyway=1")
    assert (out.headers["content-disposition"], b"<quiz" in out.content) == ('attachment; filename="groups.xml"', True)
    assert "left out" in text_of(await author.get(f"{BANK}/export?format=gift"))
    await author.shown(f"{BANK}?category=All", "single_choice")


async def _asks(author: Author, campus: Campus) -> None:
    """The next version of a quiz: what it keeps, what it takes, and what is drawn; and how a refusal is shown."""
    quiz = f"/teach/runs/{campus.run}/quizzes/{campus.quiz}"
    page = await author.shown(quiz, "Of the version before", "Publish version 2")
    form = fields_in(page.text)
    moved = await author.send(quiz, form | {"do": "up:i2"})
    form = fields_in(moved.text)
    assert [name for name in form if name.startswith("keep:")] == ["keep:i2", "keep:i1"]
    seen = await author.send(quiz, form | {"do": "show", "bank": "groups"})
    take = [name for name in fields_in(seen.text, ticked=False) if name.startswith("take:groups:")][-1]
    seen = await author.send(quiz, form | {take: "on", "do": "preview"})
    assert "Taken from banks" in text_of(seen)
    drawn = {"draw-0-bank": "groups", "draw-0-category": "All", "draw-0-count": "2"}
    wrong = {"opens_at": "2026-03-02T09:00", "closes_at": "2026-03-01T09:00", "title": CANARY, "draw-0-count": "two"}
    refused = await author.send(quiz, form | drawn | wrong | {"do": "publish"})
    assert (refused.status_code, "A whole number" in text_of(refused), CANARY in refused.text) == (422, True, False)
    refused = await author.send(quiz, form | drawn | wrong | {"do": "publish", "draw-0-count": "2"})
    assert (refused.status_code, "closes after it opens" in text_of(refused)) == (422, True)
    asked = form | drawn | {take: "on", "do": "publish", "password": "let me in", "late-rule": "none", "minutes": "30"}
    published = await author.send(quiz, asked)
    assert published.status_code == 303, text_of(published)
    page = await author.follow(published)
    assert "version 2" in text_of(page)
    items = (await campus.get(f"/quizzes/{campus.quiz}/contents", user="admin")).json()["items"]
    assert [each["item_id"] for each in items][:2] == ["i2", "i1"], "in the order of the form"
    form = fields_in(page.text)
    assert (form["minutes"], form["late-rule"], form["keep_password"]) == ("30", "none", "on")
    assert sorted(value for name, value in form.items() if name.startswith("pick-")) == ["", "2"]
    again = await author.send(quiz, {**form, "do": "publish", "title": "Equations and more"})
    assert "version 3" in text_of(await author.follow(again))
    new = {"title": "Proofs", "unit_id": "q1", "quiz_id": "proofs", "do": "publish", "attempts_allowed": "2"}
    made = await author.send(f"/teach/runs/{campus.run}/new-quiz", new)
    assert made.headers["location"] == f"/teach/runs/{campus.run}/quizzes/proofs", text_of(made)


async def _mends(author: Author, campus: Campus) -> None:
    """A key that was wrong: who would change, then it holds, then it is taken back."""
    base = f"/teach/runs/{campus.run}/quizzes/{campus.quiz}/regrades"
    form = fields_in((await author.shown(base, "Nothing was ever regraded", "Passed from")).text)
    less = await author.send(base, form | {"pass_bp": "much", "reason": "x"})
    assert (less.status_code, "A number from 0 to 100" in text_of(less)) == (422, True)
    proposed = await author.send(base, form | {"pass_bp": "10", "reason": "too hard"})
    assert "Nothing is changed yet" in text_of(await author.follow(proposed))
    form = fields_in((await author.shown(f"{base}/items/i1", "What is right")).text)
    assert (await author.send(f"{base}/items/i1", {**form, "reason": ""})).status_code == 422
    right = {"option-0-share": "100", "option-1-share": "0", "reason": CANARY}
    changed = await author.send(f"{base}/items/i1", form | right | {"do": "propose"})
    assert changed.headers["location"] == f"{base}/2", text_of(changed)
    assert "Regrade 2" in text_of(await author.follow(changed))
    committed = await author.send(f"{base}/2", {})
    assert committed.status_code == 303, text_of(committed)
    await author.sees(f"{base}/2", "carried out")
    undone = await author.send(base, {"undo": "2", "reason": "it was right"})
    assert undone.headers["location"] == f"{base}/3", text_of(undone)
    await author.follow(undone)
    await author.follow(await author.send(f"{base}/3", {}))
    assert (await author.get(f"{base}/9")).status_code == 404


async def test_questions_are_written_asked_and_mended(town: Town, campus: Campus, ada: Reader) -> None:
    """From a bank to a quiz that learners take, and to a regrade of it, without a script."""
    assert (await ada.get("/teach/banks")).status_code == 403
    author = Author(town)
    await author.send("/signin/sample", {"person": "admin"})
    await author.shown("/teach/banks", "There is no bank yet")
    await author.follow(await author.send("/teach/banks", {"title": "Groups"}))
    await author.follow(await author.send(BANK, {"title": "Groups and rings"}))
    assert (await author.send("/teach/banks", {"title": "Others", "bank_id": "groups"})).status_code == 409
    await _writes(author)
    await _brings(author)
    await _mends(author, campus)
    await _asks(author, campus)
