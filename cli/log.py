"""`campus log tail|trace|verify|export|rewound|irregular`: look into the log, check it, write it as files."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.comparison import Against, compare, short, view
from cli.console import INTERRUPTED, LAST_POSITION, MOST_ROWS, DataDir, Failure, Json, answer, progress
from cli.export import export
from cli.irregular import irregular
from cli.kept_checkpoints import (
    Checkpoint,
    Exported,
    KeptElsewhere,
    Keys,
    Proofs,
    Witnesses,
    lines,
    not_checked,
    verify_export,
)
from cli.looks import Reason, record_look
from cli.rewound import rewound
from cli.trace import trace

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.postgres.log.search import Search
    from adapters.settings import Settings
    from domain.fact import Fact

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(export)
app.command()(rewound)
app.command()(irregular)
app.command()(trace)

POLL_INTERVAL = 0.2  # seconds
PAGE = 1_000  # facts


@app.callback()
def log() -> None:
    """Read and check the log."""


@app.command()
def tail(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new facts until Ctrl-C.")] = False,
    stream: Annotated[str | None, typer.Option(help="Only this stream; `*` stands for anything.")] = None,
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only this type, such as enrollment.*; can be repeated.")
    ] = None,
    learner: Annotated[str | None, typer.Option(help="Only facts about this learner, of whichever stream.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, max=MOST_ROWS, help="How many facts.")] = 20,
    since: Annotated[
        int | None, typer.Option(min=0, max=LAST_POSITION, help="The first facts after this position, not the newest.")
    ] = None,
    reason: Reason = None,
    data: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")] = False,
) -> None:
    """
    Print the newest facts, oldest first.

    That you look at the facts of one learner, by --learner or a stream of the learner's, is recorded first.
    """
    from adapters.postgres.connection import Unavailable
    from adapters.postgres.log.search import Search
    from adapters.settings import Settings

    search = Search(stream, matching(types) if types else None, learner, naming=True)
    loaded = Settings.load(data)
    try:
        head = asyncio.run(_look(loaded, learner, stream, reason))
        asyncio.run(_tail(loaded, search, (limit, since, head), follow=follow, as_json=as_json))
    except Unavailable as error:
        raise Failure(str(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(0 if follow else INTERRUPTED) from None


@app.command()
def verify(
    *,
    against: Against = None,
    checkpoint: Checkpoint = None,
    keys: Keys = None,
    proofs: Proofs = None,
    witness: Witnesses = None,
    exported: Exported = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Check that positions are dense, versions are 1 to n, every fact can be read, and is the one that was signed.

    A fact that names a cause which does not stand before it is a problem; facts that name none are counted.

    Exits with 1 if not. Who can change the log and has the notary's key could sign another log: a checkpoint or an
    export that was kept elsewhere shows that, or a witness.
    """
    from adapters.parquet.manifest import ExportError
    from adapters.settings import Settings
    from workers.consistency.kept_checkpoints import BadCheckpoint

    kept = KeptElsewhere(checkpoint, keys, proofs, tuple(witness or ()))
    if exported is not None and against is not None:
        raise Failure("--export checks an export, and --against the log of a campus: give one of them")
    try:
        if exported is not None:
            report = verify_export(exported, kept)
        else:
            report = asyncio.run(_verify(Settings.load(data), against, kept))
    except (ExportError, BadCheckpoint) as error:
        raise Failure(str(error)) from None
    answer(report, as_json=as_json, table=lambda: _verdict(report))
    if not report["ok"]:
        raise typer.Exit(1)


def matching(patterns: Sequence[str]) -> tuple[str, ...]:
    """
    The names of facts that fit one of the *patterns*.

    Raises:
        Failure: a pattern fits none.
    """
    from fnmatch import fnmatchcase

    from domain.registry import FACTS

    found = {pattern: [name for name in FACTS if fnmatchcase(name, pattern)] for pattern in patterns}
    for pattern, names in found.items():
        if not names:
            raise Failure(f"no fact is called {pattern}; there are {', '.join(sorted(FACTS))}")
    return tuple(dict.fromkeys(name for names in found.values() for name in names))


async def _look(settings: "Settings", learner: str | None, stream: str | None, reason: str | None) -> int:
    """
    Record that the operator looks at the facts of one learner, if the command names one.

    Returns the head of the log before that, up to which facts are shown: the look itself is none of them.
    """
    from adapters.postgres.log.postgres_log import PostgresLog
    from domain.streams import id_or_none

    about = learner or id_or_none(stream or "", "learner_id")
    log = await PostgresLog.open(settings)
    try:
        head = await log.head()
        if about is not None:
            asked = f"--learner {learner}" if learner else f"--stream {stream}"
            await record_look(log, about, f"campus log tail {asked}", reason)
        return head
    finally:
        await log.close()


async def _tail(
    settings: "Settings", search: "Search", which: tuple[int, int | None, int], *, follow: bool, as_json: bool
) -> None:
    """Print facts: how many, after which position if not the newest, and up to which; then those that come."""
    from adapters.postgres.connection import connect
    from adapters.postgres.log.pages import read_head

    limit, since, head = which
    async with await connect(settings, application="log tail") as connection:
        if since is None:
            last, facts = head, await search.newest(connection, limit, head)
        else:
            last, facts = since, await search.onwards(connection, since, limit, head)
        _print(facts, as_json=as_json)
        last = max(last, *(fact.position for fact in facts), 0)
        while follow:  # window by window: what fits seldom is not looked for again and again
            until = min(await read_head(connection), last + PAGE)
            if until > last:
                _print(await search.within(connection, last, until), as_json=as_json)
                last = until
            else:
                await asyncio.sleep(POLL_INTERVAL)


def _print(facts: "Sequence[Fact]", *, as_json: bool) -> None:
    for fact in facts:
        sys.stdout.write(_as_json(fact) if as_json else _as_line(fact))
    sys.stdout.flush()


def _as_json(fact: "Fact") -> str:
    import msgspec

    return msgspec.json.encode(fact).decode() + "\n"


def _as_line(fact: "Fact") -> str:
    fields = " ".join(f"{name}={short(value)}" for name, value in fact.data.items())
    return f"{fact.position:>9}  {fact.occurred_at:%Y-%m-%d %H:%M:%S}  {fact.type:<31}  {fact.stream_id}  {fields}\n"


async def _verify(settings: "Settings", against: str | None, elsewhere: "KeptElsewhere") -> dict[str, Any]:
    from workers.consistency.kept_checkpoints import kept_here
    from workers.consistency.log_check import check, head_of

    here = await kept_here(settings)
    given = elsewhere.read(here.keys)
    is_witnessed = await elsewhere.ask_witnesses(here, settings.proof_witnesses)
    compared = None if against is None else await compare(settings, against)
    head = await head_of(settings)
    with progress("verifying the log", total=head, unit="facts") as advance:
        checkpoints = [*here.checkpoints, *given]
        findings = await check(settings, head, advance, checkpoints=checkpoints, published=elsewhere.proofs)
    for problem in here.problems:
        findings.add(problem)
    report, away = findings.as_json(), [f"not checked: {each}" for each in here.away]
    if compared is None:
        return {**report, "not_checked": [*away, *not_checked(report, elsewhere=bool(given) or is_witnessed)]}
    later = f"not checked: whether facts after position {compared['position']:,} were changed"
    left = [later] if compared["position"] < head else []
    return {**report, "ok": report["ok"] and not compared["count"], "compared": compared, "not_checked": away + left}


def _verdict(report: dict[str, Any]) -> "RenderableType":
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    seen = f"{report['events']:,} facts in {report['streams']:,} streams, up to position {report['head']:,}"
    parts: list[RenderableType] = []
    if not report["problem_count"]:
        parts.append(Text(f"the log is whole: {seen}"))
    else:
        table = Table("position", "stream", "problem")
        for problem in report["problems"]:
            row = (str(problem.get("position", "")), problem.get("stream", ""), problem["problem"])
            table.add_row(*map(escape, row))
        parts += [Text(f"the log is NOT whole: {report['problem_count']:,} problems; {seen}"), table]
    if report["without_cause"]:
        first = f"the first at position {report['first_without_cause']:,}"
        parts.append(Text(f"facts without a request or a fact as cause: {report['without_cause']:,}, {first}"))
    parts += [Text(line) for line in lines(report)]
    if "compared" in report:
        parts += view(report["compared"])
    return Group(*parts, *map(Text, report["not_checked"]))
