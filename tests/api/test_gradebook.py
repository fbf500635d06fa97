"""The gradebook of a run over HTTP."""

import csv
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI

from adapters.postgres.log.append import Append
from adapters.settings import Settings
from api import gradebook
from api.http import csv_pages
from tests.support.api import Campus
from tests.support.appends import new_event, opened
from tests.support.polling import until


async def test_the_gradebook_is_paged_in_every_order(campus: Campus) -> None:
    """Each row once, whatever it is sorted by, and the other way round in the other direction."""
    await campus.open_run()
    position = 0
    for number in range(4):
        learner = f"{campus.learner}-{number}"
        await campus.enroll(learner)
        answers = {"responses": [number % 2, number // 2]}
        position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", answers, user=learner)
    await _all_graded(campus, position)
    for sort in ("learner", "score", "lateness", "submitted_at"):
        up = await _all_rows(campus, position, sort=sort, order="asc")
        down = await _all_rows(campus, position, sort=sort, order="desc")
        assert len(up) == 4
        assert up == down[::-1]
    one = await campus.see(f"/runs/{campus.run}/gradebook", position, learner_id=f"{campus.learner}-0")
    assert [row["learner_id"] for row in one["items"]] == [f"{campus.learner}-0"]


async def _all_graded(campus: Campus, position: int) -> None:
    """The reactor needs a moment; pages of a book that is being written would not fit together."""

    async def are_graded() -> bool:
        book = await campus.see(f"/runs/{campus.run}/gradebook", position)
        return all(row["best_bp"] is not None for row in book["items"])

    await until(are_graded)


async def _all_rows(campus: Campus, position: int, **order: str) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        parameters = {**order, **({"cursor": cursor} if cursor else {})}
        page = await campus.see(f"/runs/{campus.run}/gradebook", position, limit=3, **parameters)
        found += [row["learner_id"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("parameters", [{"sort": "none"}, {"order": "none"}, {"cursor": "none"}, {"limit": 0}])
async def test_an_order_that_does_not_exist_is_refused(campus: Campus, parameters: dict[str, Any]) -> None:
    """So is a cursor that no page has given."""
    refused = await campus.get(f"/runs/{campus.run}/gradebook", **parameters)
    assert refused.status_code == 422


async def test_the_gradebook_is_for_staff(campus: Campus) -> None:
    """Learners see their grades in their dashboard."""
    refused = await campus.get(f"/runs/{campus.run}/gradebook", user=campus.learner)
    assert (refused.status_code, refused.json()["code"]) == (403, "staff_only")


async def test_learners_see_their_own_grades(app: FastAPI, campus: Campus) -> None:
    """Every assessment of the run, also those still to do, with how many attempts are left: none after its end."""
    await campus.open_run()
    essay = {"quiz_id": f"{campus.quiz}-2", "run_id": campus.run, "unit_id": "q2", "title": "Groups", "kind": "essay"}
    await campus.send("/quizzes", essay, user="instructor")
    await campus.enroll()
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", {"responses": [1, 0]})
    path = f"/me/runs/{campus.run}/grades"

    async def is_graded() -> bool:
        return bool((await campus.see(path, position, user=campus.learner))["items"][0]["graded"])

    await until(is_graded)
    page = (await campus.get(path, user=campus.learner, limit=1)).json()
    (quiz,) = page["items"]
    assert (quiz["title"], quiz["kind"], quiz["due_at"]) == ("Equations", "quiz", "2126-02-15T00:00:00Z")
    assert (quiz["attempts_allowed"], quiz["attempts"], quiz["attempts_left"]) == (2, 1, 1)
    assert (quiz["best_bp"], quiz["passed"], quiz["late_by"]) == (10_000, True, 0)
    rest = (await campus.get(path, user=campus.learner, limit=1, cursor=page["next"])).json()
    (open_essay,) = rest["items"]
    assert (open_essay["quiz_id"], open_essay["unit_id"], rest["next"]) == (essay["quiz_id"], "q2", None)
    assert (open_essay["attempts"], open_essay["attempts_left"], open_essay["best_bp"]) == (0, 1, None)
    assert open_essay["submitted_at"] is None
    named = f"/learners/{campus.learner}/runs/{campus.run}/grades"
    assert (await campus.get(named, limit=1)).json()["items"] == [quiz]
    assert (await campus.get(named, user=f"other-{campus.tag}")).json()["code"] == "not_yours"
    assert (await campus.get("/me/runs/no-such-run/grades", user=campus.learner)).json()["code"] == "run_not_found"
    unknown = f"/learners/none-{campus.tag}/runs/{campus.run}/grades"
    assert (await campus.get(unknown)).json()["code"] == "learner_not_found"
    app.state.services.log.clock.move(timedelta(days=40_000))  # after the end of the run
    ended = (await campus.get(path, user=campus.learner)).json()["items"]
    assert [(grade["attempts_allowed"], grade["attempts_left"]) for grade in ended] == [(2, 0), (1, 0)]


ESSAY = {"unit_id": "q2", "title": '=HYPERLINK("x")', "kind": "essay"}


async def _three_learners(campus: Campus) -> int:
    """The first has answered the quiz well and handed in the essay, which has no score; the third has left."""
    await campus.open_run()
    await campus.send("/quizzes", {"quiz_id": f"{campus.quiz}-2", "run_id": campus.run, **ESSAY}, user="instructor")
    learners = [f"{campus.learner}-{number}" for number in range(3)]
    for learner in learners:
        await campus.enroll(learner)
    await campus.send("/enrollments/withdraw", {"run_id": campus.run}, user=learners[2])
    await campus.send(f"/quizzes/{campus.quiz}-2/attempts/1/submit", {"responses": []}, user=learners[0])
    answers = {"responses": [1, 0]}
    position = await campus.send(f"/quizzes/{campus.quiz}/attempts/1/submit", answers, user=learners[0])

    async def is_graded() -> bool:
        first = (await campus.see(f"/runs/{campus.run}/gradebook/matrix", position))["items"][0]
        return bool(first["grade_bp"] and first["cells"][campus.quiz]["graded"])

    await until(is_graded)
    return position


async def test_a_gradebook_is_filtered(campus: Campus) -> None:
    """By what is passed, late, ungraded or of a kind; and it knows what is missing, of those who have a place."""
    position = await _three_learners(campus)

    async def rows(**asked: Any) -> list[tuple[str, str]]:
        page = await campus.see(f"/runs/{campus.run}/gradebook", position, **asked)
        return [(row["learner_id"][-1], row["unit_id"]) for row in page["items"]]

    assert await rows() == [("0", "q1"), ("0", "q2")]
    assert await rows(passed=True) == [("0", "q1")]
    assert await rows(passed=False) == await rows(ungraded=1) == await rows(kind="essay") == [("0", "q2")]
    assert await rows(late=1) == [("0", "q2")]
    assert await rows(late=0) == [("0", "q1")]
    assert await rows(missing=1) == [("1", "q1"), ("1", "q2")]
    assert await rows(missing=1, kind="quiz", sort="score", order="desc") == [("1", "q1")]
    assert await rows(missing=1, late=1) == [("1", "q2")]
    (first, *_) = (await campus.get(f"/runs/{campus.run}/gradebook", missing=1, limit=1)).json()["items"]
    assert (first["attempts"], first["best_bp"], first["submitted_at"], first["title"]) == (0, None, None, "Equations")


async def test_a_gradebook_is_a_matrix(campus: Campus) -> None:
    """Learners in pages, also those who have done nothing or have left; a cell where something is handed in."""
    position = await _three_learners(campus)
    path = f"/runs/{campus.run}/gradebook/matrix"
    page = await campus.see(path, position, limit=2)
    assert [column["unit_id"] for column in page["assessments"]] == ["q1", "q2"]
    first, second = page["items"]
    assert first["cells"][campus.quiz] == {
        "best_bp": 10_000,
        "passed": True,
        "banked": False,
        "late_by": 0,
        "attempts": 1,
        "graded": 1,
        "overridden": False,
        "counts": None,
    }
    assert (first["letter"], first["categories"], page["categories"]) == (None, {}, [])
    assert first["cells"][f"{campus.quiz}-2"]["best_bp"] is None
    assert (second["learner_id"], second["cells"]) == (f"{campus.learner}-1", {})
    rest = await campus.see(path, position, cursor=page["next"])
    assert [(row["learner_id"][-1], row["status"]) for row in rest["items"]] == [("2", "withdrawn")]
    assert rest["next"] is None
    assert (await campus.get(path, user=campus.learner)).json()["code"] == "staff_only"
    assert (await campus.get("/runs/no-such-run/gradebook/matrix")).json()["code"] == "run_not_found"


async def test_a_gradebook_is_a_file_for_spreadsheets(campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row in one answer however large a part is, a page where a limit is given; no cell is a formula."""
    monkeypatch.setattr(csv_pages, "PART", 1)
    await _three_learners(campus)
    path = f"/v1/runs/{campus.run}/gradebook"
    headers = await campus.as_user("admin", accept="text/csv, application/json;q=0.5")
    answer = await campus.client.get(path, headers=headers)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == f'attachment; filename="gradebook-{campus.run}.csv"'
    assert "accept," in answer.headers["vary"]
    assert answer.headers["content-encoding"] == "gzip"
    plain = await campus.client.get(path, headers={**headers, "accept-encoding": "identity"})
    assert ("content-encoding" in plain.headers, plain.text) == (False, answer.text)
    heads, quiz, essay = csv.reader(answer.text.splitlines())
    items = (await campus.get(f"/runs/{campus.run}/gradebook")).json()["items"]
    assert heads == list(items[0])
    words = {None: "", True: "true", False: "false"}
    shown = (words[value] if isinstance(value, bool | None) else str(value) for value in items[0].values())
    assert quiz == [*shown]
    assert essay[heads.index("title")] == '\'=HYPERLINK("x")'
    sorted_by_score = (await campus.client.get(path, headers=headers, params={"sort": "score"})).text.splitlines()
    assert sorted_by_score == [answer.text.splitlines()[number] for number in (0, 2, 1)]
    page = await campus.client.get(path, headers=headers, params={"limit": 1})
    assert (len(page.text.splitlines()), 'rel="next"' in page.headers["link"]) == (2, True)
    matrix = await campus.client.get(f"{path}/matrix", headers=headers)
    learner = campus.learner
    assert matrix.text.split("\r\n") == [
        f'"learner_id","status","grade_so_far_bp","grade_bp","{campus.quiz}","{campus.quiz}-2"',
        f'"{learner}-0","active",4000,4000,10000,',
        f'"{learner}-1","active",,,,',
        f'"{learner}-2","withdrawn",,,,',
        "",
    ]


def test_no_two_columns_of_a_file_have_the_same_head() -> None:
    """Whatever the id of an assessment is."""
    assert [gradebook.column_head(quiz_id) for quiz_id in ("status", "q1")] == ["quiz:status", "q1"]


async def test_a_grade_says_which_rule_it_broke(campus: Campus, lively: Settings) -> None:
    """In the gradebook, also as CSV, in the learner's grades, and counted on the learner's page of the run."""
    await campus.open_run()
    await campus.enroll()
    where = {"run_id": campus.run, "unit_id": "q1", "by": "learner", "late_by": 0, "responses": [1, 0], "banked": False}
    data = msgspec.json.encode({**where, "irregular": "after_unregistration"})
    async with opened(lively) as log:
        broken = new_event(f"attempt-{campus.learner}:{campus.quiz}:1", 1, type="attempt.submitted", data=data)
        position = (await log.append(Append([broken]))).last
    path = f"/runs/{campus.run}/gradebook"
    (row,) = (await campus.see(path, position))["items"]
    assert row["irregular"] == "after_unregistration"
    missing = await campus.see(path, position, missing=1)
    assert {row["irregular"] for row in missing["items"]} <= {None}
    own = (await campus.see(f"/me/runs/{campus.run}/grades", position, user=campus.learner))["items"]
    assert [grade["irregular"] for grade in own] == ["after_unregistration"]
    page = await campus.see(f"/me/runs/{campus.run}", position, user=campus.learner)
    assert page["irregular"] == {"after_unregistration": 1}
    sheet = await campus.client.get(f"/v1{path}", headers=await campus.as_user("admin", accept="text/csv"))
    (line,) = csv.DictReader(sheet.text.splitlines())
    assert line["irregular"] == "after_unregistration"


async def test_a_matrix_has_the_parts_of_grades_by_categories(campus: Campus) -> None:
    """Means of categories and letters, what is dropped, and what a person has overridden; also as a file."""
    await campus.send("/courses", {"course_id": campus.course, "title": "Algebra"}, user="admin")
    units = [
        {"unit_id": each, "kind": "quiz", "title": each, "weight": 1, "group": "home", "extra_credit": each == "q3"}
        for each in ("q1", "q2", "q3")
    ]
    home = {"group_id": "home", "title": "Home", "weight": 1, "drop_lowest": 1}
    letters = [{"letter": "A", "from_bp": 8_000}, {"letter": "F", "from_bp": 0}]
    structure = {"units": units, "grading_policy": "categories", "groups": [home], "letters": letters}
    await campus.send(f"/courses/{campus.course}/versions", structure, user="admin")
    plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z", "capacity": None}
    await campus.send("/runs", {"run_id": campus.run, "course_id": campus.course, **plan}, user="admin")
    await campus.send(f"/runs/{campus.run}/open", user="admin")
    await campus.enroll()
    learner = {"learner_id": campus.learner}
    for number, score in enumerate((5_000, 7_000, 3_000), 1):
        paper = {"quiz_id": f"{campus.quiz}-{number}", "run_id": campus.run, "unit_id": f"q{number}", "title": "Paper"}
        await campus.send("/quizzes", {**paper, "kind": "essay"}, user="instructor")
        path = f"/quizzes/{campus.quiz}-{number}/attempts/1"
        await campus.send(f"{path}/submit", {"responses": []})
        position = await campus.send(f"{path}/grade", {**learner, "score_bp": score}, user="instructor")
    override = {**learner, "score_bp": 6_000, "reason": "appeal"}
    position = await campus.send(f"/quizzes/{campus.quiz}-1/attempts/1/override", override, user="instructor")
    path = f"/runs/{campus.run}/gradebook/matrix"
    page = await campus.see(path, position)

    async def is_whole() -> bool:
        page.update(await campus.see(path, position))
        return bool(page["items"][0]["grade_bp"] == 10_000)

    await until(is_whole)
    (row,) = page["items"]
    assert page["categories"] == [{**home, "extra_credit": False, "pass_bp": None}]
    assert (row["letter"], row["letter_so_far"]) == ("A", "A")
    assert row["categories"] == {"home": {"grade_bp": 10_000, "grade_so_far_bp": 10_000}}
    shown = {quiz_id[-1]: (cell["counts"], cell["overridden"]) for quiz_id, cell in row["cells"].items()}
    assert shown == {"1": ("dropped", True), "2": ("counted", False), "3": ("extra", False)}
    sheet = await campus.client.get(f"/v1{path}", headers=await campus.as_user("admin", accept="text/csv"))
    (line,) = csv.DictReader(sheet.text.splitlines())
    assert (line["letter"], line["category:home"], line[f"{campus.quiz}-1"]) == ("A", "10000", "6000")
    await _rows_go_by_the_version_of_their_learner(campus, structure)


async def _rows_go_by_the_version_of_their_learner(campus: Campus, structure: dict[str, Any]) -> None:
    """Who has passed keeps the letters and categories of the first version; others have the next, by own deadlines."""
    other = f"{campus.learner}-2"
    await campus.enroll(other)
    await campus.send(f"/quizzes/{campus.quiz}-1/attempts/1/submit", {"responses": []}, user=other)
    score = {"learner_id": other, "score_bp": 5_500}
    await campus.send(f"/quizzes/{campus.quiz}-1/attempts/1/grade", score, user="instructor")
    passed = {"run_id": campus.run, "learner_id": campus.learner, "outcome": "pass", "reason": "has shown it"}
    await campus.send("/progress/outcomes", passed, user="instructor")
    work = {"group_id": "work", "title": "Work", "weight": 1}
    units = [{**each, "group": "work"} for each in structure["units"]]
    units[1]["due_after_days"] = 10  # long ago, but for who has an extension
    letters = [{"letter": "P", "from_bp": 5_000}, {"letter": "N", "from_bp": 0}]
    second = {**structure, "units": units, "groups": [work], "letters": letters}
    await campus.send(f"/courses/{campus.course}/versions", second, user="admin")
    await campus.send(f"/runs/{campus.run}/version", {"course_version": 2}, user="instructor")
    longer = {"unit_id": "q2", "learner_ids": [other], "new_due": "2126-02-01T00:00:00Z", "reason": "was in hospital"}
    await campus.send(f"/runs/{campus.run}/extensions", longer, user="instructor")
    path = f"/runs/{campus.run}/gradebook/matrix"
    page = await campus.until_answer(
        path, lambda found: any("work" in row["categories"] for row in found["items"]), user="instructor"
    )
    shown = [(row["learner_id"], row["letter_so_far"], [*row["categories"]]) for row in page["items"]]
    assert shown == [(campus.learner, "A", ["home"]), (other, "P", ["work"])]
    assert page["items"][1]["categories"]["work"]["grade_so_far_bp"] == page["items"][1]["grade_so_far_bp"] == 5_500
    assert [each["group_id"] for each in page["categories"]] == ["home", "work"]
