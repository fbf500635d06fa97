"""`campus ledger balance|entries|export`: the books, for accountants."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.console import INTERRUPTED, MOST_ROWS, DataDir, Failure, Json, answer, day, progress, say
from cli.output_path import check_writable, file_named, naming_errors

if TYPE_CHECKING:
    from rich.table import Table

    from adapters.postgres.queries.ledger import Span
    from adapters.postgres.queries.reader import Reader

app = typer.Typer(no_args_is_help=True, add_completion=False)
PAGE = 1_000  # entries


@app.callback()
def ledger() -> None:
    """The books, derived from facts: balances, entries, and a journal for hledger."""


def _day(text: str) -> str:
    return day(text).isoformat()


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise typer.BadParameter(f"{text!r} is no currency, such as EUR")
    return text


Since = Annotated[str | None, typer.Option(metavar="DAY", parser=_day, help="From this day on.")]
Until = Annotated[str | None, typer.Option(metavar="DAY", parser=_day, help="Up to this day, included.")]
Currency = Annotated[str | None, typer.Option(metavar="CODE", parser=_currency, help="Only this currency.")]


@app.command()
def balance(
    *,
    since: Since = None,
    until: Until = None,
    currency: Currency = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print what is on every account; exits with 1 if a currency does not add up to 0."""
    from adapters.postgres.queries.ledger import Span

    report = _run(data, lambda reader: _balances(reader, Span(since=since, until=until, currency=currency)))
    answer(report, as_json=as_json, table=lambda: _balance_table(report))
    if not report["ok"]:
        raise typer.Exit(1)


@app.command()
def entries(
    *,
    account: Annotated[str | None, typer.Option(help="Only of this account, and of those below it.")] = None,
    order: Annotated[str | None, typer.Option(help="Only of this order.")] = None,
    since: Since = None,
    until: Until = None,
    currency: Currency = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST_ROWS, help="How many, the newest.")] = 50,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Print the newest entries, oldest first: each with what has caused it."""
    filters = {"since": since, "until": until, "currency": currency, "account": account, "order_id": order}

    async def read(reader: "Reader") -> dict[str, Any]:
        found, position = await _page(reader, filters, None, limit, descending=True)
        return {"position": position, "entries": found[::-1]}

    report = _run(data, read)
    answer(report, as_json=as_json, table=lambda: _entry_table(report))


@app.command()
def export(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Where to write; standard output if none.", parser=file_named),
    ] = None,
    *,
    form: Annotated[Literal["hledger"], typer.Option("--format", help="Of the journal.")] = "hledger",  # noqa: ARG001
    since: Since = None,
    until: Until = None,
    currency: Currency = None,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Write the entries as a journal that `hledger check --strict` accepts, with the same balances.

    With --json, say what was written; this needs a FILE.
    """
    from adapters.postgres.queries.ledger import Span

    if as_json and file is None:
        raise Failure("--json says what was written, so name the FILE of the journal")
    span = Span(since=since, until=until, currency=currency)
    if file is None:
        _run(data, lambda reader: _export(reader, span, sys.stdout))
        return
    check_writable(file)
    with naming_errors(file), file.open("w", encoding="utf-8") as journal:
        report = _run(data, lambda reader: _export(reader, span, journal))
    said = f"{report['entries']:,} entries up to position {report['position']:,} in {file}"
    answer({"file": str(file), **report}, as_json=as_json, table=lambda: said)


async def _export(reader: "Reader", span: "Span", journal: IO[str]) -> dict[str, Any]:
    """Write the declarations, then every entry up to the position for which they are true."""
    from cli.hledger import head, transaction

    report = await _balances(reader, span)
    position = report["position"]
    journal.writelines(head(position, ((each["currency"], each["account"]) for each in report["balances"])))
    filters = {"since": span.since, "until": span.until, "currency": span.currency, "up_to": position}
    after, written = None, 0
    with progress("writing the journal", unit="entries") as advance:
        while True:
            found, _ = await _page(reader, filters, after, PAGE)
            journal.writelines(transaction(entry) for entry in found)
            written += len(found)
            advance(len(found))
            if len(found) < PAGE:
                return {"entries": written, "position": position}
            after = [found[-1]["position"], found[-1]["no"]]


async def _balances(reader: "Reader", span: "Span") -> dict[str, Any]:
    import msgspec

    from adapters.postgres.queries import ledger

    found = await ledger.balances(reader, span)
    report: dict[str, Any] = msgspec.json.decode(found.body or b"{}")
    totals: dict[str, int] = {}
    for each in report["balances"]:
        totals[each["currency"]] = totals.get(each["currency"], 0) + each["balance"]
    return {"ok": not any(totals.values()), "position": found.position, "totals": totals, **report}


async def _page(
    reader: "Reader", filters: dict[str, Any], after: Any, limit: int, *, descending: bool = False
) -> tuple[list[dict[str, Any]], int]:
    import msgspec

    from adapters.postgres.queries import ledger

    found = await ledger.entries(reader, filters, after, limit, descending=descending)
    return [msgspec.json.decode(row[-1]) for row in found.page.rows], found.position


def _run(data: Path | None, work: "Callable[[Reader], Awaitable[dict[str, Any]]]") -> dict[str, Any]:
    """What *work* answers, with a reader of the campus."""
    from adapters.postgres.queries.reader import NotBuilt
    from adapters.settings import Settings

    async def run() -> dict[str, Any]:
        async with _reader(Settings.load(data)) as reader:
            return await work(reader)

    try:
        return asyncio.run(run())
    except NotBuilt:
        raise Failure("the read model ledger was never built: start the campus with `campus up`") from None
    except KeyboardInterrupt:
        say("stopped")
        raise typer.Exit(INTERRUPTED) from None


@asynccontextmanager
async def _reader(settings: Any) -> "AsyncIterator[Reader]":
    from adapters.postgres.queries.reader import Reader

    reader = Reader(settings)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


def _balance_table(report: dict[str, Any]) -> "Table":
    from domain.payment.money import shown

    closed = f"closed until {report['last_closed_day']}   " if report["last_closed_day"] else ""
    table = _table(f"{closed}position {report['position']:,}", "account", "debit", "credit", "balance")
    for each in report["balances"]:
        amounts = (shown(each[name], each["currency"]) for name in ("debit", "credit", "balance"))
        table.add_row(each["account"], *amounts)
    for currency, total in report["totals"].items():
        table.add_row("sum", "", "", shown(total, currency))
    return table


def _entry_table(report: dict[str, Any]) -> "Table":
    from domain.payment.money import shown

    table = _table(f"position {report['position']:,}", "entry", "account", "amount", "cause")
    for entry in report["entries"]:
        name = f"{entry['day']} {entry['position']}.{entry['no']}"
        cause = f"{entry['type']} {entry['cause']}"
        for posting in entry["postings"]:
            table.add_row(name, posting["account"], shown(posting["amount"], posting["currency"]), cause)
            name = cause = ""
    return table


def _table(title: str, *columns: str) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        is_amount = name in ("debit", "credit", "balance", "amount")
        table.add_column(name, justify="right" if is_amount else "left", no_wrap=True)
    return table
