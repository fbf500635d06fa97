"""The notebook on OULAD: its answers are those that one counts from the files of the release."""

import asyncio
import csv
import html
import io
import json
import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from adapters.settings import Settings
from tests.campuslog.conftest import announce
from tests.conftest import migrated
from tests.support.oulad import REAL
from tests.support.servers import Servers
from workers.importing.oulad import import_oulad
from workers.seeding import seed

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "oulad.py"
MODULE, PRESENTATION = "AAA", "2013J"
EARLY = 28  # days

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not REAL.exists(), reason=f"{REAL.name} is not in ../shared/data"),
]


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a file of the release that are of the presentation, or name none."""
    with zipfile.ZipFile(REAL) as archive, archive.open(f"{name}.csv") as file:
        for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
            if (row.get("code_module", MODULE), row.get("code_presentation", PRESENTATION)) == (MODULE, PRESENTATION):
                yield row
            elif name == "studentVle":
                return  # the release begins with AAA-2013J


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The notebook as a script."""
    command = [sys.executable, "-W", "error", str(NOTEBOOK), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=NOTEBOOK.parents[2])


def notebook(*arguments: str) -> str:
    """What it says."""
    done = ran(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def data_dir(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campus with AAA-2013J, beside the learners of a seed, who are none of OULAD's."""
    settings = migrated(servers)
    asyncio.run(seed(settings, 20))
    asyncio.run(import_oulad(settings, REAL, [f"{MODULE}-{PRESENTATION}"]))
    return announce(settings, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def left() -> dict[str, int]:
    """The day on which each learner left, of those who did."""
    return {
        row["id_student"]: int(row["date_unregistration"])
        for row in rows("studentRegistration")
        if row["date_unregistration"]
    }


def leaving(left: dict[str, int]) -> dict[str, Any]:
    after = [day for day in left.values() if day >= 0]
    weeks = [day // 7 for day in after]
    busiest = max(sorted(set(weeks)), key=weeks.count)
    results = {row["id_student"]: row["final_result"] for row in rows("studentInfo")}
    return {
        "places": len(results),
        "left": len(left),
        "before_start": sum(day < 0 for day in left.values()),
        "unknown_day": sum(result == "Withdrawn" and learner not in left for learner, result in results.items()),
        "busiest_week": busiest,
        "left_in_busiest_week": weeks.count(busiest),
        "median_day": median(after),
    }


def predicting(left: dict[str, int]) -> dict[str, Any]:
    clicks: defaultdict[str, int] = defaultdict(int)
    for row in rows("studentVle"):
        if 0 <= int(row["date"]) < EARLY:
            clicks[row["id_student"]] += int(row["sum_click"])
    passed = {
        row["id_student"]: row["final_result"] in {"Pass", "Distinction"}
        for row in rows("studentInfo")
        if left.get(row["id_student"], EARLY) >= EARLY
    }
    order = sorted(passed, key=lambda learner: (clicks[learner], learner))
    fifths = [[passed[learner] for n, learner in enumerate(order) if n * 5 // len(order) == fifth] for fifth in (0, 4)]
    good, bad = ([clicks[learner] for learner in order if passed[learner] is which] for which in (True, False))
    right = sum((one > other) + (one == other) / 2 for one, other in product(good, bad))
    return {
        "learners": len(order),
        "runs": 1,
        "passed_least_active": sum(fifths[0]) / len(fifths[0]),
        "passed_most_active": sum(fifths[1]) / len(fifths[1]),
        "pairs_right": right / (len(good) * len(bad)),
    }


def being_late() -> dict[str, Any]:
    due = {row["id_assessment"]: int(row["date"]) for row in rows("assessments") if row["date"]}
    days: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows("studentAssessment"):
        if row["id_assessment"] in due and row["is_banked"] == "0":
            days[row["id_assessment"]].append(int(row["date_submitted"]) - due[row["id_assessment"]])
    late = {assessment: [day for day in of if day > 0] for assessment, of in days.items()}
    latest = max(days, key=lambda assessment: len(late[assessment]) / len(days[assessment]))
    total = sum(map(len, days.values()))
    return {
        "assessments": len(days),
        "submitted": total,
        "late": sum(map(len, late.values())),
        "share_by_kind": {"TMA": sum(map(len, late.values())) / total},
        "latest": (latest, due[latest], len(days[latest]), len(late[latest]), median(late[latest])),
        "odd": 0,
        "odd_kinds": [],
    }


def test_the_numbers_are_those_of_the_files(data_dir: Path, left: dict[str, int]) -> None:
    """Each number of the three answers is counted a second time, from the CSV files, by other code."""
    found = json.loads(notebook("--json", "--data", str(data_dir)))
    for answer in found.values():
        del answer["sentence"]
    latest = found["late"]["latest"]
    found["late"]["latest"] = tuple(latest[name] for name in ("unit_id", "due_on", "submitted", "late", "days_late"))
    assert found["leave"] == leaving(left)
    assert found["predict"] == pytest.approx(predicting(left))
    assert found["late"] == being_late()


def test_the_answers_in_words(data_dir: Path) -> None:
    """As a script the notebook answers in a few sentences; these are the ones for AAA-2013J."""
    leave, predict, late = notebook("--data", str(data_dir)).strip().split("\n\n")
    assert leave == (
        "Of 383 places 60 (16%) were given up, 7 of them (12%) before the run had begun. After that, most leave in "
        "week 8 (4 learners), and half of those who leave a run that has begun are gone by day 129."
    )
    assert predict == (
        "Yes, though not for every learner. Among 370 learners who were still there on day 28 (on 1 run), 50% of the "
        "least active fifth passed in the end, and 78% of the most active. Of two learners on one run, one of whom "
        "passes and the other does not, it is the one with more early activity in 63% of all pairs (50% would be a "
        "guess)."
    )
    assert late == (
        "Of 1,633 submissions for 5 assessments, 386 (24%) came after the deadline: 24% of the TMAs. The latest is "
        "AAA-2013J TMA, day 166 (1755): 33% of 303 were late, half of these by 6 days or more."
    )


def test_plots_can_be_read_without_a_network(data_dir: Path, tmp_path: Path) -> None:
    """`--html` writes one file with four drawings and the sentences; nothing in it is fetched, no legend is cut."""
    page = tmp_path / "answers.html"
    said = notebook("--data", str(data_dir), "--html", str(page))
    text = page.read_text()
    assert text.count("<svg ") == 4
    for sentence in said.strip().split("\n\n"):
        assert html.escape(sentence) in text
    assert set(re.findall(r"https?://[^\"' <]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<script" not in text
    for name in ("before the start", "after it", "distinction", "withdrawn", "deadline"):
        assert f">{name}</text>" in text
    assert "…" not in "".join(re.findall(r">([^<]*)</text>", text))


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        pytest.param(["--exprt", "x"], 2, "oulad.py: error: unrecognized arguments: --exprt x", id="unknown"),
        pytest.param(["--export", "nowhere"], 1, "oulad.py: nowhere has no _manifest.parquet: make one", id="export"),
        pytest.param(["--data", "nowhere"], 1, "oulad.py: no running campus found in ", id="data"),
        pytest.param(["--html"], 2, "argument --html: expected one argument", id="html"),
        pytest.param(["--data", "a", "--export", "b"], 2, "argument --export: not allowed with", id="both"),
    ],
)
def test_what_was_asked_wrongly_is_refused(arguments: list[str], status: int, said: str) -> None:
    """In a sentence, at once."""
    done = ran(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_campus_without_oulad(settings: Settings, tmp_path: Path) -> None:
    """Has no answers, and says how it would get some."""
    done = ran("--data", str(announce(settings, tmp_path / "data")))
    assert done.stderr == "oulad.py: OULAD is not in this campus: run `campus import oulad FILE.zip` first\n"
    assert done.returncode == 1


@pytest.mark.processes
def test_help_is_only_help() -> None:
    """It names the options, and reads nothing."""
    said = notebook("--help")
    assert "--export DIR" in said
    assert "places" not in said


def test_every_cell_can_be_shown(data_dir: Path, tmp_path: Path) -> None:
    """The page that marimo makes of it has its four plots and no cell that failed."""
    page = tmp_path / "oulad.html"
    command = [sys.executable, "-m", "marimo", "-q", "export", "html", str(NOTEBOOK), "--output", str(page)]
    done = subprocess.run(
        [*command, "--", "--data", str(data_dir)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert text.count("application/vnd.vegalite") == 4
    assert "application/vnd.marimo+error" not in text
