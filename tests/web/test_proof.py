"""Forms that need a proof that the person is there: they are kept, and carried out with it."""

import re
from html import unescape

import httpx

from domain.auth import STEP_UP
from tests.support.pages import Reader, text_of
from tests.support.people import PASSWORD

FORM = {"label": 'my "old" telephone', "note": "one line\r\nand <another>"}


def kept_of(answer: httpx.Response) -> dict[str, str]:
    """The hidden fields of the form that asks for the proof."""
    form = answer.text.partition('id="proof"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
    return {name: unescape(value) for name, value in found}


async def test_a_form_is_kept_until_the_proof_and_carried_out_with_it(ada: Reader) -> None:
    """A wrong proof says so and keeps it, too; the session goes on with its next cookie."""
    ada.town.log.clock.move(STEP_UP)
    asked = await ada.send("/account/factors/app?from=here", FORM)
    assert (asked.status_code, kept_of(asked)) == (403, FORM)
    assert 'action="/account/factors/app?from=here"' in asked.text
    wrong = await ada.send("/account/factors/app", {**kept_of(asked), "proof.password": "seven grey herons"})
    assert (wrong.status_code, kept_of(wrong)) == (403, FORM)
    assert "do not belong together" in text_of(wrong) or "password" in text_of(wrong)
    before = ada.browser.token
    done = await ada.send("/account/factors/app", {**kept_of(wrong), "proof.password": PASSWORD})
    assert "Add an app" in text_of(done)
    assert ada.browser.token != before
    assert (await ada.get("/account/security")).status_code == 200
    assert "Add an app" in text_of(await ada.send("/account/factors/app", FORM))


async def test_what_is_refused_after_the_proof_has_its_own_page_and_the_session(ada: Reader) -> None:
    """The proof holds for what is sent next."""
    ada.town.log.clock.move(STEP_UP)
    refused = await ada.send("/account/factors/remove", {"factor_id": "none", "proof.password": PASSWORD})
    assert refused.status_code == 404
    assert "Add an app" in text_of(await ada.send("/account/factors/app", FORM))


async def test_a_form_with_a_password_is_not_kept(ada: Reader) -> None:
    """No page has what was typed as one; the person goes back to the form."""
    ada.town.log.clock.move(STEP_UP)
    asked = await ada.send("/account/factors/app", {**FORM, "password": "swordfish"})
    assert (asked.status_code, kept_of(asked)) == (403, {})
    assert "swordfish" not in asked.text
    assert 'href="/confirm?next=' in asked.text


async def test_a_page_of_another_origin_proves_nothing(ada: Reader) -> None:
    """Neither the proof nor the form behind it."""
    ada.town.log.clock.move(STEP_UP)
    form, elsewhere = {**FORM, "proof.password": PASSWORD}, "https://elsewhere.example"
    forged = await ada.send("/account/factors/app", form, origin=elsewhere, sec_fetch_site="cross-site")
    assert forged.status_code == 403
    assert (await ada.send("/account/factors/app", FORM)).status_code == 403
