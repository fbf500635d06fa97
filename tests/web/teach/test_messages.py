"""Messages to learners of a run as pages, without a script: looked at, planned, undone, read."""

import re

from commands.log import Context
from commands.notification.messages import BringMessage
from tests.support.api import Campus
from tests.support.pages import Reader, text_of
from tests.support.people import Town

FORM = {
    "addressees": "on_run",
    "language": "en",
    "title": "Friday <b>",
    "text": "We meet at **nine** <script>alert(1)</script>.",
    "language2": "de",
    "title2": "Freitag",
    "text2": "Wir treffen uns um **neun**.",
    "wait_minutes": "60",
}


async def test_staff_write_to_learners_and_undo_it(town: Town, campus: Campus, ada: Reader) -> None:
    """Who would get it is seen before, with how it reads; it can be undone as long as it has not left."""
    base = f"/teach/runs/{campus.run}/messages"
    assert (await ada.get(base)).status_code == 403
    teacher = Reader(town)
    await teacher.send("/signin/sample", {"person": "admin"})
    assert "No message was written" in text_of(await teacher.once_built(base))
    seen = await teacher.send(base, {**FORM, "do": "look"})
    assert seen.status_code == 200, text_of(seen)
    assert "It would go to 1 learner now. 1 of them has an account in use." in text_of(seen)
    assert "<strong>nine</strong>" in seen.text
    assert "<script>alert" not in seen.text
    assert 'value="Friday &lt;b&gt;"' in seen.text
    refused = await teacher.send(base, {**FORM, "title": "", "do": "plan"})
    assert refused.status_code == 422
    assert "Wir treffen uns" in refused.text
    shown = await teacher.follow(await teacher.send(base, {**FORM, "do": "plan"}))
    assert "It leaves in 60 minutes. Until then it can be undone." in text_of(shown)
    (message_id,) = re.findall(r'name="message_id" value="(\w+)"', shown.text)
    undone = await teacher.follow(await teacher.send(base, {"do": "undo", "message_id": message_id}))
    assert "It does not leave." in text_of(undone)
    assert "undone" in text_of(undone)
    page = text_of(await teacher.once_built(f"{base}/{message_id}"))
    assert "Whether it was opened is not tracked" in page


async def test_a_learner_reads_a_message_in_the_own_language(town: Town, campus: Campus, ada: Reader) -> None:
    """From the inbox, as clean HTML; what has become of it is shown to the staff."""
    base = f"/teach/runs/{campus.run}/messages"
    teacher = Reader(town)
    await teacher.send("/signin/sample", {"person": "admin"})
    await teacher.once_built(base)
    shown = await teacher.follow(await teacher.send(base, {**FORM, "do": "plan"}))
    (message_id,) = re.findall(r'name="message_id" value="(\w+)"', shown.text)
    page = BringMessage(message_id, "", (ada.browser.learner_id,), finished=True)
    await town.app.state.services.bus.handle(page, Context("dispatcher"))
    inbox = await ada.sees("/notifications", "Message: Friday <b>")
    assert f'value="/messages/{message_id}"' in inbox
    read = await ada.get(f"/messages/{message_id}")
    assert "<strong>nine</strong>" in read.text
    assert "<script>alert" not in read.text
    german = await ada.get(f"/messages/{message_id}", **{"accept-language": "de"})
    assert "Wir treffen uns um <strong>neun</strong>." in german.text
    assert "Nachricht: Freitag" in text_of(await ada.get("/notifications", **{"accept-language": "de"}))
    await teacher.sees(f"{base}/{message_id}", "is there")
