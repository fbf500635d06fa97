"""The documents of a dossier, folded again from its facts by this code, and compared with those that it holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from adapters.dossier.assemble import VERIFIER, document
from adapters.dossier.one_file import verifier
from adapters.dossier.verifier.checks import DOCUMENTS, RULES, Report
from adapters.dossier.verifier.leaves import Fact as StoredFact
from adapters.postgres.as_of.folder import fold_key
from adapters.postgres.log.decoding import fact_of
from domain.fact import Fact
from domain.streams import is_reference, key_of
from projections.engine.projection import Projection


async def differences(report: Report, files: Mapping[str, bytes], projections: Sequence[Projection]) -> list[str]:
    """
    Where the documents differ from what this code makes of the facts, a sentence each.

    Args:
        report: of a check in which nothing was wrong.
        projections: read models of this code; a document of none of them is a difference.
    """
    statement = report.statement
    if statement is None:
        return []
    facts, by_name = [_fact(each) for each in report.facts], {each.name: each for each in projections}
    rules = msgspec.json.decode(files[RULES])
    found = []
    for name in sorted(name for name in files if name.startswith(DOCUMENTS)):
        projection = by_name.get(name.removeprefix(DOCUMENTS).removesuffix(".json"))
        if projection is None:
            found.append(f"{name} is of a read model that this code does not have")
            continue
        of_key = [fact for fact in facts if _concerns(projection, fact, statement.learner)]
        rows = await fold_key(projection, statement.learner, of_key)
        made = document(projection, statement.learner, statement.position, rows)
        stored = msgspec.json.decode(files[name])
        if made["code"] != rules[projection.name]["code"]:
            found.append(
                f"{name} was folded by version {stored['version']} of other code: {rules[projection.name]['code']}"
            )
        found += [f"{name}: {each}" for each in _rows_that_differ(stored, made)]
    return found


def is_own_verifier(files: Mapping[str, bytes]) -> bool:
    """Whether verify.py of the dossier is the one that this code puts into dossiers."""
    return files.get(VERIFIER) == verifier()


def _concerns(projection: Projection, fact: Fact, learner_id: str) -> bool:
    """Whether a fact of the dossier has a part in the learner's rows."""
    return fact.type in projection.handlers and (is_reference(fact.stream_id) or key_of(fact.stream_id) == learner_id)


def _fact(stored: StoredFact) -> Fact:
    *envelope, occurred_at, recorded_at, data, meta = stored
    times = [datetime.fromisoformat(each) for each in (occurred_at, recorded_at)]
    return fact_of((*envelope, data, meta, *times))


def _rows_that_differ(stored: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """Each row, and each fact at which the fold failed, that only one side has."""
    found = []
    if stored["failed"] != made["failed"]:
        found.append(f"the fold fails at the facts {made['failed']}, and in the dossier at {stored['failed']}")
    for table in sorted(stored["rows"].keys() | made["rows"].keys()):
        before, after = stored["rows"].get(table, []), made["rows"].get(table, [])
        for at in range(max(len(before), len(after))):
            old, new = (rows[at] if at < len(rows) else None for rows in (before, after))
            if old != new:
                found.append(f"row {at} of {table} {_changes(old, new)}")
    return found


def _changes(old: dict[str, Any] | None, new: dict[str, Any] | None) -> str:
    if old is None or new is None:
        return "is not in the dossier" if old is None else "does not follow from the facts"
    fields = [name for name in old | new if old.get(name) != new.get(name)]
    return f"has {', '.join(f'{name} {old.get(name)!r}, and not {new.get(name)!r}' for name in fields)[:300]}"
