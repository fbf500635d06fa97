"""The draft of a course over HTTP: edited by two people, previewed, published."""

from typing import Any

from tests.support.api import UNITS, Campus

IDS = ["intro", "q1", "q2"]
TEXT = {"unit_id": "t1", "kind": "text", "title": "What is a group?", "completion": {"rule": "opened"}}


async def test_a_draft_is_edited_by_two_and_published(campus: Campus) -> None:
    """The second editor sees what the first has changed, and what is published is what the preview shows."""
    position = await campus.open_run()
    path = f"/courses/{campus.course}/draft"
    assert (await campus.get(path, user="admin")).json()["code"] == "draft_not_found"
    position = await campus.send(path, {}, user="admin")
    draft = await campus.see(path, position, user="admin")
    assert (draft["revision"], draft["base_version"], draft["changed"]) == (1, 1, False)
    assert [unit["unit_id"] for unit in draft["units"]] == IDS

    edits: list[dict[str, Any]] = [
        {"op": "add_section", "section_id": "s1", "title": "Basics"},
        *({"op": "move_unit", "unit_id": unit_id, "section_id": "s1"} for unit_id in IDS),
        {"op": "add_unit", "unit": TEXT, "section_id": "s1", "place": 1},
        {
            "op": "change_policy",
            "policy": {"letters": [{"letter": "P", "from_bp": 4_000}, {"letter": "F", "from_bp": 0}]},
        },
    ]
    half = {"revision": 1, "edits": edits[:2]}
    position = await campus.send(f"{path}/edits", half, user="instructor")
    assert await campus.send(f"{path}/edits", half, user="instructor") == position  # it changes nothing
    draft = await campus.see(path, position, user="admin")
    assert [problem["detail"] for problem in draft["problems"]] == [
        "unit q1 is in no section",
        "unit q2 is in no section",
    ]
    late = await campus.post(f"{path}/edits", {"revision": 1, "edits": edits[2:]}, user="admin")
    assert (late.status_code, late.json()["code"], late.json()["revision"]) == (409, "draft_changed", draft["revision"])
    refused = await campus.post(f"{path}/publish", {"revision": draft["revision"]}, user="admin")
    assert refused.json()["code"] == "bad_structure"
    position = await campus.send(f"{path}/edits", {"revision": draft["revision"], "edits": edits[2:]}, user="admin")
    draft = await campus.see(path, position, user="admin")
    assert draft["problems"] == []

    position = await campus.send(f"{path}/publish", {"revision": draft["revision"]}, user="admin")
    assert await campus.send(f"{path}/publish", {"revision": draft["revision"]}, user="admin") == position
    version = await campus.see(f"/courses/{campus.course}/versions/2", position)
    for part in ("units", "sections", "letters", "grading_policy", "prerequisites"):
        assert version[part] == draft[part], part
    assert version["sections"] == [{"section_id": "s1", "title": "Basics", "units": ["intro", "t1", "q1", "q2"]}]
    assert (await campus.see(path, position, user="admin"))["changed"] is False


async def test_a_version_published_beside_the_draft_is_not_undone(campus: Campus) -> None:
    """The draft is published over it when that is said."""
    await campus.open_run()
    path = f"/courses/{campus.course}"
    position = await campus.send(f"{path}/draft", {}, user="admin")
    edit = {"revision": 1, "edits": [{"op": "add_unit", "unit": TEXT}]}
    position = await campus.send(f"{path}/draft/edits", edit, user="admin")
    await campus.send(f"{path}/versions", {"units": UNITS[:2]}, user="admin")
    behind = await campus.post(f"{path}/draft/publish", {"revision": 2}, user="admin")
    assert (behind.status_code, behind.json()["code"], behind.json()["version"]) == (409, "draft_behind", 2)
    position = await campus.send(f"{path}/draft/publish", {"revision": 2, "over_version": 2}, user="admin")
    assert len((await campus.see(f"{path}/versions/3", position))["units"]) == 4
    position = await campus.send(f"{path}/draft", {"revision": 3, "version": 0}, user="admin")
    assert (await campus.see(f"{path}/draft", position, user="admin"))["units"] == []


async def test_courses_do_not_wait_for_each_other(campus: Campus) -> None:
    """A course asks for another one that there is, and that does not ask for it in turn."""
    await campus.open_run()
    other = f"{campus.course}-2"
    await campus.send("/courses", {"course_id": other, "title": "Second"}, user="admin")
    asks = {"units": UNITS, "prerequisites": [{"courses": [campus.course]}]}
    await campus.send(f"/courses/{other}/versions", asks, user="admin")
    for course, code in (
        (other, "prerequisite_circle"),
        (campus.course, "prerequisite_circle"),
        ("none", "course_not_found"),
    ):
        body = {"units": UNITS, "prerequisites": [{"courses": [course]}]}
        refused = await campus.post(f"/courses/{campus.course}/versions", body, user="admin")
        assert refused.json()["code"] == code
    draft = await campus.get(f"/courses/{campus.course}/draft", user=campus.learner)
    assert draft.status_code == 403
