"""`python3 verify.py`: read the files, check them, and say in sentences what is proven and what is not."""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path

from adapters.dossier.verifier.checks import Checkpoint, Files, Report, check
from adapters.dossier.verifier.notes import ML_DSA_44, Key, Wrong

LARGEST = 1 << 30  # bytes of a dossier
MOST_SAID = 20  # sentences about what is wrong
LEFT_BY_OTHERS = {"__pycache__", ".DS_Store", "Thumbs.db", "desktop.ini"}  # what systems leave in directories


def files_in(path: Path) -> Files:
    """The files of a dossier, in a zip file or a directory."""
    try:
        if path.is_dir():
            return {
                each.relative_to(path).as_posix(): each.read_bytes()
                for each in sorted(path.rglob("*"))
                if each.is_file() and not LEFT_BY_OTHERS & set(each.parts) and each.suffix != ".zip"
            }
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names) or sum(each.file_size for each in archive.infolist()) > LARGEST:
                raise Wrong(f"{path} has a file twice, or is larger than any dossier")
            return {name: _member(archive, name) for name in names}
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise Wrong(f"{path} cannot be read: {error}") from None


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, zipfile.zlib.error, NotImplementedError, RuntimeError, EOFError) as error:  # type: ignore[attr-defined]
        raise Wrong(f"{name} was changed: {error}") from None


def proven(report: Report) -> list[str]:
    """What is proven; for a report in which nothing is wrong."""
    statement, checkpoint = report.statement, report.checkpoint
    if statement is None or checkpoint is None:
        return []
    learner, position = statement.learner, statement.position
    named = sum(map(len, statement.named.values()))
    keys = ", ".join(key.fingerprint for key in report.keys)
    known = "that you gave" if report.known else "that stands in this dossier"
    in_log = (
        f"Each of the {len(report.facts)} facts here stands, byte for byte and at its position, in the log"
        f" {statement.tree} as it was signed at {checkpoint.size} facts. None can be changed or moved without another"
        " signature."
    )
    whole = (
        f"Each of the {len(statement.own)} streams of learner {learner} that the campus names is here from its first"
        f" fact to its last at position {position}, without a gap; so is each of {len(statement.rules)} streams of"
        " rules."
    )
    named_set = (
        f"The campus has signed that these are all streams of learner {learner} at position {position}, and that"
        f" {named} facts of other streams name the learner. All of these are here, and no others."
    )
    shows = (
        "Documents and page are those that the campus has signed, and each value on the page is that of a document or a"
        " fact here."
    )
    by = f"All signatures are by the key {known}; SHA-256 of its bytes: {keys}."
    said = [in_log, whole, named_set, shows, by]
    if checkpoint.witnesses:
        names = ", ".join(sorted({key.name for key in checkpoint.witnesses}))
        said.append(f"The checkpoint is cosigned by {names}: the log that they saw is this one.")
    said += [
        f"The checkpoint is cosigned{_how(key)} by a key that this dossier calls that of the witness {key.name}."
        for key in checkpoint.named
    ]
    return said


def _how(key: Key) -> str:
    return " in ML-DSA-44" if key.kind == ML_DSA_44 else ""


def not_proven(report: Report) -> list[str]:
    """What is not proven, however right everything is."""
    left_out = (
        "That nothing was left out: which streams there are is the word of the campus. By its signature it answers for"
        " it; who can read the whole log can refute it with one fact."
    )
    true = "That what a fact says is true: proven is what was recorded, when, and by which account."
    folded = (
        "That the documents follow from the facts: the rules are named by version and digest, and"
        " `campus dossier verify FILE.zip` folds the documents again."
    )
    said = [left_out, true, folded]
    if report.statement is not None:
        said.append(f"Anything about facts that were recorded after position {report.statement.position}.")
    if not report.known:
        key = (
            "That the key is the campus's: compare its SHA-256 with what the campus publishes, or give the key that you"
            " have (`--key`). Who forges a dossier puts another key, and another verify.py, into it."
        )
        said.append(key)
    return said + (_of_witnesses(report.checkpoint) if report.checkpoint is not None else [])


def _of_witnesses(checkpoint: Checkpoint) -> list[str]:
    """What cosignatures do not prove."""
    said = [
        f"That the key of {key.name}{_how(key)} here is the witness's: compare its SHA-256, {key.fingerprint}, with"
        " what it publishes, or give the key that you have (`--witness`). Only then is it proven that others were shown"
        " the same log."
        for key in checkpoint.named
    ]
    if not checkpoint.witnesses and not checkpoint.named:
        said.append("That others were shown the same log: no witness whose key you gave (`--witness`) has cosigned it.")
    return said + [
        f"Anything by the cosignature of {key.name}: it is of a kind that this verify.py does not know ({key.kind})."
        for key in checkpoint.unchecked
    ]


def in_words(report: Report) -> str:
    """All that is to be said, as text."""
    if report.wrong:
        more = len(report.wrong) - MOST_SAID
        lines = ["WRONG. This dossier is not as it was made:", *(f"- {each}." for each in report.wrong[:MOST_SAID])]
        lines += [f"- and {more} more."] if more > 0 else []
        return "\n".join([*lines, "", "Nothing is proven by it.", ""])
    statement = report.statement
    head = f"RIGHT. Dossier of learner {statement.learner} at position {statement.position}." if statement else ""
    parts = [head, "", "Proven:", *(f"- {each}" for each in proven(report)), "", "Not proven:"]
    return "\n".join([*parts, *(f"- {each}" for each in not_proven(report)), ""])


def main(arguments: list[str] | None = None) -> int:
    """Check a dossier; returns 0 if all is well, 1 if not."""
    parser = argparse.ArgumentParser(description="Check a dossier of Campuslog.")
    parser.add_argument("path", nargs="?", type=Path, default=Path(__file__).resolve().parent, help="zip or directory")
    parser.add_argument("--key", action="append", default=[], help="a key of the campus, NAME+ID+KEY")
    parser.add_argument("--witness", action="append", default=[], help="a key of a witness, NAME+ID+KEY")
    asked = parser.parse_args(arguments)
    try:
        files = files_in(asked.path)
    except Wrong as error:
        sys.stdout.write(f"WRONG. {error}.\n")
        return 1
    report = check(files, asked.key, asked.witness)
    sys.stdout.write(in_words(report))
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
