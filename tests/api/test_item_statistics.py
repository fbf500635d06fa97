"""Item statistics over HTTP: who may see them, and that a regrade changes them."""

from typing import Any

from tests.support.api import Campus

KEY = {"item_id": "i1", "key": {"kind": "single_choice", "shares": {"0": "1"}}}


async def test_a_regrade_changes_the_figures(campus: Campus) -> None:
    """Of the first attempt of each learner; learners see none, and a version that was never published has none."""
    await campus.open_run()
    path = f"/quizzes/{campus.quiz}"
    for name, *attempts in (("a", [0, 0], [1, 0]), ("b", [1, 1]), ("c", [1, -1])):
        learner = f"{name}-{campus.tag}"
        await campus.enroll(learner)
        for number, responses in enumerate(attempts, 1):
            await campus.send(f"{path}/attempts/{number}/submit", {"responses": responses}, user=learner)

    async def figures(has: Any) -> dict[str, Any]:
        return await campus.until_answer(f"{path}/item-statistics", has, user="instructor")

    found = await figures(lambda each: each.get("learners") == 3)
    assert (found["version"], found["versions"], found["same_items"]) == (1, [{"version": 1, "learners": 3}], True)
    first, second = found["items"]
    assert (first["facility_bp"], first["omitted"], first["discrimination"]) == (6_667, 0, -1.0)
    assert [(each["option_id"], each["right"], each["chosen"]) for each in first["options"]] == [
        ("0", False, 1),
        ("1", True, 2),
    ]
    assert (second["facility_bp"], second["omitted"], second["remarks"]) == (3_333, 1, [])
    await campus.send(f"{path}/regrades", {"items": [KEY], "reason": "the key was wrong"}, user="instructor")
    await campus.send(f"{path}/regrades/1/commit", {}, user="instructor")
    found = await figures(lambda each: each["items"][0]["facility_bp"] == 3_333)
    assert [each["right"] for each in found["items"][0]["options"]] == [True, False]
    assert (found["items"][0]["discrimination"], found["alpha"]) == (1.0, 1.0)
    refused = await campus.get(f"{path}/item-statistics", user=f"a-{campus.tag}")
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")
    refused = await campus.get(f"{path}/item-statistics", user="instructor", version=2)
    assert (refused.status_code, refused.json()["code"]) == (404, "quiz_version_not_found")
