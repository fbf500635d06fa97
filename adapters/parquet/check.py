"""
Is an export what its manifest says? Every file is looked at, and then every fact in the order of the log.
"""

from collections import Counter
from collections.abc import Callable
from hashlib import file_digest
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.parquet.columns import LOGGED, OLD_SCHEMA, SCHEMA, to_rows
from adapters.parquet.digest import Content
from adapters.parquet.manifest import NAME, ExportError, File, Manifest
from adapters.parquet.read import Export


class FileDefect(msgspec.Struct, frozen=True):
    """What is wrong with a file, named by its path below the directory."""

    file: str
    problem: str


class ExportCheck(msgspec.Struct):
    """
    The result of a check.

    Attributes:
        content: digest of the facts that were found; empty when a file is wrong.
        problems: the first wrong file first.
    """

    directory: str
    campus: str
    position: int
    files: int
    facts: int = 0
    content: str = ""
    problems: list[FileDefect] = msgspec.field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain values."""
        return {"ok": self.ok, **msgspec.to_builtins(self)}


def check(directory: Path, begin: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None) -> ExportCheck:
    """
    Compare the export in *directory* with its manifest.

    Args:
        begin: called with the number of facts to look at; gives the function to call with the number seen since.

    Raises:
        ExportError: there is no manifest, or it is damaged.
    """
    export = Export(directory, Manifest.load(directory))  # what does not add up is for the verdict to say
    manifest = export.manifest
    verdict = ExportCheck(str(directory), manifest.campus, manifest.position, len(manifest.files))
    for file in manifest.files:
        problem = _wrong_with(directory / file.path, file, typed=manifest.typed)
        if problem:
            verdict.problems.append(FileDefect(file.path, problem))
    if verdict.ok:
        try:
            _check_content(export, verdict, begin(manifest.position))
        except ExportError as error:
            verdict.problems.append(FileDefect(NAME, str(error)))
    return verdict


def _wrong_with(path: Path, file: File, *, typed: bool) -> str:
    """What is wrong with one file; empty when nothing is."""
    problem = ""
    try:
        with path.open("rb") as opened:
            size, digest = path.stat().st_size, file_digest(opened, "sha256").hexdigest()
        with pq.ParquetFile(path) as parquet:
            schema, rows = parquet.schema_arrow, parquet.metadata.num_rows
        if digest != file.sha256:
            problem = "its SHA-256 is not that of the manifest"
        elif size != file.bytes or rows != file.rows:
            problem = f"has {size:,} bytes and {rows:,} facts instead of {file.bytes:,} and {file.rows:,}"
        elif not any(schema == each or (typed and _begins_with(schema, each)) for each in (SCHEMA, OLD_SCHEMA)):
            problem = "its columns are not those of an export"
    except FileNotFoundError:
        problem = "is missing"
    except (OSError, pa.ArrowException) as error:
        problem = f"cannot be read: {' '.join(str(error).split())}"
    return problem


def _begins_with(schema: pa.Schema, common: pa.Schema) -> bool:
    return pa.schema(list(schema)[: len(common)]) == common


def _check_content(export: Export, verdict: ExportCheck, advance: Callable[[int], None]) -> None:
    """Digest, gaps and counts of all facts."""
    manifest, content, types = export.manifest, Content(), Counter[str]()
    for batch in export.batches(columns=LOGGED):
        first, last = batch.column("position")[0].as_py(), batch.column("position")[-1].as_py()
        if first != content.position + 1 or last - first + 1 != batch.num_rows:
            lacking = f"facts after position {content.position:,} are missing or doubled"
            verdict.problems.append(FileDefect(NAME, f"{lacking}: it does not name all files, or one twice"))
            return
        content.add(to_rows(batch))
        counted: Any = pc.value_counts(batch.column("type"))
        types.update({pair["values"]: pair["counts"] for pair in counted.to_pylist()})
        advance(batch.num_rows)
    verdict.facts, verdict.content = content.position, content.digest.hex()
    if content.position != manifest.position:
        verdict.problems.append(
            FileDefect(NAME, f"says {manifest.position:,} facts, and there are {content.position:,}")
        )
    elif verdict.content != manifest.content or content.before.hex() != manifest.content_before_last_block:
        verdict.problems.append(FileDefect(NAME, "its digest of the content is not that of the facts in the files"))
    elif {name: summary.facts for name, summary in manifest.types.items()} != dict(types):
        verdict.problems.append(FileDefect(NAME, "its counts by type are not those of the files"))
