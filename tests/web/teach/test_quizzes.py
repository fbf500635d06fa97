"""The pages of banks, quizzes and regrades: questions are written, brought in, asked, and mended afterwards."""

from tests.support.api import Campus
from tests.support.every_kind import ASKED
from tests.support.pages import Reader, text_of
from tests.support.people import Town
from tests.web.teach.test_authors import CANARY, Author
from web.teach.question_form import fields_of

BANK = "/teach/banks/groups"
GIFT = b"::Primes:: Is 2 prime? {TRUE}\n\n::Broken:: What? {\n"


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
