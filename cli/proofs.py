"""`campus proofs …`: show, prove and publish that the log only grows (docs/proofs.md)."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cli.console import INTERRUPTED, LAST_POSITION, DataDir, Failure, Json, answer, progress, say
from cli.operator import Justification, Ticket, accounted, in_clear

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.postgres.queries.reader import Reader
    from adapters.proofs.prove import Consistency
    from adapters.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)
ResultT = TypeVar("ResultT")


@app.callback()
def proofs() -> None:
    """Show, prove and publish what the notary has signed."""


@app.command()
def checkpoint(
    *,
    keys: Annotated[bool, typer.Option("--keys", help="Print the keys that sign instead, a line each.")] = False,
    data: DataDir = None,
) -> None:
    """Print the newest checkpoint: which tree, how many facts, its root and the signatures."""
    from adapters.proofs.prove import signed_tree

    tree = _ask(data, signed_tree)
    sys.stdout.write("".join(f"{each.vkey}\n" for each in tree.keys) if keys else str(tree.note))


@app.command()
def inclusion(
    position: Annotated[int, typer.Argument(min=1, max=LAST_POSITION, help="The position of a fact.")],
    data: DataDir = None,
) -> None:
    """Print the proof that the fact at a position is in the signed tree (tlog-proof), with its checkpoint."""
    from adapters.proofs.prove import prove_inclusion, signed_tree

    async def prove(reader: "Reader") -> str:
        (proof,) = await prove_inclusion(reader, await signed_tree(reader), [position])
        return str(proof)

    sys.stdout.write(_ask(data, prove))


@app.command()
def consistency(
    first: Annotated[int, typer.Argument(metavar="FROM", min=0, max=LAST_POSITION, help="The smaller tree, in facts.")],
    second: Annotated[int, typer.Argument(metavar="TO", min=0, max=LAST_POSITION, help="The larger tree, in facts.")],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print both roots and the hashes that prove that one tree is the beginning of the other."""
    from adapters.proofs.prove import prove_consistency, signed_tree
    from domain.proofs.checkpoint import hash_lines

    async def prove(reader: "Reader") -> "Consistency":
        return await prove_consistency(reader, await signed_tree(reader), first, second)

    found = _ask(data, prove)
    roots = hash_lines([found.first_root, found.second_root])
    report = {"from": first, "to": second, "first_root": roots[0], "second_root": roots[1]}
    report["hashes"] = hash_lines(found.hashes)
    answer(report, as_json=as_json, table=lambda: _lines(report))


@app.command()
def publish(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The directory to serve; it is made if needed.")],
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Write tiles and checkpoint as files for any web server; a later run adds what is new.

    The files have hashes in them, and nothing about people. The checkpoint is written last.
    """
    from adapters.proofs import publish as publishing

    with ExitStack() as stack:

        def begin(total: int) -> Callable[[int], None]:
            return stack.enter_context(progress("publishing", total=total, unit="tiles"))

        try:
            found = _ask(data, lambda reader: publishing.publish(reader, directory, begin))
        except KeyboardInterrupt:
            say("stopped; the same command goes on where this one was")
            raise typer.Exit(INTERRUPTED) from None
    answer(found._asdict(), as_json=as_json, table=lambda: _published(found._asdict()))


@app.command()
def resolve(
    reason: Annotated[str, typer.Option(help="Why the log is not what was signed. It stays in clear: name no person.")],
    ticket: Ticket = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Give up the tree that the notary refuses to go on with, and let it begin another one.

    What was signed before stays a proof of that. Witnesses report the new tree until a person names its key to them.
    """
    from adapters.settings import Settings

    if not reason.strip():
        raise Failure("say why: --reason TEXT")
    report = asyncio.run(_resolve(Settings.load(data), in_clear(reason), ticket))
    answer(report, as_json=as_json, table=lambda: _text(report["text"]))


@app.command()
def keys(
    *,
    add: Annotated[
        bool, typer.Option("--add", help="Make another key, which signs beside those that there are.")
    ] = False,
    retire: Annotated[
        bool, typer.Option("--retire", help="Forget all keys but the newest, once readers know that one.")
    ] = False,
    data: DataDir = None,
) -> None:
    """
    Print the notary's keys of this data directory, the newest first; replace one with an overlap in which both sign.

    First `--add`; once all who check have the new key, and the newest checkpoint is signed by it, `--retire`.
    """
    from adapters.proofs.files import BadKeys, ProofFiles
    from adapters.proofs.prove import signed_tree
    from adapters.settings import Settings
    from domain.proofs.note import signed_by

    if add and retire:
        raise Failure("readers need time between --add and --retire: give one of them")
    files = ProofFiles(Settings.load(data))
    tree = _ask(data, signed_tree)
    try:
        if add:
            files.add_key()
        signers = files.signers(tree.checkpoint.origin)
        if retire:
            newest = signers[0].verifier
            if not any((each.name, each.key_id) == (newest.name, newest.key_id) for each in tree.note.signatures):
                raise Failure(
                    "the newest checkpoint is not signed by the newest key yet: wait until the notary has signed"
                )
            signed_by(tree.note, [newest])
            say(f"{files.retire_keys()} keys are forgotten")
            signers = signers[:1]
    except BadKeys as error:
        raise Failure(str(error)) from None
    sys.stdout.write("".join(f"{each.verifier.vkey}\n" for each in signers))


async def _resolve(settings: "Settings", reason: str, ticket: str | None) -> dict[str, Any]:
    from adapters.command_bus.bus import Bus
    from adapters.postgres.log.postgres_log import PostgresLog
    from adapters.postgres.queries.lag import workers
    from adapters.proofs.tree import read_tree
    from commands.admin import ResolveDispute

    async with _opened(settings) as reader:
        stored = await read_tree(reader)
        troubles = [each.trouble for each in await workers(reader) if each.name == "notary"]
    said = next((each for each in troubles if each.startswith("Refused: ")), None)
    if stored is None or said is None:
        raise Failure("the notary does not refuse to sign: there is nothing to resolve")
    log = await PostgresLog.open(settings)
    try:
        context = await accounted(log, Justification(ticket, reason=reason))
        position = await Bus(log).handle(ResolveDispute(stored.origin, reason), context)
    finally:
        await log.close()
    text = f"{stored.origin} is given up at position {position:,}; the notary begins another tree within seconds"
    return {"origin": stored.origin, "position": position, "was": said.removeprefix("Refused: "), "text": text}


def _text(text: str) -> "RenderableType":
    from rich.text import Text

    return Text(text)


def _ask(data: Path | None, ask: "Callable[[Reader], Awaitable[ResultT]]") -> ResultT:
    """What the stored tree answers; raises Failure with the sentence of what is wrong."""
    from adapters.settings import Settings
    from domain.errors import DomainError

    settings = Settings.load(data)

    async def run() -> ResultT:
        async with _opened(settings) as reader:
            return await ask(reader)

    try:
        return asyncio.run(run())
    except DomainError as error:
        raise Failure(error.sentence) from None


@asynccontextmanager
async def _opened(settings: "Settings") -> "AsyncIterator[Reader]":
    from adapters.postgres.queries.reader import Reader

    reader = Reader(settings)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


def _lines(report: dict[str, Any]) -> "RenderableType":
    from rich.text import Text

    head = f"the tree of {report['from']:,} facts is the beginning of that of {report['to']:,}, by these hashes:"
    roots = f"root of {report['from']:,}: {report['first_root']}\nroot of {report['to']:,}: {report['second_root']}"
    return Text("\n".join([head, *report["hashes"], roots]))


def _published(report: dict[str, Any]) -> "RenderableType":
    from rich.text import Text

    return Text(
        f"{report['directory']} has the tree {report['origin']} up to position {report['size']:,}:"
        f" {report['tiles']:,} tiles, of which {report['written']:,} are new"
    )
