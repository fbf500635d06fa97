"""The pages of notifications, without a script."""

import re
from datetime import UTC, datetime

from adapters.auth.links import UNSUBSCRIBE, link_token
from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town

HERE = "/notifications"


async def test_a_person_reads_and_puts_away(campus: Campus, ada: Reader) -> None:
    """The bell counts; a notification says why it came, leads to its cause and to the switch that stops it."""
    shown = await ada.sees(HERE, "You have signed in by the link of a mail for the first time")
    assert "1 unread notification" in shown
    assert "Because of the fact session.opened" in text_of(await ada.get(HERE))
    assert "cannot be switched off: Security of your account" in text_of(await ada.get(HERE))
    await campus.send(
        "/enrollments/withdraw", {"run_id": campus.run, "learner_id": campus.learner, "reason": "a test"}, user="admin"
    )
    other = f"{campus.run}-2"
    plan = {"course_id": campus.course, "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await campus.send("/runs", {"run_id": other, **plan}, user="admin")
    await campus.send(f"/runs/{other}/open", user="admin")
    await campus.send("/enrollments", {"run_id": other, "learner_id": campus.learner}, user="admin")
    shown = await ada.sees(HERE, "You have a place on a course")
    assert "2 unread notifications" in shown
    assert 'href="/account/notifications#kind-places"' in shown
    assert f'value="/learn/runs/{other}"' in shown
    number = re.findall(r'name="notification_id" value="(\w+)"', shown)[0]
    opened = await ada.send(HERE, {"do": "open", "notification_id": number, "to": f"/learn/runs/{other}"})
    assert opened.headers["location"] == f"/learn/runs/{other}"
    away = await ada.send(HERE, {"do": "open", "notification_id": number, "to": "https://elsewhere.test/"})
    assert away.headers["location"] == HERE
    assert "1 unread notification" in (await ada.once_built(HERE)).text
    through = re.findall(r'name="through" value="(\d+)"', (await ada.get(HERE)).text)[0]
    await ada.send(HERE, {"do": "read-all", "through": through})
    page = await ada.once_built(HERE)
    assert "All is read." in text_of(page)
    assert "unread notification" not in page.text
    await ada.send(HERE, {"do": "archive", "notification_id": number})
    page = await ada.once_built(HERE)
    assert "You have a place on a course" not in text_of(page)


async def test_every_page_counts_what_is_unread(campus: Campus, ada: Reader) -> None:
    """Also one that refuses, and the answer to a form; a part of a page does not, and no visitor is asked for."""
    await ada.sees(HERE, "You have signed in by the link of a mail for the first time")
    for address in ("/learn", "/courses", "/styleguide", "/nowhere", "/admin", f"/teach/runs/{campus.run}"):
        assert "1 unread notification" in (await ada.get(address)).text, address
    refused = await ada.send("/account/notifications", {"switch-money.": "off"})
    assert (refused.status_code, "1 unread notification" in refused.text) == (422, True)
    assert "unread notification" not in (await ada.get("/search?part=1")).text
    assert "unread notification" not in (await Reader(ada.town).get("/courses")).text


async def test_a_notification_of_the_forum_leads_to_the_post(town: Town, campus: Campus, ada: Reader) -> None:
    """On the desk on which who is notified reads it; in the own language."""
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    forum = f"/learn/runs/{campus.run}/forum"
    question = {"kind": "question", "title": "Why <b>six</b>?", "text": "I count six.", "anonymous": "on"}
    thread = (await ada.send(forum, question)).headers["location"]
    await bob.once_built(thread)
    await bob.send(thread, {"do": "reply", "post_no": "1", "text": "Seven."})
    shown = await ada.sees(HERE, "There is an answer to your question: Why <b>six</b>?")
    assert "Why &lt;b&gt;six" in shown
    assert bob.browser.learner_id not in shown
    (page,) = set(re.findall(r'href="(/forum/[^"]+)"', shown))
    assert (await ada.get(page)).headers["location"] == f"{thread}#post-2"
    german = text_of(await ada.get(HERE, **{"accept-language": "de"}))
    assert "Ihre Frage hat eine Antwort" in german


async def test_several_answers_are_one_line(town: Town, campus: Campus, ada: Reader) -> None:
    """With their number; to open it reads all of them, and the bell and the home page count them."""
    bob = Reader(town, await town.settle("bob@example.org"))
    await campus.send("/enrollments", {"run_id": campus.run}, user=bob.browser.learner_id)
    question = {"kind": "question", "title": "Why?", "text": "I count six."}
    thread = (await ada.send(f"/learn/runs/{campus.run}/forum", question)).headers["location"]
    await bob.once_built(thread)
    for _ in range(3):
        await bob.send(thread, {"do": "reply", "post_no": "1", "text": "Seven."})
    shown = await ada.sees(HERE, "3 new answers to your question: Why?")
    assert shown.count("new answers to your question") == 1
    german = text_of(await ada.get(HERE, **{"accept-language": "de"}))
    assert "3 neue Antworten auf Ihre Frage: Why?" in german
    number = re.search(r"(\d+) unread notifications", text_of(await ada.get("/bell")))
    assert number is not None
    assert number[0] in text_of(await ada.get("/learn"))
    (ids,) = set(re.findall(r'name="notification_id" value="(\w+,\w+,\w+)"', shown))
    await ada.send(HERE, {"do": "open", "notification_id": ids, "to": thread})
    left = int(number[1]) - 3
    await ada.sees("/bell", f"{left} unread notification" if left else "Notifications")


async def test_a_person_chooses_what_to_be_told(campus: Campus, ada: Reader) -> None:
    """What is required has no switch; what was chosen is shown again."""
    page = (await ada.once_built("/account/notifications")).text
    assert 'name="switch-security.' not in page
    saved = await ada.send(
        "/account/notifications", {"switch-.": "", "switch-grades.": "off", "switch-grades.page": "on"}
    )
    shown = (await ada.follow(saved)).text
    assert "Saved." in shown
    assert re.search(r'id="switch-grades-all" name="switch-grades\.".*?value="off" selected', shown, re.DOTALL)
    refused = await ada.send("/account/notifications", {"switch-money.": "off"})
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert campus.learner == ada.browser.learner_id


async def test_the_words_are_those_of_the_reader(campus: Campus, ada: Reader) -> None:
    """In German, the kinds and the reasons too."""
    await ada.sees(HERE, "You have signed in")
    page = text_of(await ada.get(HERE, **{"accept-language": "de"}))
    assert "Sie haben sich zum ersten Mal durch den Link einer E-Mail angemeldet" in page
    assert "Warum bekomme ich das?" in page
    assert campus.learner


async def test_a_mail_program_stops_mails_by_one_request(campus: Campus, ada: Reader, settings: Settings) -> None:
    """Without a cookie, twice as once (RFC 8058); to look at the page stops nothing, nor does a forged address."""
    token = link_token(
        ada.browser.learner_id, UNSUBSCRIBE, settings.token_secret, now=datetime.now(UTC), state="places"
    )
    assert "Stop these mails" in (await campus.client.get(f"/unsubscribe/{token}")).text
    assert not await stopped(ada)
    form = {"List-Unsubscribe": "One-Click"}
    forged = await campus.client.post(f"/unsubscribe/{token[:-4]}AAAA", data=form)
    assert (forged.status_code, await stopped(ada)) == (403, False)
    for _ in range(2):
        answer = await campus.client.post(f"/unsubscribe/{token}", data=form)
        assert (answer.status_code, "You get no more mails of this kind" in answer.text) == (200, True)
        assert await stopped(ada)


async def stopped(ada: Reader) -> bool:
    """Whether mails about places are switched off."""
    page = (await ada.once_built("/account/notifications")).text
    (switch,) = [each for each in page.split("</select>") if 'name="switch-places.email"' in each]
    return 'value="off" selected' in switch
