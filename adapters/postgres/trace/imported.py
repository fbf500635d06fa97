"""Imports as an answer, over HTTP and by `campus import list --json`, and the row that an imported fact comes from."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from adapters.postgres.log.postgres_log import PostgresLog
from domain.admin import Import, ImportedRows, import_stream
from domain.fact import Fact, Meta, is_import


class SourceRow(msgspec.Struct, kw_only=True):
    """
    The row that an imported fact comes from.

    Attributes:
        recorded: whether the import has recorded it; those of earlier versions have not, and all else is null then.
        number: of the import, as `GET /v1/imports` lists it; *file* and *sha256* are those of the imported file.
        table: the table in that file; *line* counts from 1, the line of names included.
    """

    recorded: bool
    number: int | None
    file: str | None
    sha256: str | None
    table: str | None
    line: int | None


NOT_RECORDED = SourceRow(recorded=False, number=None, file=None, sha256=None, table=None, line=None)
ROW = SourceRow(
    recorded=True,
    number=1,
    file="anonymisedData.zip",
    sha256="5f2c1d7be7c9a1f0b1c1fdd1f6d7ce9a3d6f0cf0e4c2f4a5b6a7988c9daebf01",
    table="studentAssessment.csv",
    line=1713,
)


class ImportRecord(msgspec.Struct, kw_only=True):
    """
    One import.

    Attributes:
        source: where the data come from, such as `oulad`; its facts have the source `import:oulad`.
        number: by which its facts name it; a source counts its own.
        status: `begun` if it has no end: it is running, or was killed.
        by: who has imported; *request_id* is that of the command.
        size: of the file, in bytes; *sha256* is that of its content.
        parts: what was to be imported of it; *before* are those that were there already.
        continues: the number of the interrupted import that it went on with.
        reason: why it was interrupted.
        rows: what has become of the rows of each table; null as long as it is not finished.
        appended: facts that it has appended; *found* are those that an interrupted import had.
    """

    source: str
    number: int
    status: Literal["begun", "finished", "interrupted"]
    by: str
    request_id: str | None
    position: int
    begun_at: datetime
    ended_at: datetime | None
    file: str
    sha256: str
    size: int
    plan: int
    parts: list[str]
    before: list[str]
    continues: int | None
    reason: str | None
    rows: list[ImportedRows] | None
    appended: int | None
    found: int | None
    irregular_by_rule: dict[str, int] | None


AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
EXAMPLE = ImportRecord(
    source="oulad",
    number=2,
    status="finished",
    by="ada@campus-1",
    request_id="0199c7f0a1b27c3d8e4f5a6b7c8d9e0f",
    position=1713,
    begun_at=AT,
    ended_at=AT,
    file="anonymisedData.zip",
    sha256=ROW.sha256 or "",
    size=43_000_000,
    plan=3,
    parts=["AAA-2013J"],
    before=["AAA-2013J"],
    continues=1,
    reason="stopped by its user",
    rows=[ImportedRows(name="courses.csv", read=22, not_chosen=21, before=1, imported=1, refused=0)],
    appended=187_335,
    found=12_000,
    irregular_by_rule={"after_unregistration": 46},
)


def record_of(facts: Sequence[Fact]) -> ImportRecord:
    """An import from its facts, the first of which is that it began."""
    begun = facts[0]
    finished = next((fact for fact in facts if fact.type == Import.Finished.TOPIC), None)
    interrupted = next((fact for fact in facts if fact.type == Import.Interrupted.TOPIC), None)
    end = finished or interrupted
    data, result = begun.data, finished.data if finished else {}
    return ImportRecord(
        source=begun.id("source"),
        number=int(begun.id("number")),
        status="finished" if finished else "interrupted" if interrupted else "begun",
        by=begun.meta.actor,
        request_id=begun.meta.correlation_id,
        position=begun.position,
        begun_at=begun.occurred_at,
        ended_at=end.occurred_at if end else None,
        reason=interrupted.data["reason"] if interrupted else None,
        rows=msgspec.convert(result["rows"], list[ImportedRows]) if finished else None,
        appended=result.get("appended"),
        found=result.get("found"),
        irregular_by_rule=result.get("irregular_by_rule"),
        **{name: data[name] for name in ("file", "sha256", "size", "plan", "parts", "before", "continues")},
    )


async def source_row(log: PostgresLog, fact: Fact) -> SourceRow | None:
    """The row that a fact comes from; None if it was not imported."""
    if not is_import(fact.meta.source):
        return None
    number, table, line = _numbers(fact.meta.row)
    if not number:
        return NOT_RECORDED
    begun = await log.since(import_stream(fact.meta.source.partition(":")[2], number), 0)
    data = msgspec.json.decode(begun[0].data) if begun else {"file": None, "sha256": None, "tables": []}
    tables = data["tables"]
    return SourceRow(
        recorded=True,
        number=number,
        file=data["file"],
        sha256=data["sha256"],
        table=tables[table - 1]["name"] if 0 < table <= len(tables) else None,
        line=line,
    )


def import_streams(metas: Iterable[Meta]) -> set[str]:
    """The streams of the imports that facts with these metas name."""
    named = {(meta.source, _numbers(meta.row)[0]) for meta in metas if is_import(meta.source)}
    return {import_stream(source.partition(":")[2], number) for source, number in named if number}


def _numbers(row: str | None) -> tuple[int, int, int]:
    """Import, table and line; zeros where none are recorded."""
    parts = (row or "").split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return 0, 0, 0
    number, table, line = map(int, parts)
    return number, table, line
