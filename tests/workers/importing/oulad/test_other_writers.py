"""The dataset as other tools write it: read as what it is, or refused with the true cause."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.oulad.archive import Malformed
from adapters.oulad.digest import digest
from adapters.oulad.tables import COLUMNS, read
from adapters.settings import Settings
from cli.up.plan import variables
from tests.support.campus_up import campus
from tests.support.oulad import REAL, SMALL, stored, texts, write

Change = Callable[[str], str]


def rewritten(file: Path, change: Change, encoding: str = "utf-8", folder: str = "") -> Path:
    """The small dataset with every file's text changed."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts(SMALL).items():
            archive.writestr(folder + name, change(text).encode(encoding))
    return file


def same(text: str) -> str:
    return text


def word_for_gaps(word: str) -> Change:
    return lambda text: text.replace('""', word)


def with_point_zero(text: str) -> str:
    """Every whole number as pandas writes it in a column that has a gap."""
    head, *lines = text.splitlines(keepends=True)
    return head + "".join(re.sub(r'"(-?[0-9]+)"', r"\1.0", line) for line in lines)


def with_row_names(text: str) -> str:
    """The first column as R and pandas write it: without a name, counting the rows."""
    head, *lines = text.splitlines(keepends=True)
    return "".join(['"",' + head, *(f'"{number}",{line}' for number, line in enumerate(lines))])


READ: dict[str, tuple[Change, str, str]] = {
    "byte-order mark": (same, "utf-8-sig", ""),
    "question marks": (word_for_gaps("?"), "utf-8", ""),
    "NA": (word_for_gaps("NA"), "utf-8", ""),
    "NaN": (word_for_gaps("NaN"), "utf-8", ""),
    "NULL": (word_for_gaps("NULL"), "utf-8", ""),
    "backslash N": (word_for_gaps("\\N"), "utf-8", ""),
    "folder": (same, "utf-8", "OULAD/data/"),
    "folder with backslashes": (same, "utf-8", "OULAD\\"),
    "blank last line": (lambda text: text + "\r\n", "utf-8", ""),
    "blank lines before and between": (lambda text: "\r\n" + text.replace("\r\n", "\r\n\r\n"), "utf-8", ""),
    "a last line of commas": (lambda text: text + "," * text.split("\n")[0].count(",") + "\r\n", "utf-8", ""),
    "numbers with .0": (with_point_zero, "utf-8", ""),
    "names of rows": (with_row_names, "utf-8", ""),
    "no quotes, line feeds": (lambda text: text.replace('"', "").replace("\r\n", "\n"), "utf-8", ""),
    "carriage returns": (lambda text: text.replace("\r\n", "\r"), "utf-8", ""),
    "spaces after commas": (lambda text: text.replace(",", ", "), "utf-8", ""),
}


@pytest.mark.parametrize(("change", "encoding", "folder"), READ.values(), ids=READ)
def test_what_other_tools_write_is_the_same_dataset(tmp_path: Path, change: Change, encoding: str, folder: str) -> None:
    """The presentations have the same digests, and every file the same number of rows."""
    expected = read(write(tmp_path / "release.zip", SMALL))
    found = read(rewritten(tmp_path / "other.zip", change, encoding, folder))
    assert found.rows == expected.rows
    assert [digest(each) for each in found.presentations] == [digest(each) for each in expected.presentations]


def test_what_a_mac_adds_to_a_zip_file_is_passed_over(tmp_path: Path) -> None:
    """`__MACOSX/` and names that begin with a dot are no files of the dataset."""
    file = rewritten(tmp_path / "mac.zip", same, folder="OULAD/")
    with zipfile.ZipFile(file, "a") as archive:
        for name in COLUMNS:
            archive.writestr(f"__MACOSX/OULAD/._{name}", b"\0")
            archive.writestr(f"OULAD/._{name}", b"\0")
    assert read(file).rows["studentInfo.csv"] == len(SMALL["studentInfo.csv"])


def test_a_line_number_counts_blank_lines(tmp_path: Path) -> None:
    """The line that an error names is the line that an editor shows."""
    bad = texts(SMALL)["courses.csv"].replace('"20"', '"long"')
    file = write(tmp_path / "bad.zip", {**texts(SMALL), "courses.csv": "\r\n" + bad.replace("\r\n", "\r\n\r\n")})
    with pytest.raises(Malformed, match=r"courses\.csv, line 6: module_presentation_length is 'long'"):
        read(file)


REFUSED: dict[str, tuple[Change, str, str]] = {
    "semicolons": (lambda text: text.replace(",", ";"), "utf-8", "values are separated by semicolons"),
    "semicolons, no quotes": (
        lambda text: text.replace('"', "").replace(",", ";"),
        "utf-8",
        "values are separated by semicolons",
    ),
    "tabs": (lambda text: text.replace(",", "\t"), "utf-8", "values are separated by tabs"),
    "UTF-16": (same, "utf-16", "the file is UTF-16 or UTF-32: save it as UTF-8"),
    "UTF-16 without a mark": (same, "utf-16-le", "the file is UTF-16 or UTF-32: save it as UTF-8"),
    "UTF-32": (same, "utf-32", "the file is UTF-16 or UTF-32: save it as UTF-8"),
    "half a number": (lambda text: text.replace('"30"', "30.5"), "utf-8", "'30.5', not a whole number"),
}


@pytest.mark.parametrize(("change", "encoding", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_with_its_cause(tmp_path: Path, change: Change, encoding: str, why: str) -> None:
    """Separators and encodings are named; a missing column is not blamed."""
    with pytest.raises(Malformed) as refused:
        read(rewritten(tmp_path / "other.zip", change, encoding))
    assert str(refused.value).startswith("courses.csv, line ")
    assert why in str(refused.value)
    assert "missing" not in str(refused.value)


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two is meant cannot be known; the sentence names both."""
    file = rewritten(tmp_path / "twice.zip", same)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("old/vle.csv", "")
    with pytest.raises(Malformed, match=r"has vle\.csv more than once: vle\.csv, old/vle\.csv"):
        read(file)


async def test_the_same_dataset_of_another_tool_adds_nothing(settings: Settings, tmp_path: Path) -> None:
    """After the release was imported, the same data as pandas writes it has no fact that the log lacks."""
    for name, change in (("release", same), ("pandas", with_point_zero)):
        file = rewritten(tmp_path / f"{name}.zip", change)
        done = campus("import", "oulad", str(file), "--json", env=variables(settings))
        assert done.returncode == 0, done.stderr
        if name == "release":
            before = await stored(settings)
    assert await stored(settings) == before


@pytest.mark.slow
def test_the_whole_release_as_pandas_writes_it(tmp_path: Path) -> None:
    """All 1.25 million rows in a folder, with a mark, `?` and `19.0`: the same digests as the release."""
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(REAL) as release, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in COLUMNS:
            text = with_point_zero(release.read(name).decode()).replace('""', "?")
            archive.writestr(f"OULAD/{name}", (text + "\r\n").encode("utf-8-sig"))
    expected, found = read(REAL), read(other)
    assert found.rows == expected.rows
    assert [digest(each) for each in found.presentations] == [digest(each) for each in expected.presentations]
