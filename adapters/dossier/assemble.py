"""
The files of a dossier, and the zip file of them: the same bytes for the same facts, checkpoint and code.

What is signed here is the statement: that these are all streams of the learner at the position, and the SHA-256 of the
manifest, which has that of every other file.
"""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC
from operator import itemgetter
from typing import Any

import msgspec

from adapters.dossier.errors import KeysElsewhere
from adapters.dossier.gather import Gathered
from adapters.dossier.one_file import verifier
from adapters.dossier.page import page
from adapters.dossier.verifier import checks
from adapters.dossier.verifier.checks import DOCUMENTS, Report, Statement
from adapters.dossier.verifier.leaves import FACTS, FIELDS, PROOF, PROOF_HEAD, Fact, time_text
from adapters.dossier.verifier.notes import COSIGNATURE, Note, key_of
from adapters.dossier.verifier.page_check import PAGE
from adapters.postgres.as_of.folder import KeyRows, tables_of_learners
from adapters.postgres.log.decoding import LogRow
from adapters.proofs.files import KEYS, ProofFiles
from adapters.settings import Settings
from domain.proofs.checkpoint import hash_lines
from domain.proofs.note import ED25519, Signer, signed
from projections.engine.fingerprint import code_digest, source_hash, source_hashes, source_texts
from projections.engine.projection import Projection

VERIFIER = "verify.py"
SOURCES = "sources/"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can say: all files have it
READABLE = 0o100644 << 16  # for everyone, as a zip file has it


def signing_keys(settings: Settings, gathered: Gathered) -> list[Signer]:
    """
    The keys that have signed the checkpoint, for statements of dossiers.

    Raises:
        KeysElsewhere: they are not all here.
    """
    tree, kept = gathered.tree.checkpoint.origin, ProofFiles(settings)
    wanted = {key.public for key in gathered.tree.keys}
    has_keys = bool(settings.proof_keys) or (kept.directory / KEYS).exists()
    here = {signer.verifier.public: signer for signer in (kept.signers(tree) if has_keys else [])}
    if not wanted or not wanted <= here.keys():
        raise KeysElsewhere(tree=tree)
    return [Signer(tree + checks.OF_DOSSIERS, ED25519, here[key.public].seed) for key in gathered.tree.keys]


def assemble(gathered: Gathered, signers: Sequence[Signer]) -> dict[str, bytes]:
    """The files of a dossier, by name."""
    documents = {
        name: document(projection, gathered.learner_id, gathered.position, rows)
        for name, (projection, rows) in gathered.documents.items()
    }
    keys = [key.vkey for key in gathered.tree.keys]
    ids = {each[:2] for each in gathered.tree.note.signatures}
    witnesses = [each.vkey for each in gathered.tree.witnesses if (each.name, each.key_id) in ids]
    report = _report(gathered, keys, witnesses)
    projections = [projection for projection, _ in gathered.documents.values()]
    files = {
        checks.CHECKPOINT: str(gathered.tree.note).encode(),
        checks.KEYS: "".join(
            f"{whose} {key}\n" for whose, each in (("campus", keys), ("witness", witnesses)) for key in each
        ).encode(),
        FACTS: b"".join(map(_line, gathered.rows)),
        PROOF: _proof(gathered),
        checks.RULES: _json(rules(projections)),
        **{f"{SOURCES}{name.replace('.', '/')}.py": text.encode() for name, text in sources(projections).items()},
        **{f"{DOCUMENTS}{name}.json": _json(each) for name, each in documents.items()},
        PAGE: page(report, documents),
        VERIFIER: verifier(),
    }
    named = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in sorted(files.items())
    }
    files[checks.MANIFEST] = _json({"version": 1, "files": named})
    statement = report.statement
    if statement is not None:
        text = statement_text(statement._replace(manifest=hashlib.sha256(files[checks.MANIFEST]).hexdigest()))
        files[checks.STATEMENT] = str(signed(text, signers)).encode()
    return files


def document(projection: Projection, learner_id: str, position: int, rows: KeyRows) -> dict[str, Any]:
    """The rows of a learner in one read model, with the rule that has made them."""
    tables = {
        table.name: sorted((msgspec.to_builtins(row) for row in rows.of(table)), key=itemgetter(*table.key))
        for table in tables_of_learners(projection)
    }
    found: dict[str, Any] = {
        "projection": projection.name,
        "version": projection.version,
        "code": code_digest(projection),
        "learner_id": learner_id,
        "position": position,
        "failed": [each.position for each in rows.poison],
        "rows": tables,
    }
    return json.loads(msgspec.json.encode(found))  # type: ignore[no-any-return]


def statement_text(statement: Statement) -> str:
    """What is signed about the learner (docs/dossier.md)."""
    lines = [
        checks.STATEMENT_HEAD,
        f"tree {statement.tree}",
        f"position {statement.position}",
        f"recorded {statement.recorded}",
        f"learner {_quoted(statement.learner)}",
        f"manifest {statement.manifest}",
        *(f"own {length} {_quoted(stream)}" for stream, length in statement.own.items()),
        *(f"named {','.join(map(str, each))} {_quoted(stream)}" for stream, each in statement.named.items()),
        *(f"rules {length} {_quoted(stream)}" for stream, length in statement.rules.items()),
    ]
    return "".join(f"{line}\n" for line in lines)


def rules(projections: Sequence[Projection]) -> dict[str, Any]:
    """By which code the documents were folded: the version of each rule, its hash, and the SHA-256 of its sources."""
    return {
        each.name: {
            "version": each.version,
            "code": code_digest(each),
            "source_hash": source_hash(each),
            "sources": source_hashes(each),
        }
        for each in projections
    }


def sources(projections: Sequence[Projection]) -> dict[str, str]:
    """The source of these rules, each module once, by its name."""
    return {name: text for each in projections for name, text in source_texts(each).items()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The zip file; nothing is compressed, so that the same files are the same bytes on every machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.external_attr, entry.create_system = READABLE, 3
            archive.writestr(entry, data)
    return buffer.getvalue()


def _report(gathered: Gathered, keys: Sequence[str], witnesses: Sequence[str]) -> Report:
    """What a check of the dossier will find, for the page."""
    report = Report()
    report.statement = Statement(
        tree=gathered.tree.checkpoint.origin,
        position=gathered.position,
        recorded=time_text(gathered.recorded_at.astimezone(UTC)),
        learner=gathered.learner_id,
        manifest="",
        own=gathered.own,
        named=gathered.named,
        rules=gathered.rules,
    )
    checkpoint = gathered.tree.checkpoint
    named = [key_of(each) for each in witnesses]
    report.checkpoint = checks.Checkpoint(
        checkpoint.size,
        checkpoint.root,
        Note("", []),
        [],
        [each for each in named if each.kind == COSIGNATURE],
        [each for each in named if each.kind != COSIGNATURE],
    )
    report.facts, report.keys = [_fact(row) for row in gathered.rows], [key_of(each) for each in keys]
    return report


def _fact(row: LogRow) -> Fact:
    *envelope, data, meta, occurred_at, recorded_at = row
    times = [time_text(each.astimezone(UTC)) for each in (occurred_at, recorded_at)]
    return Fact._make([*envelope, *times, data, meta])


def _line(row: LogRow) -> bytes:
    """A line of facts.jsonl; what is stored stands there as text, or in base64 if it is no UTF-8."""
    fact = _fact(row)
    line: dict[str, Any] = dict(zip(FIELDS, fact[: len(FIELDS)], strict=True))
    for name, stored in (("data", fact.data), ("meta", fact.meta)):
        try:
            line[name] = stored.decode()
        except UnicodeDecodeError:
            line[f"{name}_base64"] = base64.b64encode(stored).decode()
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _proof(gathered: Gathered) -> bytes:
    """The size of the tree, the positions, and the hashes of ranges of leaves, each once."""
    positions = " ".join(str(row[0]) for row in gathered.rows)
    hashes = hash_lines(gathered.nodes.values())
    lines = [f"{first} {end} {each}" for (first, end), each in zip(gathered.nodes, hashes, strict=True)]
    head = [PROOF_HEAD, f"size {gathered.tree.checkpoint.size}", f"facts {positions}"]
    return "".join(f"{line}\n" for line in [*head, *lines]).encode()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
