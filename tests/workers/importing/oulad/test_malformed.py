"""A file that is not what it should be is refused before anything is written, with the file and the line."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.oulad.archive import Malformed
from adapters.oulad.tables import COLUMNS, UnknownPresentation, read
from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.campus_up import campus
from tests.support.oulad import INFO, SMALL, line, small, stored, texts, write

BAD_ROWS = {
    "length": ("courses", ("CCC", "2013J", "long"), 4, "module_presentation_length is 'long'"),
    "presentation-name": ("courses", ("CCC", "winter", 30), 4, "not the name of a presentation"),
    "module-name": ("courses", ("C:C", "2013J", 30), 4, "not the name of a presentation"),
    "course-twice": ("courses", ("AAA", "2013J", 30), 4, "AAA-2013J is listed twice"),
    "assessment-of-nowhere": ("assessments", ("ZZZ", "2013J", 9, "TMA", 1, 1), 6, "presentation ZZZ-2013J is not in"),
    "assessment-twice": ("assessments", ("BBB", "2013B", 1, "TMA", 1, 1), 6, "assessment 1 is listed twice"),
    "assessment-type": ("assessments", ("BBB", "2013B", 9, "Quiz", 1, 1), 6, "not one of TMA, CMA, Exam"),
    "weight": ("assessments", ("BBB", "2013B", 9, "TMA", 1, "1e1"), 6, "weight is '1e1', not a percentage"),
    "weight-above": ("assessments", ("BBB", "2013B", 9, "TMA", 1, "100.5"), 6, "weight is '100.5', not a percentage"),
    "site-twice": ("vle", ("AAA", "2013J", 100, "page", "", ""), 5, "AAA-2013J has something else with the number 100"),
    "site-like-assessment": ("vle", ("AAA", "2013J", 1, "page", "", ""), 5, "has something else with the number 1"),
    "site-number": ("vle", ("AAA", "2013J", "x1", "page", "", ""), 5, "id_site is 'x1', not a number"),
    "activity-type": ("vle", ("AAA", "2013J", 9, "a b", "", ""), 5, "activity_type is 'a b'"),
    "week": ("vle", ("AAA", "2013J", 9, "page", "-1", ""), 5, "week is '-1'"),
    "result": ("studentInfo", ("AAA", "2013J", 19, *INFO, "Passed"), 7, "final_result is 'Passed', not one of"),
    "info-twice": ("studentInfo", ("AAA", "2013J", 11, *INFO, "Pass"), 7, "student 11 is listed twice for AAA-2013J"),
    "info-alone": ("studentInfo", ("AAA", "2013J", 19, *INFO, "Pass"), 7, "student 19 is not registered on AAA-2013J"),
    "registered-twice": ("studentRegistration", ("AAA", "2013J", 11, 1, ""), 7, "student 11 is listed twice"),
    "registration-alone": (
        "studentRegistration",
        ("AAA", "2013J", 19, 1, ""),
        7,
        "19 of AAA-2013J is not in studentInfo",
    ),
    "unknown-assessment": ("studentAssessment", (9, 11, 1, 0, 50), 6, "assessment 9 is not in assessments.csv"),
    "unknown-student": ("studentAssessment", (1, 99, 1, 0, 50), 6, "student 99 is not registered on AAA-2013J"),
    "submitted-twice": ("studentAssessment", (1, 11, 1, 0, 50), 6, "assessment 1 of student 11 is listed twice"),
    "submitted-day": ("studentAssessment", (3, 11, "", 0, 50), 6, "date_submitted is ''"),
    "score": ("studentAssessment", (3, 11, 1, 0, "101"), 6, "score is '101', not a percentage"),
    "banked": ("studentAssessment", (3, 11, 1, "yes", 50), 6, "is_banked is 'yes'"),
    "click-student": ("studentVle", ("BBB", "2013B", 12, 102, 1, 1), 7, "student 12 is not registered on BBB-2013B"),
    "click-site": ("studentVle", ("BBB", "2013B", 14, 100, 1, 1), 7, "site 100 of BBB-2013B is not in vle.csv"),
    "click-day": ("studentVle", ("BBB", "2013B", 14, 102, "1_0", 1), 7, "date is '1_0', not a whole number"),
    "clicks": ("studentVle", ("BBB", "2013B", 14, 102, 1, 0), 7, "sum_click is '0', not a whole number from 1"),
    "too-few-values": ("studentVle", ("BBB", "2013B", 14), 7, "3 values for 6 columns"),
}


@pytest.mark.parametrize(("name", "row", "number", "why"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_named(tmp_path: Path, name: str, row: tuple[Any, ...], number: int, why: str) -> None:
    """Bad numbers, names that nothing else knows, and double keys."""
    file = write(tmp_path / "bad.zip", small(**{name: [*SMALL[f"{name}.csv"], row]}))
    with pytest.raises(Malformed) as refused:
        read(file)
    assert str(refused.value).startswith(f"{name}.csv, line {number}: ")
    assert why in str(refused.value)


def test_a_bad_day_of_registration_is_named(tmp_path: Path) -> None:
    """Days are whole numbers, or empty if unknown."""
    first, *others = SMALL["studentRegistration.csv"]
    file = write(tmp_path / "bad.zip", small(studentRegistration=[(*first[:3], "1.5", ""), *others]))
    with pytest.raises(Malformed, match=r"studentRegistration\.csv, line 2: date is '1\.5', not a whole number"):
        read(file)


def test_a_bad_row_of_another_presentation_counts_too(tmp_path: Path) -> None:
    """The file is checked as a whole, whatever was chosen of it."""
    file = write(tmp_path / "bad.zip", small(studentVle=[("BBB", "2013B", 14, 102, "?", 1)]))
    with pytest.raises(Malformed, match=r"studentVle\.csv, line 2: date is '\?'"):
        read(file, ["AAA-2013J"])


def without_file(file: Path) -> None:
    files = texts(SMALL)
    del files["vle.csv"]
    write(file, files)


def empty_file(file: Path) -> None:
    write(file, {**texts(SMALL), "vle.csv": ""})


def without_column(file: Path) -> None:
    write(file, {**texts(SMALL), "vle.csv": line(COLUMNS["vle.csv"][:-1])})


def not_utf8(file: Path) -> None:
    write(file, texts(SMALL))
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in texts(SMALL).items():
            archive.writestr(name, text.encode() + (b"\xff\xfe\r\n" if name == "vle.csv" else b""))


def bad_quotes(file: Path) -> None:
    write(file, {**texts(SMALL), "courses.csv": line(COLUMNS["courses.csv"]) + '"AAA"x,"2013J","30"\r\n'})


def nothing_to_do(file: Path) -> None:
    write(file, small(courses=[*SMALL["courses.csv"], ("CCC", "2014B", 30)]))


def cut_off(file: Path) -> None:
    content = write(file, SMALL).read_bytes()
    file.write_bytes(content[: len(content) // 2])


def damaged(file: Path) -> None:
    content = bytearray(write(file, SMALL).read_bytes())
    start = content.index(b"studentVle.csv") + len("studentVle.csv")
    content[start + 10 : start + 20] = bytes(10)
    file.write_bytes(content)


def not_there(file: Path) -> None:
    pass


def directory(file: Path) -> None:
    file.mkdir()


BAD_FILES: dict[Callable[[Path], None], str] = {
    without_file: r"lacks vle\.csv; it has courses\.csv, assessments\.csv",
    empty_file: r"vle\.csv, line 1: the file is empty",
    without_column: r"vle\.csv, line 1: column week_to is missing",
    not_utf8: r"vle\.csv, after line \d+: not UTF-8",
    bad_quotes: r"courses\.csv, line 2: ",
    nothing_to_do: r"CCC-2014B has 0 sites and assessments",
    cut_off: r"is not a whole zip file",
    damaged: r"studentVle\.csv in .* cannot be unpacked",
    not_there: r"there is no file",
    directory: r"is a folder: pack its CSV files into a zip file",
}


@pytest.mark.parametrize(("spoil", "why"), BAD_FILES.items(), ids=[spoil.__name__ for spoil in BAD_FILES])
def test_a_bad_file_is_named(tmp_path: Path, spoil: Callable[[Path], None], why: str) -> None:
    """Missing files and columns, and zip files that are none or were cut off."""
    file = tmp_path / "bad.zip"
    spoil(file)
    with pytest.raises(Malformed, match=why):
        read(file)


def test_an_unknown_presentation_is_refused(tmp_path: Path) -> None:
    """With the name that was perhaps meant."""
    file = write(tmp_path / "small.zip", SMALL)
    with pytest.raises(UnknownPresentation, match="no presentation AAA-2013B: did you mean"):
        read(file, ["BBB-2013B", "AAA-2013B"])


async def test_nothing_is_written(settings: Settings, tmp_path: Path) -> None:
    """The command ends with one sentence and a non-zero exit, and the log stays empty."""
    bad = write(tmp_path / "bad.zip", small(studentVle=[*SMALL["studentVle.csv"], ("AAA", "2013J", 11, 100, 1, "x")]))
    refused = campus("import", "oulad", str(bad), "--json", env=variables(settings))
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[-1].startswith("campus: studentVle.csv, line 7: sum_click is 'x'")
    assert await stored(settings) == []
