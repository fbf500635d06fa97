"""The form that says when mails come, without a script."""

import re

from tests.support.api import Campus
from tests.support.pages import Reader, text_of

HERE = "/account/notifications"
FORM = {
    "do": "schedule",
    "quiet_begins": "22:00",
    "quiet_ends": "07:00",
    "every": "week",
    "time": "08:00",
    "weekday": "3",
}


async def test_a_person_says_when_mails_come(campus: Campus, ada: Reader) -> None:
    """What was chosen is shown again, also where it is refused; in the language of the reader."""
    assert "Mails come at once." in text_of(await ada.once_built(HERE))
    shown = (await ada.follow(await ada.send(HERE, FORM))).text
    assert "Saved." in shown
    assert re.search(r'name="quiet_begins"\s+value="22:00"', shown)
    assert '<option value="3" selected>Wednesday</option>' in shown
    assert "The next one comes" in shown
    refused = await ada.send(HERE, FORM | {"quiet_ends": "22:00", "weekday": "5"})
    assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    assert '<option value="5" selected>Friday</option>' in refused.text
    off = await ada.follow(await ada.send(HERE, {**FORM, "quiet_begins": "", "quiet_ends": "", "every": "no"}))
    assert "Mails come at once." in text_of(off)
    german = text_of(await ada.get(HERE, **{"accept-language": "de"}))
    assert "Mittwoch" in german
    assert campus.learner
