"""Real learners, from the file to the dashboards over HTTP: what a newcomer sees after `campus import oulad`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from campuslog import Campus
from tests.support.api import is_behind
from tests.support.campus_up import RunningCampus, campus, running_campus
from tests.support.oulad_recount import Recounted, recount
from tests.support.polling import PATIENCE, wait_until
from tests.support.servers import throw_away_directory

DATA = Path(__file__).parents[3] / "shared" / "data" / "anonymisedData.zip"
NO_DATA = pytest.mark.skipif(not DATA.exists(), reason=f"the data set is not at {DATA.parent}")
SOURCE = "import:oulad"

# Counted from the files; the first is shared/data/README.md.
WHOLE = {
    "people": 28_785,
    "registrations": 32_593,
    "withdrawals": 10_072,
    "without_registration_date": 45,
    "outcomes": {"pass": 12_361, "withdrawn": 10_156, "fail": 7_052, "distinction": 3_024},
    "submissions": 173_912,
    "banked": 1_909,
    "without_score": 173,
    "activity_rows": 1_048_575,
    "activity_amount": 3_516_339,
    "active_people": 4_080,
}


@contextmanager
def reading(running: RunningCampus) -> Iterator["Reader"]:
    """An admin who looks at the campus over HTTP."""
    settings = Settings.load(data_dir=running.data_dir)
    token = sign(claims_of("admin"), settings.token_secret, now=datetime.now(UTC), lifetime=timedelta(hours=1))
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=settings.api_url, headers=headers, timeout=PATIENCE) as client:
        yield Reader(client)


class Reader:
    """A user with a token."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, position: int, **parameters: Any) -> dict[str, Any]:
        """What the API answers, once it is true for *position*."""
        body: dict[str, Any] = {}

        def is_there() -> bool:
            answer = self._client.get(path, params={"min_position": position, **parameters})
            if is_behind(answer):
                return False
            assert answer.status_code == 200, answer.text
            body.update(answer.json())
            return True

        wait_until(is_there)
        return body


def import_oulad(running: RunningCampus, *arguments: str) -> dict[str, Any]:
    done = campus("import", "oulad", str(DATA), "--data", str(running.data_dir), "--json", *arguments)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert report["adds_up"] is True
    return report


def verified(running: RunningCampus) -> None:
    for what in ("log", "projections"):
        done = campus(what, "verify", "--json", "--data", str(running.data_dir))
        assert done.returncode == 0, done.stdout + done.stderr


def rebuilt(running: RunningCampus, position: int, *paths: str) -> None:
    """All read models rebuilt and promoted: the same digests as live, and every count over HTTP as before."""
    data = ("--json", "--data", str(running.data_dir))
    with reading(running) as reader:
        before = [reader.get(path, position) for path in paths]
        live = digests_at(position, *data)
        done = campus("projections", "rebuild", "--all", *data)
        assert done.returncode == 0, done.stderr
        built = json.loads(done.stdout)["built"]
        assert {each["projection"]: each["digest"] for each in built} == live
        assert {each["position"] for each in built} == {position}
        for name in live:
            promoted = campus("projections", "promote", name, *data)
            assert promoted.returncode == 0, promoted.stderr
            assert [reader.get(path, position) for path in paths] == before
    status = campus("projections", "status", *data)
    assert status.returncode == 0, status.stdout


def digests_at(position: int, *data: str) -> dict[str, str]:
    """The digests of what is live, once all of it is true for *position*."""
    while True:
        verdicts = json.loads(campus("projections", "verify", *data).stdout)["projections"]
        if all(each["position"] == position for each in verdicts):
            return {each["name"]: each["digest_live"] for each in verdicts}


@pytest.mark.slow
@NO_DATA
def test_one_presentation_in_the_dashboards(running: RunningCampus) -> None:
    """AAA-2013J: every count, in the overview, the run's dashboard and the gradebook; importing twice adds nothing."""
    position = import_oulad(running, "--presentation", "AAA-2013J")["position"]
    with reading(running) as reader:
        overview = reader.get("/v1/overview", position)
        dashboard = reader.get("/v1/runs/AAA-2013J/dashboard", position)
        book = reader.get("/v1/runs/AAA-2013J/gradebook", position)
    (counts,) = [counts for counts in overview["sources"] if counts["source"] == SOURCE]
    (run,) = overview["runs"]
    assert {name: run[name] for name in WHOLE} == {name: counts[name] for name in WHOLE}
    assert {name: counts[name] for name in WHOLE} == {
        "people": 383,
        "registrations": 383,
        "withdrawals": 60,
        "without_registration_date": 0,
        "outcomes": {"pass": 258, "withdrawn": 60, "fail": 45, "distinction": 20},
        "submissions": 1_633,
        "banked": 0,
        "without_score": 2,
        "activity_rows": 180_982,
        "activity_amount": 648_494,
        "active_people": 378,
    }
    assert dashboard["counts"]["outcomes"] == counts["outcomes"]
    assert sum(week["rows"] for week in dashboard["weeks"]) == counts["activity_rows"]
    assert len(book["items"]) == 50
    again = import_oulad(running, "--presentation", "AAA-2013J")
    assert again["facts"] == 0
    verified(running)


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[RunningCampus, int]]:
    """A campus with the whole file, and the position up to which it goes."""
    with throw_away_directory() as directory, running_campus(directory / "data") as running:
        yield running, import_oulad(running)["position"]


@NO_DATA
@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_a_recount_of_the_files_finds_the_same(whole: tuple[RunningCampus, int], tmp_path: Path) -> None:
    """Outcomes by every way, every row of the views, each run over HTTP, and learners with whom the data is at odds."""
    running, position = whole
    counted = recount(DATA)
    sdk = Campus(data=running.data_dir, progress=False)
    wait_until(lambda: sdk.sql("SELECT max(behind)::bigint FROM read_models").item() == 0)
    with reading(running) as reader:
        runs = {run_id: reader.get(f"/v1/runs/{run_id}/dashboard", position) for run_id in _runs(counted)}
        for pairs in counted.traps.values():
            for learner_id, run_id in pairs:
                _same_learner(reader, counted, learner_id, run_id)
    for run_id, dashboard in runs.items():
        _same_run(dashboard, counted, run_id)
    assert_frame_equal(_sorted(sdk.views.enrollments, counted.enrollments), counted.enrollments, check_dtypes=False)
    assert_frame_equal(_sorted(sdk.views.grades, counted.grades), counted.grades, check_dtypes=False)
    exported = campus("log", "export", str(tmp_path / "parquet"), "--data", str(running.data_dir))
    assert exported.returncode == 0, exported.stderr
    assert [name for name, found in _outcomes(sdk, tmp_path / "parquet").items() if found != counted.outcomes()] == []


def _runs(counted: Recounted) -> list[str]:
    return sorted(set(counted.enrollments["run_id"]))


def _sorted(view: Any, like: pl.DataFrame) -> pl.DataFrame:
    """The columns of the view that were counted, in the order of their keys."""
    keys = [name for name in ("run_id", "quiz_id", "learner_id") if name in like.columns]
    found: pl.DataFrame = view.select(like.columns).sort(keys)
    return found


def _outcomes(sdk: Campus, export: Path) -> dict[str, dict[tuple[str, str], int]]:
    """How many learners of each run have each outcome, by every way in which it may be asked."""
    decided = "progress.course_outcome_decided"
    files = f"{export}/{decided}/*.parquet"
    frames = {
        "view": sdk.views.outcomes.select("run_id", "outcome", "learners"),
        "SQL": sdk.sql("SELECT run_id, outcome, learners FROM outcomes"),
        "facts in SQL": sdk.sql(
            "SELECT run_id, data ->> 'outcome', count(*) FROM facts WHERE type = %s GROUP BY 1, 2", [decided]
        ),
        "SDK": sdk.events(decided).polars().group_by("run_id", "outcome").len(),
        "export": Campus.from_export(export).events(decided).polars().group_by("run_id", "outcome").len(),
        "DuckDB": duckdb.read_parquet(files).aggregate("run_id, data ->> '$.outcome', count(*)").pl(),
    }
    return {
        name: {(run_id, outcome): learners for run_id, outcome, learners in frame.iter_rows()}
        for name, frame in frames.items()
    }


def _same_run(dashboard: dict[str, Any], counted: Recounted, run_id: str) -> None:
    """Statuses, outcomes, grades by tenths, and what was done in each week."""
    rows = counted.enrollments.filter(pl.col("run_id") == run_id)
    counts = dashboard["counts"]
    assert counts["enrollments"] == rows.height
    assert {name: number for name, number in counts["statuses"].items() if number} == dict(
        rows.group_by("status").len().iter_rows()
    )
    assert {name: number for name, number in counts["outcomes"].items() if number} == dict(
        rows.group_by("outcome").len().iter_rows()
    )
    tenths = [min(grade // 1_000, 9) for grade in rows["grade_bp"].drop_nulls()]
    assert dashboard["grades"] == [tenths.count(tenth) for tenth in range(10)]
    weeks = [(week["week"], week["rows"], week["amount"], week["learners"]) for week in dashboard["weeks"]]
    counted_weeks = counted.weeks.filter(pl.col("run_id") == run_id).drop("run_id").iter_rows()
    assert weeks == [(week.isoformat(), *numbers) for week, *numbers in counted_weeks]


def _same_learner(reader: "Reader", counted: Recounted, learner_id: str, run_id: str) -> None:
    """The run in the learner's dashboard, and the learner's rows of its gradebook."""
    is_theirs = (pl.col("run_id") == run_id) & (pl.col("learner_id") == learner_id)
    (expected,) = counted.enrollments.filter(is_theirs).iter_rows(named=True)
    grades = counted.grades.filter(is_theirs)
    (course,) = [
        each for each in reader.get(f"/v1/learners/{learner_id}/dashboard", 0)["courses"] if each["run_id"] == run_id
    ]
    shown = {name: course[name] for name in ("run_id", "status", "outcome", "grade_bp", "grade_so_far_bp")}
    shown |= {"percent_bp": course["percent"], "units_completed": len(course["completed"])}
    assert shown == {name: expected[name] for name in shown}
    assert course["scores"] == dict(grades.drop_nulls("best_bp").select("quiz_id", "best_bp").iter_rows())
    items = reader.get(f"/v1/runs/{run_id}/gradebook", 0, learner_id=learner_id, limit=100)["items"]
    names = ("attempts", "graded", "best_bp", "last_bp", "passed", "banked")
    assert {row["quiz_id"]: tuple(row[name] for name in (*names, "late_by")) for row in items} == {
        row["quiz_id"]: tuple(row[name] for name in (*names, "late_seconds")) for row in grades.iter_rows(named=True)
    }


@NO_DATA
@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_the_whole_file_in_the_dashboards(whole: tuple[RunningCampus, int]) -> None:
    """Every count of shared/data/README.md, over HTTP."""
    running, position = whole
    with reading(running) as reader:
        overview = reader.get("/v1/overview", position)
    (counts,) = [counts for counts in overview["sources"] if counts["source"] == SOURCE]
    assert {name: counts[name] for name in WHOLE} == WHOLE
    rebuilt(running, position, "/v1/overview", "/v1/runs/AAA-2013J/dashboard", "/v1/runs/AAA-2013J/gradebook")
    verified(running)
