"""
Gives the files of an export the columns that they lack: of an older one, or where their own fields are wanted now.

Each file is written again under a new name, then the manifest names it instead of the old one, which goes. So a run
that is killed leaves an export that can be read, and the next run goes on.
"""

import re
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.parquet.columns import ID_SOURCES, IDS, SCHEMA, ids_of_facts
from adapters.parquet.manifest import FORMAT_VERSION, ExportError, File, Manifest, sync
from adapters.parquet.typed import schema_of, with_fields
from adapters.parquet.writer import Part

NAME = re.compile(r"(?P<positions>\d+-\d+)(\.(?P<number>\d+))?\.parquet")


def convert(directory: Path, manifest: Manifest) -> None:
    """
    Bring every file of an export to the newest format, and to the columns that its manifest says.

    Raises:
        ExportError: a file cannot be read.
    """
    for number, file in enumerate(manifest.files):
        place = directory / file.path
        try:
            with pq.ParquetFile(place, page_checksum_verification=True) as opened:
                if opened.schema_arrow == (schema_of(file.type) if manifest.typed else SCHEMA):
                    continue
                manifest.files[number] = _rewritten(directory, file, opened, typed=manifest.typed)
        except pa.ArrowException as error:
            raise ExportError(
                f"{place} cannot be read: {error}: bring it back, or export into an empty directory"
            ) from error
        sync(place.parent)
        manifest.save(directory)
        place.unlink()
    manifest.format_version = FORMAT_VERSION
    manifest.save(directory)


def _rewritten(directory: Path, file: File, opened: pq.ParquetFile, *, typed: bool) -> File:
    part = Part(directory / _renamed(file.path), schema_of(file.type) if typed else SCHEMA)
    try:
        for group in range(opened.num_row_groups):
            for batch in opened.read_row_group(group).combine_chunks().to_batches():
                facts = _completed(batch)
                part.add(with_fields(facts, file.type) if typed else facts)
            part.flush()
        fresh = part.finish(file.type, directory)
    except BaseException:
        part.discard()
        raise
    if (fresh.first, fresh.last, fresh.rows) != (file.first, file.last, file.rows):
        raise ExportError(f"{directory / file.path} is damaged: bring it back, or export into an empty directory")
    return msgspec.structs.replace(file, path=fresh.path, bytes=fresh.bytes, sha256=fresh.sha256)


def _renamed(path: str) -> Path:
    """The next name of a file of the same positions: `….parquet`, `….2.parquet`, `….3.parquet`."""
    place = Path(path)
    found = NAME.fullmatch(place.name)
    positions, number = (found["positions"], int(found["number"] or 1)) if found else (place.stem, 1)
    return place.with_name(f"{positions}.{number + 1}.parquet")


def _completed(batch: pa.RecordBatch) -> pa.RecordBatch:
    if batch.schema.names[: len(SCHEMA)] == SCHEMA.names:
        return batch.select(SCHEMA.names)
    ids = ids_of_facts(*(batch.column(name) for name in ID_SOURCES))
    columns = [ids[name] if name in IDS else batch.column(name) for name in SCHEMA.names]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
