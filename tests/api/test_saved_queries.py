"""Queries that analysts save, with their versions."""

from adapters.settings import Settings
from tests.support.api import Campus


async def test_queries_are_saved_for_oneself_or_for_all(campus: Campus, lively: Settings) -> None:
    """With their versions; the owner alone changes them, and another person's own are not there."""
    campus.who_analyses(lively)
    name = f"Who leaves? {campus.tag}"
    body = {"name": name, "sql": "SELECT day, withdrawn FROM enrollment_days"}
    made = await campus.post("/analytics/queries", body, user="mei", key=f"{campus.tag}-saved")
    again = await campus.post("/analytics/queries", body, user="mei", key=f"{campus.tag}-saved")
    assert made.json() == again.json()
    path = f"/analytics/queries/{made.json()['query_id']}"
    assert (await campus.get(path, user="admin")).status_code == 404
    assert (await campus.post(path, {**body, "shared": True}, user="mei")).status_code == 202
    found = (await campus.get(path, user="admin")).json()
    assert (found["own"], found["version"], found["owner_id"]) == (False, 2, "mei")
    assert [each["version"] for each in found["versions"]] == [2]
    own = (await campus.get(path, user="mei")).json()
    assert [(each["version"], each["shared"]) for each in own["versions"]] == [(2, True), (1, False)]
    others = await campus.post(path, body, user="admin")
    assert (others.status_code, others.json()["code"]) == (403, "not_own_query")
    listed = (await campus.get("/analytics/queries", user="admin")).json()["items"]
    assert [each["own"] for each in listed if each["name"] == name] == [False]
    assert (await campus.post(f"{path}/remove", user="mei")).status_code == 202
    assert (await campus.get(path, user="mei")).status_code == 404
    assert (await campus.post(path, body, user="mei")).status_code == 404
