"""What makes no sense is refused with a sentence, before anything is read, and not answered with nothing."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import campuslog.campus
from campuslog import BadArgument, BadTime, Campus, CampusError, NotWritten, SettingsError, UnknownType, UnknownView
from tests.support.rules import ClicksByHand


@contextmanager
def refused(kind: type[CampusError], sentence: str) -> Iterator[None]:
    """Inside, an error of this kind is raised that says this, and whose text can be written."""
    with pytest.raises(kind, match=f"^{re.escape(sentence)}") as caught:
        yield
    assert isinstance(caught.value, CampusError)
    assert str(caught.value).isprintable()


LEARNERS: dict[str, Any] = {
    "two ids": "12:AAA",
    "list": ["11"],
    "number": 11,
    "bytes": b"11",
    "nothing": "",
    "NUL": "1\0",
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)
def test_what_can_be_nobodys_id(campus: Campus, exported: Campus, learner: Any) -> None:
    """An invalid id is an error, not a learner without facts."""
    for source in (campus, exported):
        with refused(BadArgument, f"learner={learner!r} is no id of a learner"):
            source.events(learner=learner)


TYPES: dict[str, tuple[Any, type[CampusError], str]] = {
    "none": ([], BadArgument, "types=[] names no type: leave it out for all of them"),
    "nothing": ("", BadArgument, "types='': '' is no name of a type"),
    "bytes": (
        b"attempt.graded",
        BadArgument,
        "types=b'attempt.graded' is neither the name of a type (str) nor several",
    ),
    "number": (7, BadArgument, "types=7 is neither the name of a type (str) nor several"),
    "numbers": ([7], BadArgument, "types=[7]: 7 is no name of a type"),
    "NUL": ("attempt.graded\0", UnknownType, r"no fact is called 'attempt.graded\x00': did you mean attempt.graded?"),
    "surrogate": (["\ud800"], UnknownType, r"no fact is called '\ud800': there are admission.invitation_accepted"),
}


@pytest.mark.parametrize(("types", "kind", "sentence"), TYPES.values(), ids=TYPES)
def test_what_is_the_name_of_no_type(campus: Campus, types: Any, kind: type[CampusError], sentence: str) -> None:
    """Neither are all types meant, nor none."""
    with refused(kind, sentence):
        campus.events(types)


ASKED: dict[str, Callable[[Campus, Any], object]] = {
    "since": lambda campus, moment: campus.events(since=moment),
    "until": lambda campus, moment: campus.events(until=moment),
    "as_of": lambda campus, moment: campus.rebuild(ClicksByHand, as_of=moment),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_position_that_there_cannot_be(campus: Campus, exported: Campus, name: str) -> None:
    """PostgreSQL would not know the number."""
    for source in (campus, exported):
        with refused(BadTime, f"{name}={2**70} is no position: they begin with 1, and none is above {2**63 - 1:,}"):
            ASKED[name](source, 2**70)
    assert campus.events(until=2**63 - 1).polars().height == campus.head
    assert campus.events(since=2**63 - 1).polars().height == 0


def test_the_ends_of_time(campus: Campus, exported: Campus) -> None:
    """The first and the last moment that Python knows are moments, in whatever zone."""
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
    last = datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))
    for source in (campus, exported):
        assert source.events(since=first, until=last).polars().height == source.head
        assert source.position_at(last) == source.head
        assert source.position_at(first) == 0


def test_a_file_is_no_data_directory(tmp_path: Path) -> None:
    """Nor is nothing, or a number; where no campus runs, that is said as ever."""
    (tmp_path / "file").touch()
    with refused(BadArgument, f"data='{tmp_path}/file' is a file, and not a directory"):
        Campus(tmp_path / "file")
    with refused(BadArgument, "data='' is no path: name a directory, '.' for the current one"):
        Campus("")
    with refused(BadArgument, "data=7 is no path (str or pathlib.Path)"):
        Campus(7)  # type: ignore[arg-type]
    with refused(BadArgument, r"data='a\x00b' is no path: nothing can be called so"):
        Campus("a\0b")
    with pytest.raises(SettingsError, match="start one with `campus up`"):
        Campus(tmp_path / "none")


def test_a_file_is_no_export(tmp_path: Path) -> None:
    """Nor is None."""
    (tmp_path / "file").touch()
    with refused(BadArgument, f"directory='{tmp_path}/file' is a file, and not a directory"):
        Campus.from_export(tmp_path / "file")
    with refused(BadArgument, "directory=None is no path (str or pathlib.Path)"):
        Campus.from_export(None)  # type: ignore[arg-type]
    with refused(BadArgument, f"directory='{tmp_path}/{'x' * 300}' cannot be read: File name too long"):
        Campus.from_export(tmp_path / ("x" * 300))


def test_what_is_the_name_of_no_table(campus: Campus) -> None:
    """A number, a list, or what cannot be printed."""
    names: dict[str, Any] = {"7": 7, "['overview']": ["overview"], r"'\ud800'": "\ud800", "''": ""}
    for shown, name in names.items():
        with refused(UnknownView, f"no read model has a table {shown}: "):
            _ = campus.views[name]


def sinks(tmp_path: Path) -> dict[Any, str]:
    """Where nothing can be put, and why."""
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "clicks.parquet").mkdir(parents=True)
    return {
        tmp_path / "file": f"{tmp_path}/file cannot be written: File exists",
        tmp_path / "file" / "x": f"{tmp_path}/file/x cannot be written: Not a directory",
        tmp_path / "taken": f"{tmp_path}/taken/clicks.parquet cannot be written: Is a directory",
        tmp_path / ("x" * 300): f"{tmp_path}/{'x' * 300} cannot be written: File name too long",
        "": "sink='' is no path: name a directory, '.' for the current one",
        "a\0b": r"sink='a\x00b' is no path: nothing can be called so",
        "\ud800": r"sink='\ud800' is no path: nothing can be called so",
        "/proc": "/proc/clicks.parquet cannot be written: No such file or directory",
    }


def test_where_nothing_can_be_put(campus: Campus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is refused before the log is folded, and leaves no file."""
    monkeypatch.setattr(campuslog.campus, "folded", None)
    places = sinks(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for place, sentence in places.items():
        with refused(NotWritten, sentence):
            campus.rebuild(ClicksByHand, sink=place)
    with refused(BadArgument, "sink=7 is no path"):
        campus.rebuild(ClicksByHand, sink=7)  # type: ignore[arg-type]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_directory_that_has_come_meanwhile(campus: Campus, tmp_path: Path) -> None:
    """A result is put nowhere else, and its temporary file is gone."""
    result = campus.rebuild(ClicksByHand)
    (tmp_path / "clicks.parquet").mkdir()
    with refused(NotWritten, f"{tmp_path}/clicks.parquet cannot be written: Is a directory"):
        result.write(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["clicks.parquet"]


@pytest.mark.parametrize("error", [OSError(28, "No space left"), pl.exceptions.ComputeError("No space left")], ids=type)
def test_a_disk_that_is_full(campus: Campus, tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of before stays as it was, and half a file is not left."""
    result = campus.rebuild(ClicksByHand, sink=tmp_path, as_of=datetime(2013, 10, 1, tzinfo=UTC))
    before = (tmp_path / "clicks.parquet").read_bytes()

    def fails(_frame: pl.DataFrame, file: Any) -> None:
        file.write(b"PAR1")
        raise error

    monkeypatch.setattr(pl.DataFrame, "write_parquet", fails)
    with refused(NotWritten, f"{tmp_path}/clicks.parquet cannot be written: No space left"):
        result.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["clicks.parquet"]
    assert (tmp_path / "clicks.parquet").read_bytes() == before
