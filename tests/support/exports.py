"""For the tests of exports: a log with facts of all kinds, and what an export of it holds."""

import asyncio
import io
import itertools
import multiprocessing
import os
import resource
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pyarrow.parquet as pq
import pytest

from adapters.parquet import convert as converting
from adapters.parquet import digest, manifest, read, source, writer
from adapters.parquet import export as exporting
from adapters.parquet.check import check
from adapters.parquet.columns import IDS, SCHEMA
from adapters.parquet.export import export
from adapters.parquet.manifest import KEY, NAME, OLD_NAME, ExportError, Manifest
from adapters.postgres.log.append import Append
from adapters.settings import Settings
from tests.support.appends import new_event, opened, query

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])  # a second of imports, once
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TYPES = ("progress.activity_recorded", "progress.unit_opened", "enrollment.withdrawn", "course.created")
CATEGORIES = ("progress", "progress", "enrollment", "course")
LOG = """
SELECT position, stream_id, stream_version, type, schema_version, partition, data, meta,
       (extract(epoch FROM occurred_at) * 1000000)::bigint, (extract(epoch FROM recorded_at) * 1000000)::bigint
  FROM events ORDER BY position
"""
HOSTILE: Sequence[dict[str, Any]] = (
    {"data": b"\xff\xfe\x00", "meta": b"\xc3\x28"},
    {"data": b"", "meta": b""},
    {"data": b'{\n "pretty": "yes"\n}\n', "meta": b"[1]"},
    {"data": b"\xed\xa0\x80", "meta": b'{"event_id": "", "actor": "", "source": 7}'},
    {"type": "../../over/../there", "schema_version": 32_000},
    {"type": "odd name=50%\n\u00fc\U0001f600"},
    {"type": ""},
    {"type": "long." * 200},
    {"type": "enrollment.activated", "schema_version": 9},
    {"stream_id": "progress", "stream_version": 1},
    {"stream_id": "enrollment-", "stream_version": 1},
    {"stream_id": "", "stream_version": 1},
    {"stream_id": "p\u00e4ge-\n\t:\u2028", "stream_version": 1},
    {"occurred_at": datetime(1, 1, 1, tzinfo=UTC)},
    {"occurred_at": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)},
    {"data": b"x" * 3_000_000},
)


def small(patch: pytest.MonkeyPatch) -> None:
    """Cut everything small, so that a thousand facts make many pages, blocks and files."""
    patch.setattr(digest, "BLOCK", 64)
    patch.setattr(source, "LARGEST_PAGE", 20)
    patch.setattr(exporting, "PIECE", 200)
    patch.setattr(read, "WINDOW", 16)
    patch.setattr(writer, "LARGEST_BUFFER", 8_000)


async def fill(settings: Settings, count: int, *, first: int = 1) -> None:
    """Append *count* facts of four types on some twenty streams, those numbered from *first* on."""
    versions = Counter(_stream(number) for number in range(1, first))
    events = []
    for number in range(first, first + count):
        stream, kind = _stream(number), number % 7 % 4
        versions[stream] += 1
        when = EPOCH + timedelta(hours=number)
        events.append(new_event(stream, versions[stream], number, type=TYPES[kind], occurred_at=when))
    async with opened(settings) as log:
        for start in range(0, count, 100):
            await asyncio.gather(*(log.append(Append([event])) for event in events[start : start + 100]))


def _stream(number: int) -> str:
    kind, learner = number % 7 % 4, f"l{number % 5}"
    return f"{CATEGORIES[kind]}-{learner}" if CATEGORIES[kind] == "course" else f"{CATEGORIES[kind]}-{learner}:r{kind}"


async def fill_with_hostile(settings: Settings) -> None:
    """Append facts that no command would make, with ordinary ones between them."""
    async with opened(settings) as log:
        for number, other in enumerate(HOSTILE):
            strange = msgspec.structs.replace(new_event(f"enrollment-h{number}:r1", 1), **other)
            await log.append(Append([new_event("progress-ada:r1", number + 1)]))
            await log.append(Append([strange]))


async def log_of(settings: Settings) -> list[tuple[Any, ...]]:
    """Every fact of the log, times in microseconds since 1970."""
    return await query(settings, LOG)


def exported(directory: Path) -> list[tuple[Any, ...]]:
    """Every fact of the files that the manifest names, as `log_of` gives them."""
    facts: list[tuple[Any, ...]] = []
    for file in Manifest.load(directory).files:
        table: Any = pq.ParquetFile(directory / file.path).read()
        times = [table[name].cast("int64").to_pylist() for name in ("occurred_at", "recorded_at")]
        names = ("position", "stream_id", "stream_version", "type", "schema_version", "partition")
        plain = [table[name].to_pylist() for name in names]
        facts += zip(*plain, _exact(table, "data"), _exact(table, "meta"), *times, strict=True)
    return sorted(facts)


def _exact(table: Any, name: str) -> list[bytes]:
    pairs = zip(table[name].to_pylist(), table[f"{name}_bytes"].to_pylist(), strict=True)
    return [other if text is None else text.encode() for text, other in pairs]


def as_version_2(directory: Path) -> None:
    """Turn an export into one of format version 2, whose files have fewer columns."""
    manifest = Manifest.load(directory)
    for number, file in enumerate(manifest.files):
        place = directory / file.path
        table = pq.ParquetFile(place).read().drop_columns(list(IDS))
        pq.write_table(table, place)
        size, digest = place.stat().st_size, sha256(place.read_bytes()).hexdigest()
        manifest.files[number] = msgspec.structs.replace(file, bytes=size, sha256=digest)
    manifest.format_version = 2
    manifest.save(directory)


def as_version_1(directory: Path) -> None:
    """Make of an export what the code before format version 2 would have written."""
    as_version_2(directory)
    manifest = Manifest.load(directory)
    for number, file in enumerate(manifest.files):
        path = f"type={file.path}"
        (directory / path).parent.mkdir(exist_ok=True)
        (directory / file.path).rename(directory / path)
        manifest.files[number] = msgspec.structs.replace(file, path=path)
    for folder in directory.iterdir():
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    manifest.format_version = 1
    (directory / OLD_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    (directory / NAME).unlink()
    (directory / ".lock").touch()


def manifest_with(text: bytes) -> bytes:
    """A manifest file with another text."""
    buffer = io.BytesIO()
    metadata: Any = {KEY: text}  # which may be no text
    with pq.ParquetWriter(buffer, SCHEMA) as opened:
        opened.add_key_value_metadata(metadata)
    return buffer.getvalue()


def names_in(directory: Path) -> list[str]:
    """What lies in a directory."""
    return sorted(path.name for path in directory.iterdir())


def manifest_of(directory: Path) -> list[Any]:
    """The files that the manifest names."""
    return list(Manifest.load(directory).files)


def files_below(directory: Path) -> set[str]:
    """Every Parquet file, finished or not."""
    return {str(path.relative_to(directory)) for path in directory.glob("*/*")}


async def assert_whole(settings: Settings, directory: Path) -> Manifest:
    """The export holds the log, its manifest says so, and there is no other file."""
    manifest = Manifest.load(directory)
    facts = await log_of(settings)
    assert exported(directory) == facts
    assert manifest.position == len(facts)
    assert files_below(directory) == {file.path for file in manifest.files}
    verdict = check(directory)
    assert (verdict.ok, verdict.facts, verdict.content) == (True, len(facts), manifest.content), verdict.problems
    return manifest


STEPS: dict[str, tuple[Any, str, int]] = {
    "encoding": (writer.Piece, "add", 25),
    "file renamed": (writer.Part, "finish", 9),
    "files complete": (exporting, "_add_to", 3),
    "manifest open": (msgspec.json, "format", 3),
    "manifest replaced": (manifest, "sync", 3),
}


def export_and_die(settings: Settings, directory: Path, step: str) -> None:
    """Export until the process is killed in one of `STEPS`: at the end of the n-th call of a function."""
    small(pytest.MonkeyPatch())
    _die_in(STEPS[step])
    asyncio.run(export(settings, directory))


def _die_in(step: tuple[Any, str, int]) -> None:
    place, name, number = step
    real, calls = getattr(place, name), itertools.count(1)

    def dying(*arguments: Any, **options: Any) -> Any:
        result = real(*arguments, **options)
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(place, name, dying)


CONVERSION: dict[str, tuple[Any, str, int]] = {
    "half moved": (exporting, "moved", 3),
    "folders safe": (exporting, "sync", 1),
    "manifest open": (msgspec.json, "format", 1),
    "manifest replaced": (manifest, "sync", 1),
    "file written again": (converting, "_rewritten", 2),
    "file named": (converting, "sync", 3),
}


def convert_and_die(settings: Settings, directory: Path, step: str) -> None:
    """Export onto an older export until the process is killed in one of `CONVERSION`."""
    small(pytest.MonkeyPatch())
    _die_in(CONVERSION[step])
    asyncio.run(export(settings, directory))


def export_without_space(settings: Settings, directory: Path) -> str:
    """Export where no file may be larger than some kilobytes; what it says."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
    try:
        asyncio.run(export(settings, directory))
    except ExportError as error:
        return str(error)
    return ""


def change(settings: Settings, *statements: str) -> None:
    """Change the log as only its owner can."""
    with psycopg.connect(settings.postgres_owner_url, options=f"-c search_path={settings.schema_name}") as connection:
        connection.execute("ALTER TABLE events DISABLE TRIGGER events_append_only")
        for statement in statements:
            connection.execute(statement.encode())
