"""
`campus bench …`: Campuslog against its yardsticks, on servers of its own, with medians and ratios.

Takes minutes and both cores; does not touch a running campus.
"""

import importlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.console import Json, answer

if TYPE_CHECKING:
    from rich.table import Table

    from benchmarks.audit import Target
    from benchmarks.forum import Findings as ForumFindings
    from benchmarks.peers import Findings as PeerFindings
    from benchmarks.rebuild import Findings
    from benchmarks.rounds import Comparison

app = typer.Typer(no_args_is_help=True, add_completion=False)

Seconds = Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")]
Rounds = Annotated[int, typer.Option(min=1, max=50, help="Measured rounds, after one warm-up round.")]
File = Annotated[Path, typer.Option(help="The release of OULAD.", exists=True, dir_okay=False)]


@app.callback()
def begin() -> None:
    """Measure Campuslog against its yardsticks, on servers of its own."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as by Ctrl-C, so that no server is left behind


@app.command()
def append(seconds: Seconds = 4.0, rounds: Rounds = 5, as_json: Json = False) -> None:
    """Durable appends by 32 writers, against the eventsourcing library's own recorder."""
    _report("append", as_json, seconds=seconds, rounds=rounds)


@app.command()
def condition(seconds: Seconds = 4.0, rounds: Rounds = 5, as_json: Json = False) -> None:
    """Durable appends under a condition with one tag, against the same without it."""
    _report("condition", as_json, seconds=seconds, rounds=rounds)


@app.command()
def traced(seconds: Seconds = 4.0, rounds: Rounds = 5, as_json: Json = False) -> None:
    """Durable appends of facts that name a request, against the same without the index of traces."""
    _report("traced", as_json, seconds=seconds, rounds=rounds)


@app.command()
def notary(seconds: Seconds = 4.0, rounds: Rounds = 5, as_json: Json = False) -> None:
    """Durable appends while a notary signs them, against the same without; and the lag of the notary."""
    _report("notary", as_json, seconds=seconds, rounds=rounds)


@app.command()
def command(seconds: Seconds = 4.0, rounds: Rounds = 5, as_json: Json = False) -> None:
    """Commands over HTTP with all workers running, against a FastAPI application on the stock library."""
    _report("command", as_json, seconds=seconds, rounds=rounds)


@app.command()
def query(
    of: Annotated[Literal["dashboard", "overview"], typer.Argument(help="What is read.")] = "dashboard",
    seconds: Seconds = 4.0,
    rounds: Rounds = 5,
    as_json: Json = False,
) -> None:
    """Reads of the learner dashboard, against an empty route; or of the overview, against the learner dashboard."""
    _report("overview" if of == "overview" else "query", as_json, seconds=seconds, rounds=rounds)


@app.command()
def search(seconds: Seconds = 4.0, rounds: Rounds = 5, as_json: Json = False) -> None:
    """Searches in a catalog of 10,000 courses over HTTP, against the 20 ms that 95 of 100 may take."""
    _report("search", as_json, seconds=seconds, rounds=rounds)


@app.command()
def forum(
    posts: Annotated[int, typer.Option(min=100, max=10_000_000, help="Posts of the forum.")] = 1_000_000,
    people: Annotated[int, typer.Option(min=100, max=1_000_000, help="Who have written them.")] = 100_000,
    seconds: Seconds = 5.0,
    as_json: Json = False,
) -> None:
    """Posts until they are seen, pages of a long thread, what is unread and searches in a forum of a million posts."""
    import uvloop

    module = importlib.import_module("benchmarks.forum")
    found = uvloop.run(module.bench(posts, people, seconds))
    answer(found.as_dict(), as_json=as_json, table=lambda: _forum(found))


def _forum(found: "ForumFindings") -> "Table":
    from rich.table import Table

    title = f"bench forum: {found.size.posts:,} posts of {found.size.people:,} people; ms for one client"
    table = Table(title=f"{title}; projected in {found.projected_s:,.0f} s, indexed in {found.indexed_s:,.0f} s")
    for column in ("figure", "of 100", "ms", "median", "answers", "permitted", "met"):
        table.add_column(column, justify="left" if column in ("figure", "met") else "right")
    for each in found.figures:
        numbers = (f"{each.ms:,.1f}", f"{each.median_ms:,.1f}", f"{each.answers:,}", f"{each.permitted_ms:,.0f}")
        table.add_row(each.name, str(each.percent), *numbers, "yes" if each.met else "no")
    return table


@app.command()
def lag(seconds: Seconds = 10.0, rounds: Rounds = 3, as_json: Json = False) -> None:
    """Time from a command's answer until the dashboard shows it, at 500 commands a second."""
    _report("lag", as_json, seconds=seconds, rounds=rounds)


@app.command()
def session(
    what: Annotated[Literal["query", "command", "lag"], typer.Argument(help="What is measured.")] = "query",
    seconds: Seconds = 4.0,
    rounds: Rounds = 5,
    as_json: Json = False,
) -> None:
    """Reads, commands or lag by the sessions of browsers, against the same by development tokens."""
    _report("session", as_json, what=what, seconds=seconds, rounds=rounds)


@app.command()
def oulad(
    file: File = Path("../shared/data/anonymisedData.zip"),
    rounds: Annotated[int, typer.Option(min=1, max=9, help="Complete imports.")] = 1,
    as_json: Json = False,
) -> None:
    """The whole OULAD import, projected to lag 0, and the memory of every process."""
    _report("oulad", as_json, file=file, rounds=rounds)


@app.command()
def audit(
    file: File = Path("../shared/data/anonymisedData.zip"),
    campus: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Data directory of a running campus with OULAD in it, instead of a throw-away one.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    seconds: Seconds = 4.0,
    as_json: Json = False,
) -> None:
    """Answers as of a moment beside live ones on the whole of OULAD, proofs, and live reads beside 64 auditors."""
    import uvloop

    module = importlib.import_module("benchmarks.audit")
    found = uvloop.run(module.bench(file=file, campus=campus, seconds=seconds))
    answer(found, as_json=as_json, table=lambda: _audit(found, module.targets(found)))


@app.command()
def pages(
    *,
    campus: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Data directory of a running campus with the sample people, such as one with OULAD.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A release of OULAD that the sample campus gets as well.", exists=True, dir_okay=False),
    ] = None,
    run: Annotated[str, typer.Option(help="The run whose pages its instructor reads.")] = "",
    seconds: Seconds = 4.0,
    rounds: Rounds = 3,
    as_json: Json = False,
) -> None:
    """The pages of each desk by 64 clients, against their queries over JSON; time, work and size of each for one."""
    import uvloop

    module = importlib.import_module("benchmarks.pages")
    found = uvloop.run(module.bench(campus=campus, file=file, run_id=run, seconds=seconds, rounds=rounds))
    answer(found, as_json=as_json, table=lambda: _pages(found))


def _pages(found: list[dict[str, Any]]) -> "Table":
    from rich.table import Table

    table = Table(title="bench pages: p95 in ms at 64 clients; for one client the median, CPU and size")
    figures = {
        "p95": "page_ms",
        "queries": "query_ms",
        "ratio": "ratio",
        "to slowest": "of_slowest",
        "alone": "alone_ms",
        "CPU": "cpu_ms",
        "CPU of queries": "query_cpu_ms",
        "gzip, kB": "page_bytes",
        "first load, kB": "load_bytes",
    }
    for column in ("desk", "page", *figures, "missed"):
        table.add_column(column, justify="right" if column in figures else "left")
    for each in found:
        shown = (
            None if each[name] is None else each[name] / (1_000 if "bytes" in name else 1) for name in figures.values()
        )
        cells = ("" if value is None else f"{value:,.1f}" for value in shown)
        table.add_row(each["desk"], each["page"], *cells, ", ".join(each["missed"]))
    return table


@app.command()
def rebuild(
    events: Annotated[
        int, typer.Option(min=10_000, max=20_000_000, help="Facts of the log; 1 and 3 million on the way.")
    ] = 1_000_000,
    seconds: Seconds = 5.0,
    rounds: Rounds = 3,
    as_json: Json = False,
) -> None:
    """Rebuilds of read models, against the library's ProjectionRunner and a bare COPY; effect on a busy campus."""
    import uvloop

    findings: Findings = uvloop.run(
        importlib.import_module("benchmarks.rebuild").bench(events=events, seconds=seconds, rounds=rounds)
    )
    answer(findings.as_dict(), as_json=as_json, table=lambda: _targets(findings))


@app.command()
def payment(
    orders: Annotated[int, typer.Option(min=10, max=100_000, help="Orders of each round.")] = 300,
    rounds: Rounds = 3,
    as_json: Json = False,
) -> None:
    """Orders a second, from placing to an active enrollment, and how fast messages of the provider are answered."""
    import uvloop

    module = importlib.import_module("benchmarks.payment")
    found = uvloop.run(module.bench(orders=orders, rounds=rounds))
    answer(found, as_json=as_json, table=lambda: module.report(found))


@app.command()
def exam(
    learners: Annotated[int, typer.Option(min=3, max=5_000, help="How many sit the exam.")] = 500,
    seconds: Annotated[float, typer.Option(min=10, max=3_600, help="How long the exam is.")] = 60.0,
    as_json: Json = False,
) -> None:
    """A timed exam: how long an autosave takes, and when the last attempt is graded; a third is left to the server."""
    import uvloop

    found = uvloop.run(importlib.import_module("benchmarks.exam").bench(learners=learners, seconds=seconds))
    answer(found.as_dict(), as_json=as_json, table=lambda: _figures("exam", found.as_dict()))


def _figures(name: str, figures: dict[str, Any]) -> "Table":
    """Figures by their names."""
    from rich.table import Table

    table = Table(title=f"bench {name}", title_justify="left")
    for column in ("", "found"):
        table.add_column(column)
    for figure, value in figures.items():
        table.add_row(figure, f"{value:,.1f}" if isinstance(value, float) else str(value))
    return table


@app.command()
def peers(
    seconds: Seconds = 2.0,
    rounds: Rounds = 3,
    node: Annotated[Path, typer.Option(help="Where npm has installed the peers that run on Node.")] = Path(),
    as_json: Json = False,
) -> None:
    """Appends, conditional appends, reads and tails, against eventsourcing, Emmett, Message DB and UmaDB."""
    import uvloop

    findings: PeerFindings = uvloop.run(
        importlib.import_module("benchmarks.peers").bench(seconds=seconds, rounds=rounds, node=node)
    )
    answer(findings.as_dict(), as_json=as_json, table=lambda: _peers(findings))


def _report(name: str, as_json: bool, **how: object) -> None:
    """Run the benchmark *name*, the module of that name with `bench(…)`, and print what it found."""
    import uvloop

    comparison: Comparison = uvloop.run(importlib.import_module(f"benchmarks.{name}").bench(**how))
    answer(comparison.as_dict(), as_json=as_json, table=lambda: _table(comparison))


def _table(comparison: "Comparison") -> "Table":
    from rich.table import Table

    table = Table(title=f"bench {comparison.name}: {comparison.what}", title_justify="left")
    for column in ("", "median", "rounds"):
        table.add_column(column)
    for label, value, index in (("ours", comparison.ours, 0), (comparison.yardstick_is, comparison.yardstick, 1)):
        rounds = "  ".join(f"{pair[index]:,.1f}" for pair in comparison.rounds)
        table.add_row(label, f"{value:,.1f} {comparison.unit}", rounds)
    verdict = "[green]met[/]" if comparison.met else "[red]missed[/]"
    table.add_row("ratio", f"{comparison.ratio:.2f}", f"target {comparison.target}: {verdict}")
    for name, value in comparison.details.items():
        table.add_row(name, "", str(value))
    return table


def _audit(found: dict[str, Any], targets: "list[Target]") -> "Table":
    from rich.table import Table

    table = Table(title="bench audit", title_justify="left")
    for column in ("", "found", "target", ""):
        table.add_column(column)
    for name, figure, bound, met in targets:
        table.add_row(name, f"{figure:,.3f}", bound, "[green]met[/]" if met else "[red]missed[/]")
    table.add_section()
    for name, value in found.items():
        table.add_row(name, f"{value:,}", "", "")
    return table


def _peers(findings: "PeerFindings") -> "Table":
    from rich.table import Table

    names = list(next(iter(findings.rates.values())))
    table = Table(title="bench peers: facts/s, medians", title_justify="left")
    for column in ("", *names):
        table.add_column(column)
    for measurement, rates in findings.rates.items():
        table.add_row(measurement, *(f"{rates[name]:,.0f}" for name in names))
    table.add_section()
    for goal in findings.goals:
        verdict = "[green]met[/]" if goal.met else "[red]missed[/]"
        table.add_row(f"ours / {goal.peer}, 32 writers", f"{goal.ratio:.1f}", f">= {goal.at_least:g}: {verdict}")
    if findings.left_out:
        table.caption = "\n".join(f"{name} is left out: {reason}" for name, reason in findings.left_out.items())
    return table


def _targets(findings: "Findings") -> "Table":
    from rich.table import Table

    verdicts = {True: "[green]met[/]", False: "[red]missed[/]", None: "not measured"}
    table = Table(title=f"bench {findings.name}", title_justify="left")
    for column in ("", "found", "target", ""):
        table.add_column(column)
    for target in findings.targets:
        found = "" if target.figure is None else f"{target.figure:,.2f} {target.unit}"
        table.add_row(target.name, found, target.target, verdicts[target.met])
    for name, value in findings.details.items():
        for line in value if isinstance(value, list) else [value]:
            table.add_section()
            for figure, number in line.items():
                table.add_row(f"{name}: {figure}", f"{number:,}" if isinstance(number, int) else str(number), "", "")
    return table
