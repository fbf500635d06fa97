"""Mentions over HTTP: of those who write under a name, by the name of now; no anonymous author is among them."""

from tests.support.api import Campus
from tests.support.forum import asked


async def test_who_writes_under_a_name_can_be_mentioned(campus: Campus) -> None:
    """An anonymous author cannot, and is refused as a person who does not exist."""
    thread = await asked(campus, anonymous=True)
    bob = f"bob-{campus.tag}"
    for learner_id in (campus.learner, "no-one", bob):
        body = {"parent_no": 1, "text": f"Ask @[{learner_id}]."}
        refused = await campus.post(f"{thread}/posts", body, user=bob)
        assert (refused.status_code, refused.json()["code"]) == (422, "not_mentionable")
        assert refused.json()["detail"].replace(learner_id, "") == (
            f" is not one of the people of run {campus.run} whom you can mention"
        )
    position = await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "Seven."}, user=bob)
    await campus.see(f"/runs/{campus.run}/mentionable", position, user=campus.learner)
    ask_bob = {"parent_no": 2, "text": f"Sure, @[{bob}]? `@[x]`"}
    position = await campus.send(f"{thread}/posts", {**ask_bob, "text": f"Sure, @[{bob}]?"})
    (_, second, third) = (await campus.see(thread, position, user=bob))["items"]
    assert second["mentions"] == []
    assert third["mentions"] == [{"learner_id": bob, "name": None, "erased": False}]
    assert third["text"] == f"Sure, @[{bob}]?"
    assert campus.learner in (await campus.get(f"{thread}", user=campus.learner)).text
    refused = await campus.post(f"{thread}/posts", ask_bob)
    assert refused.json()["code"] == "not_mentionable"


async def test_a_mention_stays_when_a_post_is_changed(campus: Campus) -> None:
    """Also of one who has left the run; a new one is refused."""
    thread = await asked(campus)
    bob = f"bob-{campus.tag}"
    position = await campus.send(f"{thread}/posts", {"parent_no": 1, "text": "Seven."}, user=bob)
    await campus.see(f"/runs/{campus.run}/mentionable", position, user=campus.learner)
    await campus.send(f"{thread}/posts", {"parent_no": 2, "text": f"@[{bob}], sure?"})
    await campus.send("/enrollments/withdraw", {"run_id": campus.run}, user=bob)
    position = await campus.send(f"{thread}/posts/3", {"text": f"@[{bob}], are you sure?"})
    found = (await campus.see(thread, position, user=campus.learner))["items"][2]
    assert (found["edits"], found["mentions"][0]["learner_id"]) == (1, bob)
    refused = await campus.post(f"{thread}/posts", {"parent_no": 2, "text": f"@[{bob}]?"})
    assert refused.json()["code"] == "not_mentionable"


async def test_staff_mention_all_who_have_a_place(campus: Campus) -> None:
    """Also one who has written nothing; who has no place is refused to them, too."""
    thread = await asked(campus)
    bob = f"bob-{campus.tag}"
    posted = await campus.post(f"{thread}/posts", {"parent_no": 1, "text": f"@[{bob}]?"}, user="instructor")
    assert posted.status_code == 202, posted.text
    refused = await campus.post(f"{thread}/posts", {"parent_no": 1, "text": "@[stranger]?"}, user="instructor")
    assert refused.json()["code"] == "not_mentionable"
