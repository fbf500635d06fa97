"""Signed checkpoints that were kept elsewhere, for `campus log verify`: by a reader, or with a published tree."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from cli.comparison import NOT_COMPARED
from cli.console import Failure, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.proofs.note import Verifier
    from workers.consistency.kept_checkpoints import Kept, KeptCheckpoint

Checkpoint = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Hold the log against a checkpoint that was kept elsewhere.", show_default=False),
]
Keys = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Whose signature of it counts: verifier keys, a line each.", show_default=False),
]
Proofs = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Tiles that were published, with their checkpoint: they name each fact.", show_default=False
    ),
]
Exported = Annotated[
    Path | None,
    typer.Option(
        "--export", metavar="DIR", help="Hold an export against the checkpoint, not the log.", show_default=False
    ),
]
Witnesses = Annotated[
    list[str] | None,
    typer.Option(
        "--witness",
        metavar="URL",
        help="Ask this witness what it has cosigned; `URL KEY` if only that key counts. Those of the settings if none.",
        show_default=False,
    ),
]
ONLY_HERE = (
    "not checked: whether the holder of the notary's key has signed another log. A checkpoint that was kept elsewhere"
    " or a witness shows that: campus log verify --checkpoint FILE, or --witness URL"
)


class KeptElsewhere(NamedTuple):
    """What the options name."""

    checkpoint: Path | None
    keys: Path | None
    proofs: Path | None
    witnesses: tuple[str, ...] = ()

    async def ask_witnesses(self, kept: "Kept", of_settings: str) -> bool:
        """
        Add what witnesses have cosigned, those named here or those of the settings; whether one is on another machine.

        Raises:
            Failure: a key is none.
        """
        from adapters.proofs.witnesses import WitnessAddress, addresses
        from domain.proofs.note import NoteError
        from workers.consistency.kept_checkpoints import add_witnessed

        try:
            named = [WitnessAddress.of(each) for each in self.witnesses if each.strip()]
            asked = named or addresses(of_settings)
        except NoteError as error:
            raise Failure(str(error)) from None
        answered = await add_witnessed(kept, asked, must_answer=bool(named))
        return any(not each.is_here for each in answered)

    def read(self, known: "Sequence[Verifier]") -> "list[KeptCheckpoint]":
        """
        The checkpoints, verified; by the keys that are known where none are given.

        Raises:
            BadCheckpoint: one says nothing.
        """
        from adapters.proofs.publish import CHECKPOINT, KEYS
        from workers.consistency.kept_checkpoints import read_files

        found = []
        if self.checkpoint is not None:
            found.append(read_files(self.checkpoint, known, self.keys))
        if self.proofs is not None:
            found.append(read_files(self.proofs / CHECKPOINT, known, self.keys or self.proofs / KEYS))
        return found


def verify_export(directory: Path, kept: KeptElsewhere) -> dict[str, Any]:
    """Hold an export against checkpoints, as plain values; raises ExportError, BadCheckpoint, Failure."""
    from contextlib import ExitStack

    from workers.consistency.export_check import check_export

    if kept.witnesses:
        raise Failure("--witness is asked about the log of a campus, not about an export")
    if kept.checkpoint is not None and kept.keys is None and kept.proofs is None:
        raise Failure(
            "say whose signature of the checkpoint counts: --keys FILE, as `campus proofs checkpoint --keys` prints"
        )
    checkpoints = kept.read([])
    if not checkpoints:
        raise Failure("say what the export is held against: --checkpoint FILE with --keys FILE, or --proofs DIR")
    with ExitStack() as stack:
        title = f"verifying {directory}"
        found = check_export(
            directory,
            checkpoints,
            kept.proofs,
            lambda total: stack.enter_context(progress(title, total=total, unit="facts")),
        )
    report = found.as_json()
    return {**report, "not_checked": _later(report)}


def not_checked(report: dict[str, Any], *, elsewhere: bool) -> list[str]:
    """What the checkpoints leave open, as sentences."""
    if "checkpoints" not in report:
        return [NOT_COMPARED]
    return [*_later(report), *([] if elsewhere else [ONLY_HERE])]


def _later(report: dict[str, Any]) -> list[str]:
    signed = max(each["size"] for each in report["checkpoints"])
    later = f"not checked: whether facts after position {signed:,} were changed, which no checkpoint covers"
    return [later] if signed < report["head"] else []


def lines(report: dict[str, Any]) -> list[str]:
    """What each checkpoint says, for people."""
    words = {True: "are those", False: "are NOT those"}
    return [
        f"the first {each['size']:,} facts {words[each['ok']]} under the checkpoint of {each['source']}"
        for each in report.get("checkpoints", [])
    ]
