"""The transcript over HTTP: for its holder and the staff. That they read it is recorded: test_reads.py."""

from typing import Any

from tests.support.api import Campus


async def test_a_transcript_keeps_what_was_revised(campus: Campus) -> None:
    """As JSON and as a page; for others there is none."""
    await campus.open_run()
    await campus.enroll()
    outcome = {"run_id": campus.run, "learner_id": campus.learner}
    await campus.send("/progress/outcomes", {**outcome, "outcome": "pass"}, user="instructor")

    async def transcript(has: Any) -> dict[str, Any]:
        found = await campus.until_answer(
            "/me/transcript", lambda each: each["runs"] and each["runs"][0]["credentials"] and has(each["runs"][0])
        )
        (run,) = found["runs"]
        assert isinstance(run, dict)
        return run

    run = await transcript(lambda each: each["title"] and each["outcome"])
    assert (run["title"], run["outcome"], run["credentials"][0]["status"]) == ("Algebra", "pass", "valid")
    appeal = {"outcome": "fail", "reason": "she has called me a fool"}
    await campus.send("/progress/outcomes", {**outcome, **appeal}, user="instructor")
    run = await transcript(lambda each: each["credentials"][0]["status"] == "revoked")
    assert [each["outcome"] for each in run["outcomes"]] == ["pass", "fail"]
    path = f"/v1/learners/{campus.learner}/transcript"
    by_staff = await campus.client.get(path, headers=await campus.as_user("instructor", accept="text/html"))
    assert (by_staff.status_code, by_staff.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in by_staff.headers["content-security-policy"]
    assert "How the outcome was revised" in by_staff.text
    assert appeal["reason"] not in by_staff.text
    other = await campus.get(path.removeprefix("/v1"), user=f"other-{campus.tag}")
    assert (other.status_code, other.json()["code"]) == (403, "not_yours")
    ghost = await campus.get(f"/learners/ghost-{campus.tag}/transcript")
    assert (ghost.status_code, ghost.json()["code"]) == (404, "learner_not_found")
