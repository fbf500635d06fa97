"""
Looks for texts in everything that a campus keeps on disk: as they are, as PostgreSQL's dumps write them, and in what is
compressed.
"""

import io
import subprocess
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq

from adapters.embedded.postgres import binary
from adapters.settings import Settings
from tests.support.campus_up import environment

Found = dict[str, set[str]]
"""The names of the texts that were found, by where."""


class Canaries:
    """Texts that stand nowhere by chance, by name."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._needles: list[tuple[str, bytes]] = []
        for name, text in texts.items():
            written = text.encode()
            self._needles += [(name, written), (name, written.hex().encode())]  # so bytes stand in dumps

    def add(self, name: str, content: bytes) -> None:
        """Look for bytes, too."""
        self._needles += [(name, content), (name, content.hex().encode())]

    def within(self, content: bytes) -> set[str]:
        """The names of those in some bytes."""
        return {name for name, needle in self._needles if needle in content}

    def on_disk(self, root: Path) -> Found:
        """What stands in the files below a directory, by the folder of that directory."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for path in sorted(root.rglob("*")):
            with suppress(FileNotFoundError):  # temporary files of a server go while we read
                if path.is_file():
                    where = path.relative_to(root).parts[0]
                    for content in _contents(path):
                        found[where] |= self.within(content)
        return dict(found)

    def in_database(self, settings: Settings, superuser_url: str, scratch: Path) -> Found:
        """What stands in a dump, in pages that the WAL has compressed, and in compressed columns."""
        dump = scratch / "dump.sql"
        _run("pg_dump", "--file", str(dump), superuser_url)
        columns = b"".join(_compressed_columns(settings))
        return {"dump": self.within(dump.read_bytes()), "columns": self.within(columns)}

    def in_wal(self, segments: Path, scratch: Path) -> set[str]:
        """What stands in the WAL, also in pages that it has compressed."""
        names = sorted(path.name for path in segments.iterdir() if len(path.name) == 24)
        pages = scratch / "pages"
        pages.mkdir()
        command = [binary("pg_waldump"), "--quiet", "--path", str(segments), "--save-fullpage", str(pages)]
        subprocess.run([*command, names[0]], check=False, capture_output=True, env=environment())  # ends where WAL ends
        contents = [path.read_bytes() for path in (*(segments / name for name in names), *pages.iterdir())]
        return set().union(*map(self.within, contents))


def _contents(path: Path) -> Iterator[bytes]:
    """A file, and what is packed in it."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".parquet":
        yield repr(pq.read_table(path).to_pylist()).encode()
    elif path.suffix == ".zip":
        yield from _unzipped(content)


def _unzipped(content: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield archive.read(name)


def _compressed_columns(settings: Settings) -> Iterator[bytes]:
    """The dossiers that are kept, and the snapshots of read models."""
    with psycopg.connect(settings.postgres_owner_url or "") as owner:
        owner.execute(f"SET search_path TO {settings.schema_name}".encode())
        for (file,) in _rows(owner, "SELECT file FROM dossiers WHERE file IS NOT NULL"):
            yield from _unzipped(file)
        for (rows,) in _rows(owner, "SELECT rows FROM snapshot_chunks"):
            yield zlib.decompress(rows)


def _rows(owner: psycopg.Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    return owner.execute(statement.encode()).fetchall()


def _run(program: str, *arguments: str) -> None:
    subprocess.run([binary(program), *arguments], check=True, capture_output=True, env=environment())
