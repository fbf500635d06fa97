"""When mails come, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.test_notification import Person, person
from tests.support.api import Campus

__all__ = ["person"]
HERE = "/me/notifications/schedule"
NIGHT = {"begins": "22:00", "ends": "07:00"}


async def test_a_person_chooses_when_mails_come(person: Person) -> None:
    """By the clocks of the profile; what is left out is not wanted any more."""
    campus = person.campus
    shown = await seen(campus)
    assert shown == {
        "time_zone": "UTC", "quiet": None, "digest": None, "quiet_until": None, "next_digest_at": None,
    }  # fmt: skip
    await campus.send(HERE, {"quiet": NIGHT, "digest": {"every": "day", "time": "08:00"}}, user=campus.learner)
    shown = await seen(campus)
    assert (shown["quiet"], shown["digest"]) == (NIGHT, {"every": "day", "time": "08:00", "weekday": None})
    next_at, now = datetime.fromisoformat(shown["next_digest_at"]), datetime.now(UTC)
    assert now - timedelta(days=1) < next_at < now + timedelta(days=2)
    await campus.send(HERE, {"digest": {"every": "week", "time": "18:30", "weekday": 7}}, user=campus.learner)
    shown = await seen(campus)
    assert (shown["quiet"], shown["digest"]) == (None, {"every": "week", "time": "18:30", "weekday": 7})
    assert datetime.fromisoformat(shown["next_digest_at"]).isoweekday() == 7


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"quiet": {"begins": "22:00", "ends": "22:00"}}, "unfit_quiet_hours"),
        ({"digest": {"every": "week", "time": "08:00"}}, "unfit_digest"),
        ({"digest": {"every": "day", "time": "08:00", "weekday": 1}}, "unfit_digest"),
        ({"quiet": {"begins": "24:00", "ends": "07:00"}}, "invalid_request"),
    ],
)
async def test_what_no_clock_shows_is_refused(person: Person, body: dict[str, Any], code: str) -> None:
    """And nothing is changed by it."""
    campus = person.campus
    refused = await campus.post(HERE, body, user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert (await seen(campus))["quiet"] is None


async def seen(campus: Campus) -> Any:
    """When mails come."""
    answer = await campus.get(HERE, user=campus.learner)
    assert answer.status_code == 200, answer.text
    return answer.json()
