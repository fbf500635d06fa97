"""Pages to which links of mails lead, without a script: the person copies what the link carries."""

from datetime import timedelta

from adapters.auth.links import OLD_ADDRESS, RESET, VERIFY, LinkKind, link_token
from tests.support.pages import Reader, text_of
from tests.support.people import PASSWORD, Town
from web.links import MOVED

ADA, NEW = "ada@example.org", "nine quiet otters"


def late(town: Town, learner_id: str, kind: LinkKind) -> str:
    """What a link carries whose time has been over for a second."""
    now = town.log.clock.now() - kind.lifetime - timedelta(seconds=1)
    return link_token(learner_id, kind, town.app.state.services.people.secret, now=now)


async def test_links_of_mails_lead_to_pages_that_do_nothing_before_a_button_is_pressed(town: Town, ada: Reader) -> None:
    """Registration, a forgotten password; a link that was used, is too old or is none says so, and what to do."""
    visitor = Reader(town)
    await visitor.send("/register", {"email": "new@example.org"})
    mail = await town.mail_to("new@example.org")
    assert "https://campus.test/welcome#" in mail.text
    token = await town.link_to("new@example.org")
    for _ in range(2):
        assert (await visitor.get("/welcome")).status_code == 200
    form = {"token": token, "display_name": "Grace <b>", "password": "short"}
    wrong = await visitor.send("/welcome", form)
    assert wrong.status_code == 422
    assert f'value="{token}"' in wrong.text
    assert 'value="Grace &lt;b&gt;"' in wrong.text
    done = await visitor.send("/welcome", {**form, "password": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/learn")
    again = await visitor.send("/welcome", {**form, "password": PASSWORD})
    assert (again.status_code, "This link was used" in text_of(again)) == (403, True)

    other = Reader(town)
    await other.send("/forgotten", {"email": ADA})
    assert "https://campus.test/recover#" in (await town.mail_to(ADA, 2)).text
    form = {"token": await town.link_to(ADA, 2), "password": NEW}
    assert (await other.send("/recover", {**form, "password": ADA})).status_code == 422
    done = await other.send("/recover", form)
    assert (done.status_code, done.headers["location"]) == (303, "/signin")
    assert "Your password is set" in text_of(await other.follow(done))
    assert (await ada.get("/account")).headers["location"] == "/signin?next=/account"
    learner_id = ada.browser.learner_id
    for path, kind in (("/welcome", VERIFY), ("/recover", RESET), ("/old-address", OLD_ADDRESS)):
        form = {"token": late(town, learner_id, kind), "password": NEW, "display_name": "Ada"}
        said = text_of(await other.send(path, form))
        assert "This link is too old" in said, path
    assert "This is no link of a mail" in text_of(await other.send("/new-address", {"token": "x"}))
    other.cookies["campus-language"] = "de"
    german = await other.send("/recover", {"token": form["token"], "password": NEW})
    assert "Das ist kein Link aus einer Mail" in text_of(german)


async def test_an_address_is_changed_and_taken_back_by_pages(town: Town, ada: Reader) -> None:
    """By the links to the new address and to the old one."""
    asked = await ada.browser.post("/auth/email", {"email": "ada@example.net", "password": PASSWORD})
    assert asked.status_code == 200
    token = await town.link_to("ada@example.net")
    done = await ada.send("/new-address", {"token": token})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    old = await town.link_to(ADA, 2)
    visitor = Reader(town)
    back = await visitor.send("/old-address", {"token": old, "password": NEW})
    assert (back.status_code, back.headers["location"]) == (303, "/signin")
    assert (await ada.get("/account")).status_code == 303
    signed_in = await visitor.send("/signin", {"email": ADA, "password": NEW})
    assert signed_in.headers["location"] == "/"


async def test_pages_that_have_moved_lead_on(town: Town) -> None:
    """Links of mails that were sent before, bookmarks, and addresses that providers know."""
    visitor = Reader(town)
    for before, now in MOVED.items():
        answer = await visitor.get(before)
        assert (answer.status_code, answer.headers["location"]) == (303, now)
