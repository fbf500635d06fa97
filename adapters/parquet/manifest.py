"""
What an export consists of: `_manifest.parquet`, replaced as a whole after the files that it names are safe on the disk.

A file that the manifest does not name is left over from a run that was killed, and does not count.

The manifest is JSON text in the metadata of a Parquet file without rows: a tool that opens the whole directory passes
it over, or reads nothing from it (decisions/0080).

Exports of format version 1 have `manifest.json` and folders `type=NAME`, those up to version 2 lack the columns `IDS`.
They are read as they are, and the next export converts them.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.parquet.columns import SCHEMA
from adapters.parquet.digest import NOTHING

NAME = "_manifest.parquet"
KEY = "campuslog.manifest"  # of the metadata
OLD_NAME = "manifest.json"
FORMAT, FORMAT_VERSION = "campuslog-export", 3
FLAT_FOLDERS = 2  # format version since which the folders are called by the type alone
LONGEST_FOLDER = 200  # characters; file systems end at 255 bytes
HIDDEN = ("_", ".")  # names that begin so are passed over by tools that open a directory


class ExportError(Exception):
    """A directory cannot be exported to or read from; the message is a sentence that says why and what to do."""


class File(msgspec.Struct, frozen=True):
    """
    One Parquet file: facts of one type, in the order of the log.

    Attributes:
        path: below the directory of the export.
        first: position of its first fact.
        last: position of its last fact.
        rows: number of its facts.
        bytes: size of the file.
        sha256: of the whole file, as hexadecimal digits.
    """

    path: str
    type: str
    first: int
    last: int
    rows: int
    bytes: int
    sha256: str


class TypeSummary(msgspec.Struct):
    """
    The facts of one type.

    Attributes:
        facts: how many there are.
        schema_versions: those that occur, ascending.
        newest_known: the version that the exporting code would write; None for a type it does not know.
    """

    facts: int = 0
    schema_versions: list[int] = msgspec.field(default_factory=list)
    newest_known: int | None = None


class Manifest(msgspec.Struct):
    """
    One export.

    Attributes:
        campus: whose log it is.
        position: up to which every fact is exported.
        content: digest of all facts, see adapters/parquet/digest.py; the same for every export up to that position.
        content_before_last_block: what the next run goes on from.
        exported_at: when the last facts were added, UTC.
        typed: whether each type's own fields are columns of its files, too.
    """

    campus: str
    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    position: int = 0
    content: str = NOTHING.hex()
    content_before_last_block: str = NOTHING.hex()
    exported_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    typed: bool = False
    types: dict[str, TypeSummary] = msgspec.field(default_factory=dict)
    files: list[File] = msgspec.field(default_factory=list)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """
        The manifest of an export.

        Raises:
            ExportError: there is none, it is damaged, or it is not ours.
        """
        path = directory / (NAME if (directory / NAME).exists() else OLD_NAME)
        try:
            text = _text_in(path)
        except FileNotFoundError as error:
            raise ExportError(_missing(directory)) from error
        except NotADirectoryError as error:
            raise ExportError(no_directory(directory)) from error
        except OSError as error:
            raise ExportError(f"{path} cannot be read: {error.strerror}") from error
        try:
            head = msgspec.json.decode(text, type=dict)
            if head.get("format") != FORMAT:
                raise ExportError(f"{path} is not the manifest of an export of Campuslog: choose another directory")
            if head.get("format_version") not in range(1, FORMAT_VERSION + 1):
                raise ExportError(
                    f"{path} has format version {head.get('format_version')}, and this code knows {FORMAT_VERSION}: "
                    "use the code that wrote it, or export into another directory"
                )
            manifest = msgspec.json.decode(text, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ExportError(f"{path} is damaged ({error}): export into another directory") from error
        if manifest.format_version < FLAT_FOLDERS:  # a conversion that was killed has moved some of the files
            places = [(file, moved(file)) for file in manifest.files]
            manifest.files = [after if (directory / after.path).exists() else before for before, after in places]
        return manifest

    def check(self, directory: Path) -> None:
        """
        Check that the files hold every position once, as far as the manifest says so.

        Raises:
            ExportError: they do not, or one lies elsewhere.
        """
        paths = [file.path for file in self.files]
        facts = sum(file.rows for file in self.files)
        if facts != self.position or len(set(paths)) < len(paths):
            raise ExportError(
                f"{directory / NAME} does not add up: it goes up to position {self.position:,} and names"
                f" {len(paths):,} files with {facts:,} facts: export into another directory"
            )
        for path in map(Path, paths):
            if path.is_absolute() or ".." in path.parts:
                raise ExportError(f"{directory / NAME} names a file elsewhere, {path}: export into another directory")

    def save(self, directory: Path) -> None:
        """Replace the manifest in *directory*; after a crash either the old or the new one is there."""
        fresh = directory / f".{NAME}.tmp"
        with fresh.open("wb") as file:
            with pq.ParquetWriter(file, SCHEMA, store_schema=False) as writer:
                writer.add_key_value_metadata({KEY: msgspec.json.format(msgspec.json.encode(self).decode(), indent=1)})
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(directory / NAME)
        sync(directory)


def has_manifest(directory: Path) -> bool:
    """Whether *directory* holds an export, in this format or an older one."""
    return (directory / NAME).exists() or (directory / OLD_NAME).exists()


def _text_in(path: Path) -> bytes:
    """The JSON text of the manifest at *path*; empty if the file has none."""
    content = path.read_bytes()
    if path.name == OLD_NAME:
        return content
    try:
        metadata: Any = pq.read_metadata(pa.BufferReader(content)).metadata
    except (OSError, pa.ArrowException):
        return b""
    found: bytes = (metadata or {}).get(KEY.encode(), b"")
    return found


def folder_of(type_name: str) -> str:
    """
    The folder for facts of a type, `enrollment.activated`, with other characters as in a URL.

    A name that no folder can have gets a folder by its digest; the column in the file has the name in any case.
    """
    quoted = quote(type_name, safe="")
    if not type_name or len(quoted) > LONGEST_FOLDER:
        return f"sha256-{sha256(type_name.encode()).hexdigest()}"
    return f"%{ord(quoted[0]):02X}{quoted[1:]}" if quoted.startswith(HIDDEN) else quoted


def moved(file: File) -> File:
    """*file* of an older export where this format has it."""
    return msgspec.structs.replace(file, path=f"{folder_of(file.type)}/{Path(file.path).name}")


def no_directory(directory: Path) -> str:
    """Why a path that is, or leads through, a file cannot be an export."""
    file = next(path for path in (directory, *directory.parents) if path.exists() and not path.is_dir())
    return f"{file} is a file, and an export is a directory: choose one"


def _missing(directory: Path) -> str:
    """Why there is no manifest, and what would make one: an export can begin only where nothing else is."""
    if directory.exists() and any(directory.iterdir()):
        return f"{directory} has no {NAME}, so it is no export: name the directory of one"
    return f"{directory} has no {NAME}: make one with `campus log export {directory}`"


def sync(directory: Path) -> None:
    """Make the names in *directory* survive a crash."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def overlapping(files: Iterable[File], after: int, until: int) -> list[File]:
    """Those of *files* that may hold facts after position *after*, up to and with *until*."""
    return [file for file in files if file.last > after and file.first <= until]
