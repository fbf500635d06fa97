"""What a promotion would change over HTTP: two generations of a read model, compared as they are stored."""

from typing import Any

import httpx
import psycopg

from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.polling import until

PATH = "/projections/gradebook/differences"


async def rebuilt(campus: Campus) -> int:
    """The number of a generation of the gradebook that is ready."""
    asked = await campus.post(
        "/projections/gradebook/rebuild", {"reason": "a rule has changed", "from_scratch": True}, user="admin"
    )
    found: list[int] = []

    async def is_over() -> bool:
        job = (await campus.get(f"/projections/jobs/{asked.json()['job_id']}")).json()
        found[:] = [job["generation"]]
        return bool(job["status"] == "finished")

    await until(is_over)
    return found[0]


def change(settings: Settings, generation: int, *statements: str) -> None:
    """Give the rows of a generation what another rule would give them."""
    with psycopg.connect(settings.postgres_owner_url) as owner:
        owner.execute("SET ROLE campus_projector")
        owner.execute(f"SET search_path TO {settings.read_schema}".encode())
        for statement in statements:
            owner.execute(statement.replace("GRADES", f"gradebook_g{generation}").encode())


async def test_an_analyst_goes_from_the_distribution_to_the_rows(campus: Campus, lively: Settings) -> None:
    """How many rows differ by column, by how much, which they are, page by page; of tables with persons counts only."""
    user = campus.who_analyses(lively)

    async def get(path: str, **asked: Any) -> httpx.Response:
        return await campus.get(path, user=user, **asked)

    await campus.begin()
    place = {"run_id": campus.run, "unit_id": "q1", "kind": "quiz"}
    for number in range(3):
        quiz = {"quiz_id": f"{campus.quiz}-{number}", "title": "More", **place}
        await campus.send("/quizzes", {**quiz, "items": ITEMS, "key": [0]}, user="instructor")
        await campus.send(f"/quizzes/{quiz['quiz_id']}/attempts/1/submit", {"responses": [0]})
    head = (await campus.get("/projections")).json()["items"]
    assert head
    none = await get(PATH, generation=9_999)
    assert (none.status_code, none.json()["code"]) == (404, "no_such_generation")
    assert (await get("/projections/learner_dashboard/differences")).json()["code"] == "not_stored_here"
    await campus.see(f"/runs/{campus.run}/gradebook", await campus.enroll())
    generation = await rebuilt(campus)
    mine = f"run_id = '{campus.run}'"
    same = next(each for each in (await get(PATH)).json()["tables"] if each["table"] == "gradebook")
    before = same["changed"]
    change(
        lively,
        generation,
        f"UPDATE GRADES SET best_bp = best_bp - 500, late_by = 60 WHERE {mine} AND quiz_id LIKE '%-0'",
        f"UPDATE GRADES SET best_bp = best_bp - 900 WHERE {mine} AND quiz_id LIKE '%-1'",
        f"DELETE FROM GRADES WHERE {mine} AND quiz_id LIKE '%-2'",
    )
    found = (await get(PATH, generation=generation)).json()
    table = next(each for each in found["tables"] if each["table"] == "gradebook")
    assert (table["changed"] - before, table["removed"], table["shown"]) == (2, 1, True)
    columns = {each["column"]: each["rows"] for each in table["columns"]}
    assert columns["late_by"] >= 1
    assert columns["best_bp"] >= 2
    column = (await get(f"{PATH}/column", table="gradebook", column="best_bp")).json()
    assert sum(each["rows"] for each in column["bins"]) == columns["best_bp"]
    assert {"old": "10000", "new": "9500", "rows": 1} in column["transitions"]
    keys, cursor = [], None
    while True:
        page = (await get(f"{PATH}/rows", table="gradebook", limit=1, **({"cursor": cursor} if cursor else {}))).json()
        keys += [each["key"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    own = [key for key in keys if key[0] == campus.run]
    assert own == [[campus.run, f"{campus.quiz}-{number}", campus.learner] for number in range(3)]
    (late,) = [
        each
        for each in (await get(f"{PATH}/rows", table="gradebook", column="late_by", limit=200)).json()["items"]
        if each["key"][0] == campus.run
    ]
    assert late["old"]["late_by"] != late["new"]["late_by"] == 60
    hidden = await get(f"{PATH}/rows", table="accounts")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "no_such_column")
    assert (await get(f"{PATH}/column", table="gradebook", column="nothing")).json()["code"] == "no_such_column"
    assert (await campus.get(PATH, user=campus.learner)).status_code == 403


ITEMS = [{"item_id": "one", "text": "1 + 1?", "options": ["2", "3"]}]
