"""Datasets made by hand, in the layout of the release: seven files, quoted, with CRLF line ends."""

import random
import zipfile
from pathlib import Path
from typing import Any

from adapters.oulad.tables import COLUMNS
from adapters.settings import Settings

REAL = Path(__file__).parents[3] / "shared" / "data" / "anonymisedData.zip"

INFO = ("M", "Scotland", "HE Qualification", "20-30%", "35-55", "0", "60", "N")

SMALL: dict[str, list[tuple[Any, ...]]] = {
    "courses.csv": [("AAA", "2013J", 30), ("BBB", "2013B", 20)],
    "assessments.csv": [
        ("AAA", "2013J", 1, "TMA", 10, 40),
        ("AAA", "2013J", 2, "CMA", 20, "12.5"),
        ("AAA", "2013J", 3, "Exam", "", 100),
        ("BBB", "2013B", 4, "TMA", 5, 100),
    ],
    "vle.csv": [
        ("AAA", "2013J", 100, "homepage", "", ""),
        ("AAA", "2013J", 101, "oucontent", 2, 3),
        ("BBB", "2013B", 102, "forumng", "", ""),
    ],
    "studentInfo.csv": [
        ("AAA", "2013J", 11, *INFO, "Pass"),
        ("AAA", "2013J", 12, *INFO, "Withdrawn"),
        ("AAA", "2013J", 13, *INFO, "Fail"),
        ("BBB", "2013B", 11, *INFO, "Distinction"),
        ("BBB", "2013B", 14, *INFO, "Withdrawn"),
    ],
    "studentRegistration.csv": [
        ("AAA", "2013J", 11, -5, ""),
        ("AAA", "2013J", 12, -5, 12),
        ("AAA", "2013J", 13, "", 9),
        ("BBB", "2013B", 11, -3, ""),
        ("BBB", "2013B", 14, 2, ""),
    ],
    "studentAssessment.csv": [
        (1, 11, 9, 0, 85),
        (1, 12, 13, 0, 39),
        (2, 11, -1, 1, ""),
        (4, 11, 4, 0, 90),
    ],
    "studentVle.csv": [
        ("AAA", "2013J", 11, 100, 9, 3),
        ("AAA", "2013J", 12, 101, -7, 1),
        ("AAA", "2013J", 11, 101, 9, 2),
        ("AAA", "2013J", 13, 100, -2, 8),
        ("BBB", "2013B", 14, 102, 2, 5),
    ],
}


def small(**changes: Any) -> dict[str, list[tuple[Any, ...]]]:
    """The small dataset, with other rows for some files: `small(courses=[…])`."""
    return {**SMALL, **{f"{name}.csv": rows for name, rows in changes.items()}}


def crowd(learners: int = 40, days: int = 30, rows: int = 3_000) -> dict[str, list[tuple[Any, ...]]]:
    """Two presentations with much activity, the same every time."""
    dice = random.Random(1)
    runs = (("AAA", "2013J"), ("AAA", "2014B"))
    results = ("Pass", "Fail", "Withdrawn", "Distinction")
    return {
        "courses.csv": [(*run, days) for run in runs],
        "assessments.csv": [(*run, 10 * n + k, "TMA", 10 * k, 50) for n, run in enumerate(runs) for k in (1, 2)],
        "vle.csv": [(*run, 100 + 10 * n + k, "page", "", "") for n, run in enumerate(runs) for k in range(3)],
        "studentInfo.csv": [(*run, 1 + i, *INFO, results[i % 4]) for run in runs for i in range(learners)],
        "studentRegistration.csv": [
            (*run, 1 + i, -(i % 9), i % days if i % 4 == 2 else "") for run in runs for i in range(learners)
        ],
        "studentAssessment.csv": [
            (10 * n + k, 1 + i, 10 * k - i % 5, 0, 30 + i) for n in (0, 1) for k in (1, 2) for i in range(learners)
        ],
        "studentVle.csv": [
            (*runs[n], 1 + dice.randrange(learners), 100 + 10 * n + dice.randrange(3), dice.randrange(days), 1 + k % 7)
            for k in range(rows)
            for n in (0, 1)
        ],
    }


def line(values: tuple[Any, ...]) -> str:
    """One line as the release writes it."""
    return ",".join(f'"{value}"' for value in values) + "\r\n"


def texts(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, str]:
    """The text of every file."""
    return {name: line(columns) + "".join(map(line, rows[name])) for name, columns in COLUMNS.items()}


def write(path: Path, rows: dict[str, list[tuple[Any, ...]]] | dict[str, str]) -> Path:
    """A zip file of rows, or of the texts of its files."""
    files: dict[str, Any] = rows if all(isinstance(text, str) for text in rows.values()) else texts(rows)  # type: ignore[arg-type]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


async def stored(settings: Settings) -> list[tuple[Any, ...]]:
    """
    Everything in the log but what differs from run to run: ids of events, the time of recording, facts about imports.

    Positions count without those.
    """
    from adapters.postgres.connection import connect

    query = """
    SELECT row_number() OVER (ORDER BY position), stream_id, stream_version, type, partition,
           convert_from(data, 'UTF8'), occurred_at, convert_from(meta, 'UTF8')::jsonb ->> 'source'
      FROM events WHERE stream_id NOT LIKE 'import-%' ORDER BY position"""
    async with await connect(settings, application="test") as connection:
        return await (await connection.execute(query)).fetchall()
