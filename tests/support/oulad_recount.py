"""
OULAD counted from its files, with polars and fractions, by docs/oulad.md: nothing of the project is imported here.

What read models, the SDK, exports and the API say about an import is compared with it.
"""

import io
import random
import zipfile
from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

FULL = 10_000
PASS_SCORE = 40
MONTHS = {"B": 2, "J": 10}
RUN = pl.concat_str("code_module", pl.lit("-"), "code_presentation").alias("run_id")


class Part(NamedTuple):
    """An assessment that counts: its weight, its part of the course, its deadline."""

    weight: Fraction
    group: str
    due_on: int | None


class Recounted(NamedTuple):
    """
    The dataset as it should be shown.

    Attributes:
        enrollments: one row for each learner and run.
        grades: one row for each submission.
        weeks: activity of each run by the Monday on which the week began.
        traps: pairs of learner and run where the data disagrees with itself, and some at random, by what they are.
    """

    enrollments: pl.DataFrame
    grades: pl.DataFrame
    weeks: pl.DataFrame
    traps: dict[str, list[tuple[str, str]]]

    def outcomes(self) -> dict[tuple[str, str], int]:
        """How many learners of each run have each outcome."""
        counted = self.enrollments.group_by("run_id", "outcome").len().iter_rows()
        return {(run_id, outcome): learners for run_id, outcome, learners in counted}


def recount(file: Path) -> Recounted:
    """Everything, from the zip file."""
    with zipfile.ZipFile(file) as archive:
        names = ("courses", "assessments", "studentInfo", "studentRegistration", "studentAssessment", "studentVle")
        tables = {name: _table(archive.read(f"{name}.csv")) for name in names}
    runs = {
        run_id: (date(int(code[:4]), MONTHS[code[4]], 1), days)
        for _, code, days, run_id in tables["courses"].with_columns(RUN).iter_rows()
    }
    submissions = tables["studentAssessment"].join(tables["assessments"].with_columns(RUN), on="id_assessment")
    learners = (
        tables["studentInfo"]
        .join(tables["studentRegistration"], on=("code_module", "code_presentation", "id_student"))
        .select(RUN, "id_student", "final_result", "date_registration", "date_unregistration")
    )
    clicks = tables["studentVle"].select(RUN, "id_student", "date", "sum_click")
    return Recounted(
        _enrollments(learners, submissions, _parts(submissions, tables["assessments"]), runs),
        _grades(submissions, runs),
        _weeks(clicks, runs),
        _traps(learners, submissions, clicks),
    )


def _table(content: bytes) -> pl.DataFrame:
    return pl.read_csv(io.BytesIO(content), infer_schema_length=None, null_values=[""])


def _parts(submissions: pl.DataFrame, assessments: pl.DataFrame) -> dict[str, dict[int, Part]]:
    """The recorded assessments that count, by run: those with a weight; where none has one, each."""
    recorded = set(submissions["id_assessment"])
    found: dict[str, dict[int, Part]] = {}
    for row in assessments.with_columns(RUN).iter_rows(named=True):
        if row["id_assessment"] in recorded:
            group = "exam" if row["assessment_type"] == "Exam" else "coursework"
            parts = found.setdefault(row["run_id"], {})
            parts[row["id_assessment"]] = Part(Fraction(str(row["weight"])), group, row["date"])
    return {
        run_id: {number: part for number, part in parts.items() if part.weight}
        if any(part.weight for part in parts.values())
        else {number: part._replace(weight=Fraction(1), group="") for number, part in parts.items()}
        for run_id, parts in found.items()
    }


def _enrollments(
    learners: pl.DataFrame,
    submissions: pl.DataFrame,
    parts: dict[str, dict[int, Part]],
    runs: dict[str, tuple[date, int]],
) -> pl.DataFrame:
    handed_in: dict[tuple[str, int], list[tuple[int, int, int | None]]] = {}
    columns = submissions.select("run_id", "id_student", "id_assessment", "date_submitted", "score")
    for run_id, learner, *rest in columns.iter_rows():
        handed_in.setdefault((run_id, learner), []).append((rest[0], rest[1], rest[2]))
    rows = []
    for run_id, learner, result, _, left_on in learners.iter_rows():
        attempts = handed_in.get((run_id, learner), [])
        scores = {number: score for number, _, score in attempts if score is not None}
        latest = max([day for _, day, score in attempts if score is not None] + [runs[run_id][1]])
        completed = {number for number, score in scores.items() if score >= PASS_SCORE}
        outcome = result.lower()
        passing = outcome in ("pass", "distinction")
        final, so_far = _both_grades(parts[run_id], scores, latest)
        rows.append(
            {
                "run_id": run_id,
                "learner_id": str(learner),
                "status": "completed" if passing else "ended" if left_on is None else "withdrawn",
                "outcome": outcome,
                "submitted": bool(attempts),
                "units_completed": len(completed),
                "percent_bp": _percent(parts[run_id], completed, outcome),
                "grade_bp": final,
                "grade_so_far_bp": so_far,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None).sort("run_id", "learner_id")


def half_up(share: Fraction) -> int:
    """Basis points, rounded once."""
    return (share * FULL + Fraction(1, 2)).__floor__()


def _percent(parts: dict[int, Part], completed: set[int], outcome: str) -> int:
    """The completed share; below 100 % as long as an assessment is missing, and after a *fail*."""
    share = Fraction(
        sum((part.weight for number, part in parts.items() if number in completed), Fraction()),
        sum((part.weight for part in parts.values()), Fraction()),
    )
    shown = FULL if share == 1 else min(half_up(share), FULL - 1)
    return min(shown, 9_900) if outcome == "fail" else shown


def _both_grades(parts: dict[int, Part], scores: dict[int, int], latest: int) -> tuple[int | None, int | None]:
    """The final grade, and that over what was scored or due before the latest day."""
    if not all(part.group for part in parts.values()) or parts.keys().isdisjoint(scores):
        return None, None

    def mean(counts: Callable[[int, Part], bool]) -> int:
        means = []
        for group in ("coursework", "exam"):
            inside = {n: part.weight for n, part in parts.items() if part.group == group and counts(n, part)}
            if inside:
                points = sum((weight * scores.get(n, 0) for n, weight in inside.items()), Fraction())
                means.append(points / sum(inside.values()) / 100)
        return half_up(sum(means, Fraction()) / len(means))

    due = {n for n, part in parts.items() if part.due_on is not None and part.due_on < latest}
    return mean(lambda _number, _part: True), mean(lambda number, _part: number in scores or number in due)


def _grades(submissions: pl.DataFrame, runs: dict[str, tuple[date, int]]) -> pl.DataFrame:
    begins = pl.col("run_id").replace_strict({run_id: begins for run_id, (begins, _) in runs.items()})
    score = pl.col("score") * 100
    late = pl.max_horizontal(pl.col("date_submitted") - pl.col("date"), 0)
    return submissions.select(
        "run_id",
        pl.col("id_assessment").cast(pl.String).alias("quiz_id"),
        pl.col("id_student").cast(pl.String).alias("learner_id"),
        pl.lit(1).alias("attempts"),
        pl.col("score").is_not_null().cast(pl.Int64).alias("graded"),
        score.alias("best_bp"),
        score.alias("last_bp"),
        (pl.col("score") >= PASS_SCORE).fill_null(value=False).alias("passed"),
        (pl.col("is_banked") == 1).alias("banked"),
        (begins.cast(pl.Datetime("us", "UTC")) + pl.duration(days=pl.col("date_submitted"))).alias("submitted_at"),
        (pl.when(pl.col("date").is_null()).then(0).otherwise(late) * 86_400).alias("late_seconds"),
    ).sort("run_id", "quiz_id", "learner_id")


def _weeks(clicks: pl.DataFrame, runs: dict[str, tuple[date, int]]) -> pl.DataFrame:
    begins = pl.col("run_id").replace_strict({run_id: begins for run_id, (begins, _) in runs.items()})
    day = begins + pl.duration(days=pl.col("date"))
    return (
        clicks.with_columns(day.dt.truncate("1w").alias("week"))
        .group_by("run_id", "week")
        .agg(
            pl.len().alias("rows"),
            pl.col("sum_click").sum().alias("amount"),
            pl.col("id_student").n_unique().alias("learners"),
        )
        .sort("run_id", "week")
    )


def _traps(learners: pl.DataFrame, submissions: pl.DataFrame, clicks: pl.DataFrame) -> dict[str, list[tuple[str, str]]]:
    left, withdrawn = pl.col("date_unregistration"), pl.col("final_result") == "Withdrawn"
    key = ("run_id", "id_student")
    after = learners.filter(left.is_not_null())
    groups = {
        "withdrawn without a date": learners.filter(withdrawn & left.is_null()),
        "another result with a date": learners.filter(~withdrawn & left.is_not_null()),
        "no date of registration": learners.filter(pl.col("date_registration").is_null()),
        "banked": submissions.filter(pl.col("is_banked") == 1),
        "without a score": submissions.filter(pl.col("score").is_null()),
        "submitted after": submissions.join(after, on=key).filter(pl.col("date_submitted") > left),
        "active after": clicks.join(after, on=key).filter(pl.col("date") > left),
    }
    chance = random.Random(11)
    found = {"at random": _some(learners, 20, chance)}
    for name, rows in groups.items():
        found[name] = _some(rows, rows.height if rows.height <= 93 else 60, chance)
    return found


def _some(rows: pl.DataFrame, most: int, chance: random.Random) -> list[tuple[str, str]]:
    pairs: Iterable[tuple[Any, ...]] = rows.select("id_student", "run_id").unique().sort("id_student", "run_id").rows()
    listed = [(str(learner), run_id) for learner, run_id in pairs]
    return listed if len(listed) <= most else chance.sample(listed, most)
