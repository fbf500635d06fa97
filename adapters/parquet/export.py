"""
Brings a directory up to the head of the log: `campus log export`.

The log is cut at fixed positions into pieces, the last one shorter; a piece is written, and then the manifest that
names it. So a run that is killed has lost one piece, which the next run removes and writes again.

One page is read while the one before it is encoded. PostgreSQL sees short statements only, and no transaction.
"""

import asyncio
import fcntl
import os
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from adapters.parquet.columns import to_batch
from adapters.parquet.convert import convert
from adapters.parquet.digest import Content, block_end, block_start
from adapters.parquet.manifest import (
    FLAT_FOLDERS,
    FORMAT_VERSION,
    NAME,
    OLD_NAME,
    ExportError,
    Manifest,
    TypeSummary,
    has_manifest,
    moved,
    no_directory,
    sync,
)
from adapters.parquet.source import FactBuffers, read_page
from adapters.parquet.writer import Piece
from adapters.postgres.connection import Link
from adapters.postgres.log.pages import read_head
from adapters.settings import Settings
from domain.codec import version_of
from domain.registry import FACTS

PIECE = 1 << 20  # positions
PATIENCE = 10.0  # seconds to wait for a server that has gone
LOCK = ".lock"
OURS = re.compile(r"\.?\d{12,}-\d{12,}(\.\d+)?\.parquet(\.tmp)?")  # names of files that a run may have left behind

Advance = Callable[[int], None]


class ExportReport(msgspec.Struct):
    """
    The result of an export.

    Attributes:
        facts: in the whole export.
        new_facts: of them, those that this run has added.
        bytes: of all Parquet files.
        content: digest of all facts.
    """

    directory: str
    campus: str
    position: int
    facts: int
    new_facts: int
    files: int
    new_files: int
    bytes: int
    content: str
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return {**msgspec.structs.asdict(self), "facts_per_second": round(self.new_facts / max(self.seconds, 1e-9))}


async def export(
    settings: Settings,
    directory: Path,
    begin: Callable[[int], Advance] = lambda _: lambda _: None,
    *,
    typed: bool = False,
) -> ExportReport:
    """
    Add to the export in *directory* every fact that the log has now.

    Args:
        begin: called with the number of facts to add; gives the function to call with the number added since.
        typed: whether each type's own fields become columns, too; an export that has them keeps them.

    Raises:
        ExportError: the directory is in use, is no export of this campus, or cannot be written to.
        Gap: the log is damaged.
    """
    started = time.monotonic()
    _found(directory, settings.name)  # what is refused is left without even a lock
    with _writing(directory), _locked(directory):
        manifest = _opened(directory, settings.name, typed=typed)
        before, files = manifest.position, len(manifest.files)
        link = Link(settings, "log export", patience=PATIENCE)
        try:
            await _catch_up(link, directory, manifest, begin)
        finally:
            await link.close()
    return ExportReport(
        directory=str(directory),
        campus=manifest.campus,
        position=manifest.position,
        facts=sum(file.rows for file in manifest.files),
        new_facts=manifest.position - before,
        files=len(manifest.files),
        new_files=len(manifest.files) - files,
        bytes=sum(file.bytes for file in manifest.files),
        content=manifest.content,
        seconds=round(time.monotonic() - started, 3),
    )


async def _catch_up(link: Link, directory: Path, manifest: Manifest, begin: Callable[[int], Advance]) -> None:
    head = await link.run(read_head)
    content = await _known_content(link, directory, manifest, head)
    if manifest.position < head:
        advance = begin(head - manifest.position)
    while manifest.position < head:
        until = min((manifest.position // PIECE + 1) * PIECE, head)
        await _export_piece(link, directory, manifest, content, until=until, advance=advance)


@contextmanager
def _writing(directory: Path) -> Iterator[None]:
    """Say in a sentence why *directory* cannot be written to."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if error.errno is None:
            raise
        kept = "; what was complete is kept, and the same command goes on from there"
        said = f"{directory} cannot be written to: {os.strerror(error.errno)}"
        raise ExportError(said + (kept if os.path.exists(directory / NAME) else "")) from error  # noqa: PTH110 - never raises


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Keep other exports out of *directory*; the lock falls with the process, and its file goes with the export."""
    path = directory / LOCK
    descriptor = _lock(directory, path)
    while not _is_at(descriptor, path):  # the export before has just removed it
        os.close(descriptor)
        descriptor = _lock(directory, path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _lock(directory: Path, path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ExportError(f"another export into {directory} is under way: wait for its end") from error
    return descriptor


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is the one that *path* names."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _found(directory: Path, campus: str) -> Manifest | None:
    """The manifest of *directory*; None where an export may begin. What is neither is refused, and was only read."""
    try:
        names = {path.name for path in directory.iterdir()}
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise ExportError(no_directory(directory)) from error
    except OSError as error:
        raise ExportError(f"{directory} cannot be read: {error.strerror}") from error
    if not has_manifest(directory):
        if names - {LOCK, f".{NAME}.tmp", f".{OLD_NAME}.tmp", NAME}:
            raise ExportError(f"{directory} is not empty and has no {NAME}: choose an empty directory")
        return None
    manifest = Manifest.load(directory)
    if manifest.campus != campus:
        raise ExportError(
            f"{directory} holds the log of the campus {manifest.campus}, not of {campus}: choose another directory"
        )
    return manifest


def _opened(directory: Path, campus: str, *, typed: bool) -> Manifest:
    """The manifest of *directory*, without what a killed run has left behind; a new one for an empty directory."""
    manifest = _found(directory, campus)
    if manifest is None:
        manifest = Manifest(campus)
        manifest.save(directory)
    manifest.check(directory)
    _check_files(directory, manifest)
    if manifest.format_version < FLAT_FOLDERS:
        _move(directory, manifest)
    manifest.typed = manifest.typed or typed
    if manifest.format_version < FORMAT_VERSION or manifest.typed:
        convert(directory, manifest)
    for name in (OLD_NAME, f".{OLD_NAME}.tmp"):
        (directory / name).unlink(missing_ok=True)
    named = {directory / file.path for file in manifest.files}
    for path in directory.glob("*/*"):
        if path not in named and OURS.fullmatch(path.name):
            path.unlink()
    for folder in directory.glob("type=*"):  # of an older export
        with suppress(OSError):  # something else lies there, which is not ours
            folder.rmdir()
    return manifest


def _move(directory: Path, manifest: Manifest) -> None:
    """Move the files of an export of version 1 to where they are now; if this is killed, the next run goes on."""
    for number, file in enumerate(manifest.files):
        place = moved(file)
        (directory / place.path).parent.mkdir(exist_ok=True)
        (directory / file.path).rename(directory / place.path)
        manifest.files[number] = place
    for folder in {(directory / file.path).parent for file in manifest.files}:
        sync(folder)
    manifest.format_version = FLAT_FOLDERS
    manifest.save(directory)


def _check_files(directory: Path, manifest: Manifest) -> None:
    for file in manifest.files:
        path = directory / file.path
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise ExportError(f"{path} is missing or damaged: bring it back, or export into an empty directory")


async def check_is_of_this_log(settings: Settings, directory: Path) -> None:
    """
    Look whether the export in *directory* is complete, and a beginning of the log.

    Raises:
        ExportError: it is not.
    """
    manifest = Manifest.load(directory)
    _check_files(directory, manifest)
    link = Link(settings, "log export", patience=PATIENCE)
    try:
        await _known_content(link, directory, manifest, await link.run(read_head))
    finally:
        await link.close()


async def _known_content(link: Link, directory: Path, manifest: Manifest, head: int) -> Content:
    """The digest of what is exported already, after a look whether it is a beginning of this log."""
    if head < manifest.position:
        raise ExportError(
            f"{directory} goes up to position {manifest.position:,}, and the log ends at {head:,}: "
            "it is not the log that was exported, so choose another directory"
        )
    content = Content(block_start(manifest.position), bytes.fromhex(manifest.content_before_last_block))
    while content.position < manifest.position:
        content.add(await _page(link, content.position, manifest.position))
    if content.digest.hex() != manifest.content:
        raise ExportError(
            f"up to position {manifest.position:,} the log is not what was exported to {directory}: "
            "choose another directory, and let `campus log verify` look at the log"
        )
    return content


async def _export_piece(
    link: Link, directory: Path, manifest: Manifest, content: Content, *, until: int, advance: Advance
) -> None:
    piece = Piece(directory, manifest.position, until, typed=manifest.typed)
    try:
        async with aclosing(_ahead(lambda after: _page(link, after, until), manifest.position, until)) as pages:
            async for rows in pages:
                await _in_thread(_encode, rows, piece, content)
                advance(rows.facts)
        await _in_thread(piece.finish)
    except BaseException:
        piece.discard()
        raise
    _add_to(manifest, piece)
    manifest.position, manifest.exported_at = until, datetime.now(UTC)
    manifest.content, manifest.content_before_last_block = content.digest.hex(), content.before.hex()
    manifest.save(directory)


async def _page(link: Link, after: int, until: int) -> FactBuffers:
    """A page that lies within one block of the digest."""
    return await link.run(lambda connection: read_page(connection, after, min(until, block_end(after))))


async def _ahead(read: Callable[[int], Awaitable[FactBuffers]], after: int, until: int) -> AsyncGenerator[FactBuffers]:
    """The pages after position *after*, up to *until*; the next one is read while one is used."""
    coming = asyncio.ensure_future(read(after))
    try:
        while after < until:
            rows = await coming
            after += rows.facts
            if after < until:
                coming = asyncio.ensure_future(read(after))
            yield rows
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _in_thread(work: Callable[..., None], *arguments: Any) -> None:
    """Do *work* in a thread beside the reading; if interrupted, wait for its end, since it uses the files."""
    doing = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.gather(doing, return_exceptions=True)
        raise


def _encode(rows: FactBuffers, piece: Piece, content: Content) -> None:
    content.add(rows)
    piece.add(to_batch(rows))


def _add_to(manifest: Manifest, piece: Piece) -> None:
    manifest.files += piece.files
    for file in piece.files:
        summary = manifest.types.setdefault(file.type, TypeSummary())
        summary.facts += file.rows
        summary.schema_versions = sorted({*summary.schema_versions, *piece.versions[file.type]})
        summary.newest_known = version_of(FACTS[file.type]) if file.type in FACTS else None
