"""Real learners, from the file to the dashboards over HTTP: what a newcomer sees after `campus import oulad`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.jwt import claims_of, sign
from adapters.settings import Settings
from tests.support.api import is_behind
from tests.support.campus_up import RunningCampus, campus
from tests.support.polling import PATIENCE, wait_until

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

    def get(self, path: str, position: int) -> dict[str, Any]:
        """What the API answers, once it is true for *position*."""
        body: dict[str, Any] = {}

        def is_there() -> bool:
            answer = self._client.get(path, params={"min_position": position})
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


@NO_DATA
@pytest.mark.slow
@pytest.mark.timeout(7_200)
def test_the_whole_file_in_the_dashboards(running: RunningCampus) -> None:
    """Every count of shared/data/README.md, over HTTP."""
    position = import_oulad(running)["position"]
    with reading(running) as reader:
        overview = reader.get("/v1/overview", position)
    (counts,) = [counts for counts in overview["sources"] if counts["source"] == SOURCE]
    assert {name: counts[name] for name in WHOLE} == WHOLE
    rebuilt(running, position, "/v1/overview", "/v1/runs/AAA-2013J/dashboard", "/v1/runs/AAA-2013J/gradebook")
    verified(running)
