"""The desk of admins: only they see it, and what they do there is done by the API, with reasons."""

import pytest

from tests.support.pages import Reader, text_of
from tests.support.people import Town

PARTS = (
    "people",
    "courses",
    "orders",
    "ledger",
    "jobs",
    "workers",
    "settings",
    "announcements",
    "audit",
    "deliveries",
    "deliveries/mails",
)
PAGES = ("/admin", *(f"/admin/{part}" for part in PARTS))


async def test_the_desk_is_for_admins(town: Town, ada: Reader) -> None:
    """Others get a page that says so, whatever page they ask for."""
    for path in PAGES[1:]:
        refused = await ada.get(path)
        assert refused.status_code == 403, path
        assert "not open to you" in text_of(refused)
    assert (await Reader(town).get("/admin")).headers["location"] == "/signin?next=/admin"


@pytest.mark.usefixtures("lively")
async def test_an_admin_grants_a_role_and_takes_it_back(town: Town, ada: Reader) -> None:
    """Each with a reason; what is wrong is said on the page; the acts stand in the audit trail."""
    admin = Reader(town)
    await admin.send("/signin/sample", {"person": "admin"})
    for path in PAGES:
        assert "Admin" in text_of(await admin.once_built(path)), path
    person = f"/admin/people/{ada.browser.learner_id}"
    assert "no other role" in text_of(await admin.once_built(person))
    grant = {"role": "analyst", "scope": "campus", "reason": "teaches <b>algebra</b>"}
    sent = await admin.send(f"{person}/roles/grant", grant)
    assert sent.status_code == 303, text_of(sent)
    granted = await admin.once_built(person)
    assert "teaches &lt;b&gt;algebra&lt;/b&gt;" in granted.text
    refused = await admin.send(f"{person}/roles/grant", {**grant, "scope": "nowhere"})
    assert refused.status_code == 422
    await admin.send(f"{person}/roles/revoke", {**grant, "reason": "the term is over"})
    assert "no other role" in text_of(await admin.once_built(person))
    trail = text_of(await admin.once_built(f"/admin/audit?about={ada.browser.learner_id}"))
    assert "role.granted" in trail
    assert "the term is over" in trail


@pytest.mark.usefixtures("lively")
async def test_who_is_erased_is_named_by_the_whole_id(town: Town, ada: Reader) -> None:
    """A slip of the mouse erases no one."""
    admin = Reader(town)
    await admin.send("/signin/sample", {"person": "admin"})
    person = f"/admin/people/{ada.browser.learner_id}"
    await admin.once_built(person)
    slip = await admin.send(f"{person}/erase", {"id": ada.browser.learner_id[:-1]})
    assert slip.status_code == 422
    assert "nothing was erased" in text_of(slip)
    assert (await ada.get("/account/security")).status_code == 200
