"""A person in a forum over HTTP, who is silent, or about whom the staff have noted something."""

from datetime import UTC, datetime, timedelta

from tests.api.forum.test_rules import begun
from tests.support.api import Campus

NOTE = "Was asked twice to be kind."


async def test_a_person_is_silenced_and_noted_about(campus: Campus) -> None:
    """The person reads of the silence, and not what the staff note."""
    thread = await begun(campus)
    bob, about = f"bob-{campus.tag}", f"/runs/{campus.run}/forum/learners/bob-{campus.tag}"
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    silence = {"until": until, "ground": "rude", "words": "Cool down."}
    for path, body in ((f"{about}/silence", silence), (f"{about}/notes", {"words": NOTE})):
        refused = await campus.post(path, body, user=bob)
        assert refused.status_code == 403
        position = await campus.send(path, body, user="instructor")
    assert (await campus.get(about, user=bob)).status_code == 403
    found = await campus.see(about, position, user="instructor")
    assert (found["ground"], found["words"], found["decisions"]) == ("rude", "Cool down.", {})
    assert [(each["note_no"], each["words"]) for each in found["notes"]] == [(1, NOTE)]
    refused = await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "No."}, user=bob)
    assert (refused.status_code, refused.json()["code"]) == (403, "silenced")
    for path in (f"/learners/{bob}/history", f"/learners/{bob}/timeline", f"/facts/{position}"):
        shown = await campus.get(path, user=bob)
        assert (shown.status_code, NOTE in shown.text) == (200, False)
    assert "conduct.noted" in (await campus.get(f"/facts/{position}", user=bob)).text
    assert NOTE in (await campus.get(f"/learners/{bob}/history", user="instructor")).text
    await campus.send(f"{about}/silence/end", user="instructor")
    position = await campus.send(f"{about}/notes/1/remove", user="instructor")
    found = await campus.see(about, position, user="instructor")
    assert (found["silenced_until"], found["notes"]) == (None, [])
