"""
Check a dossier of Campuslog, without Campuslog and without a network.

    python3 verify.py                       the dossier in the directory of this file
    python3 verify.py FILE.zip              a dossier as it was made
    python3 verify.py FILE.zip --key KEY    and only with a key of the campus that you have in another way

One file, Python 3.11 or later, standard library only. It ends with sentences that say what is proven and what is not;
its exit code is 0 if all is well, 1 if not. How everything is encoded: docs/dossier.md and docs/proofs.md of Campuslog.
"""

from __future__ import annotations

import hashlib
import struct
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from adapters.dossier.verifier.leaves import FACTS, PROOF, Fact, Proof, fact_of, proof_of, root_by
from adapters.dossier.verifier.notes import (
    ED25519,
    OF_WITNESSES,
    Key,
    Note,
    Wrong,
    base64_of,
    json_of,
    key_of,
    note_of,
    number_of,
    signers,
    text_of,
)
from adapters.dossier.verifier.page_check import PAGE, check_page, page_values

CHECKPOINT, STATEMENT, KEYS, MANIFEST = "checkpoint.txt", "statement.txt", "keys.txt", "manifest.json"
DOCUMENTS, RULES = "documents/", "rules.json"
STATEMENT_HEAD = "campuslog.invalid/dossier-statement/v1"
SINGLE = ("tree", "position", "recorded", "learner", "manifest")  # a line each, in this order
FAILS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error)
OF_DOSSIERS = "/dossiers"  # what follows the name of the tree in the name of the key under a statement

T = TypeVar("T")
Files = dict[str, bytes]


class Statement(NamedTuple):
    """
    What the campus has signed about one learner at one position.

    Attributes:
        recorded: when the fact at the position was recorded.
        manifest: the SHA-256 of the file that names all others.
        own, rules: streams of the learner, and those that hold rules, with how many facts each has.
        named: other streams, with the numbers of their facts that name the learner.
    """

    tree: str
    position: int
    recorded: str
    learner: str
    manifest: str
    own: dict[str, int]
    named: dict[str, list[int]]
    rules: dict[str, int]


class Checkpoint(NamedTuple):
    """
    Size and root of the tree, and who has cosigned them.

    Attributes:
        witnesses: keys that were given.
        named: keys of witnesses that stand in the dossier, whose signature is right.
        unchecked: those of a kind that is not known here.
    """

    size: int
    root: bytes
    note: Note
    witnesses: list[Key]
    named: list[Key]
    unchecked: list[Key]


class Report:
    """What was found: `wrong` has a sentence for each thing that is not as it should be."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.statement: Statement | None = None
        self.checkpoint: Checkpoint | None = None
        self.facts: list[Fact] = []
        self.keys: list[Key] = []
        self.known = False  # whether a key was given from elsewhere

    def attempt(self, step: Callable[..., T], *arguments: Any) -> T | None:
        """What a step finds; if it fails, its sentence is noted."""
        try:
            return step(*arguments)
        except Wrong as error:
            self.wrong.append(str(error))
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
            struct.error,
        ) as error:
            self.wrong.append(f"{step.__name__.strip('_')} fails: {type(error).__name__}: {error}")
        return None


def check(files: Files, given: list[str] | None = None, witnesses: list[str] | None = None) -> Report:
    """
    Check a dossier.

    Args:
        files: its files, by name.
        given: keys of the campus that are known from elsewhere; without them, those of the dossier are believed.
        witnesses: keys of witnesses that are known from elsewhere.
    """
    report = Report()
    report.known = bool(given)
    report.keys = report.attempt(_keys, files, given or []) or []
    report.statement = report.attempt(_statement, files, report.keys)
    report.checkpoint = report.attempt(_checkpoint, files, report, witnesses or [])
    report.wrong += report.attempt(_manifest, files, report.statement) or []
    proof = report.attempt(_proof, files)
    for number, line in enumerate(report.attempt(_lines, files) or []):
        what = _named(number, proof)
        fact = report.attempt(fact_of, line, what)
        if fact is not None:
            report.facts.append(fact)
            report.attempt(_included, fact, what, proof, report.checkpoint)
    if report.statement is not None and (documents := report.attempt(_documents, files, report.statement)) is not None:
        report.wrong += report.attempt(_streams, report.facts, report.statement) or []
        report.wrong += report.attempt(_page, files, report, documents) or []
    return report


def _file(files: Files, name: str) -> bytes:
    if name not in files:
        raise Wrong(f"{name} is missing")
    return files[name]


def _keys(files: Files, given: list[str]) -> list[Key]:
    """The keys of the campus that sign: all have to, and one of those that are known from elsewhere among them."""
    lines = text_of(_file(files, KEYS), KEYS).splitlines()
    found = [key_of(line.removeprefix("campus ")) for line in lines if line.startswith("campus ")]
    if not found or any(key.kind != ED25519 or key.name != found[0].name for key in found):
        raise Wrong(f"{KEYS} names no key of a campus, or of several")
    if given and not {key_of(each) for each in given} & set(found):
        raise Wrong(f"no key that was given has signed: {KEYS} has others")
    return found


def _all_signed(note: Note, keys: list[Key], file: str) -> None:
    if not keys or len(signers(note, keys, file)) != len(keys):
        raise Wrong(f"{file} is not signed by every key of the campus in {KEYS}")


def _statement(files: Files, keys: list[Key]) -> Statement:
    note = note_of(_file(files, STATEMENT), STATEMENT)
    _all_signed(note, [key._replace(name=key.name + OF_DOSSIERS) for key in keys], STATEMENT)
    if len(note.signatures) != len(keys):
        raise Wrong(f"{STATEMENT} has a signature of a key that {KEYS} does not have")
    head, *lines = note.text[:-1].split("\n")
    single = {name: value for name, _, value in (line.partition(" ") for line in lines[: len(SINGLE)])}
    if head != STATEMENT_HEAD or list(single) != list(SINGLE):
        raise Wrong(f"{STATEMENT} is not in the form that it has in a dossier")
    streams: dict[str, dict[str, Any]] = {"own": {}, "named": {}, "rules": {}}
    for kind, count, stream in (line.split(" ", 2) for line in lines[len(SINGLE) :]):
        numbers = [number_of(each, STATEMENT) for each in count.split(",")]
        streams[kind][str(json_of(stream, STATEMENT))] = numbers if kind == "named" else numbers[0]
    if single["tree"] != keys[0].name:
        raise Wrong(f"{STATEMENT} is about the log {single['tree']}, and its keys are of {keys[0].name}")
    learner, position = str(json_of(single["learner"], STATEMENT)), number_of(single["position"], STATEMENT)
    return Statement(single["tree"], position, single["recorded"], learner, single["manifest"], **streams)


def _checkpoint(files: Files, report: Report, given: list[str]) -> Checkpoint:
    note = note_of(_file(files, CHECKPOINT), CHECKPOINT)
    _all_signed(note, report.keys, CHECKPOINT)
    tree, size, root = note.text.split("\n")[:3]
    if tree != report.keys[0].name or len(base64_of(root)) != 32:
        raise Wrong(f"{CHECKPOINT} is of another log, or without a root")
    if report.statement is not None and number_of(size, CHECKPOINT) < report.statement.position:
        raise Wrong(f"{CHECKPOINT} is of {size} facts, and {STATEMENT} of position {report.statement.position}")
    witnesses = signers(note, [key_of(each) for each in given], CHECKPOINT)
    lines = text_of(_file(files, KEYS), KEYS).splitlines()
    named = [key_of(line.removeprefix("witness ")) for line in lines if line.startswith("witness ")]
    under = {(name, key_id) for name, key_id, _ in note.signatures}
    unchecked = [key for key in named if key.kind not in OF_WITNESSES and (key.name, key.id) in under]
    cosigners = signers(note, [key for key in named if key.kind in OF_WITNESSES], CHECKPOINT)
    right = [key for key in cosigners if key not in witnesses]
    return Checkpoint(number_of(size, CHECKPOINT), base64_of(root), note, witnesses, right, unchecked)


def _manifest(files: Files, statement: Statement | None) -> list[str]:
    """The files that are missing, changed, or not the dossier's, by a manifest that is the one that was signed."""
    data = _file(files, MANIFEST)
    if statement is not None and hashlib.sha256(data).hexdigest() != statement.manifest:
        raise Wrong(f"{MANIFEST} is not the one that {STATEMENT} names")
    wrong = []
    named = {name: entry["sha256"] for name, entry in json_of(data, MANIFEST)["files"].items()}
    for name in sorted(named.keys() | files.keys() - {MANIFEST, STATEMENT}):
        if name not in named:
            wrong.append(f"{name} is no file of this dossier")
        elif name not in files:
            wrong.append(f"{name} is missing")
        elif hashlib.sha256(files[name]).hexdigest() != named[name]:
            wrong.append(f"{name} was changed: {MANIFEST} names another SHA-256")
    return wrong


def _proof(files: Files) -> Proof:
    return proof_of(_file(files, PROOF))


def _lines(files: Files) -> list[bytes]:
    lines = _file(files, FACTS).split(b"\n")
    if lines.pop():
        raise Wrong(f"{FACTS} ends in the middle of a line")
    return lines


def _named(number: int, proof: Proof | None) -> str:
    """A fact of which only its line is known, by the position that it should have."""
    if proof is None or number >= len(proof.positions):
        return f"line {number + 1} of {FACTS}"
    return f"the fact at position {proof.positions[number]} (line {number + 1} of {FACTS})"


def _included(fact: Fact, what: str, proof: Proof | None, checkpoint: Checkpoint | None) -> None:
    """Raise Wrong if a fact is not in the tree."""
    if proof is None or checkpoint is None:
        return
    if proof.size != checkpoint.size:
        raise Wrong(f"{PROOF} is of a tree of {proof.size} facts, and {CHECKPOINT} of {checkpoint.size}")
    try:
        root = root_by(fact.leaf, fact.position - 1, proof.size, proof.nodes)
    except (ValueError, struct.error):
        root = None
    if not 0 < fact.position <= proof.size or root != checkpoint.root:
        raise Wrong(f"{what} is not in the log that was signed: it, or its hashes in {PROOF}, was changed")


def _streams(facts: list[Fact], statement: Statement) -> list[str]:
    """What is wrong with the set of streams, and with the facts that each has."""
    wrong = []
    found: dict[str, list[Fact]] = defaultdict(list)
    for before, fact in zip([None, *facts], facts, strict=False):
        found[fact.stream].append(fact)
        if before is not None and before.position >= fact.position:
            wrong.append(f"the fact at position {fact.position} stands after that at position {before.position}")
        if fact.position > statement.position:
            wrong.append(f"the fact at position {fact.position} was recorded after position {statement.position}")
    whole = {**statement.own, **statement.rules}
    for stream in sorted(found.keys() | whole.keys() | statement.named.keys()):
        versions = [fact.version for fact in found[stream]]
        if stream not in whole and stream not in statement.named:
            wrong.append(
                f"the fact at position {found[stream][0].position} is of {stream}, which {STATEMENT} does not name"
            )
        elif stream in statement.named:
            if versions != statement.named[stream]:
                wrong.append(
                    f"{stream} has its facts {versions[:9]}, and {STATEMENT} names {statement.named[stream][:9]}"
                )
        elif len(versions) != whole[stream] or versions != list(range(1, len(versions) + 1)):
            gap = next((n for n, version in enumerate(versions, 1) if n != version), len(versions) + 1)
            wrong.append(f"{stream} is not whole from 1 to {whole[stream]}: its fact {gap} is missing or out of place")
    others = [each for each in statement.own if statement.learner not in {each, each.partition("-")[2].split(":")[0]}]
    return wrong + [f"{each} is no stream of learner {statement.learner}" for each in others]


def _documents(files: Files, statement: Statement) -> dict[str, Any]:
    """The documents, by the name of their read model; raises Wrong if one is of another learner or position."""
    found = {}
    for name in sorted(files):
        if name.startswith(DOCUMENTS):
            document = json_of(files[name], name)
            if (document["learner_id"], document["position"]) != (statement.learner, statement.position):
                raise Wrong(f"{name} is not of learner {statement.learner} at position {statement.position}")
            found[name[len(DOCUMENTS) :].removesuffix(".json")] = document
    return found


def _page(files: Files, report: Report, documents: dict[str, Any]) -> list[str]:
    statement = report.statement._asdict() if report.statement else {}
    return check_page(_file(files, PAGE), page_values(statement, report.facts, documents))
