"""`campus payments reconcile`: facts, the books and the provider against each other."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import INTERRUPTED, DataDir, Failure, Json, answer, day, progress, say

if TYPE_CHECKING:
    from rich.console import RenderableType

DAY = 86_400  # seconds
SHOWN = 50  # findings in the table


def _since(text: str) -> datetime:
    return datetime.combine(day(text), time.min, UTC)


Since = Annotated[
    datetime | None,
    typer.Option(metavar="DAY", parser=_since, help="Only what has happened on this day (UTC) or later."),
]


def reconcile(
    *,
    since: Since = None,
    grace: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="What is younger may be on its way, and is only counted.")
    ] = 900.0,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """
    Find payments without access, access without payment, and amounts on which facts, books and provider differ.

    Exits with 0 if all agrees, with 1 if there are findings or the provider does not answer. The dispatcher does the
    same every hour for what has happened since, once a day for everything; GET /v1/reconciliation has what it found.
    """
    report = asyncio.run(_run(data, since, timedelta(seconds=grace)))
    answer(report, as_json=as_json, table=lambda: _table(report))
    raise typer.Exit(0 if report["ok"] else 1)


async def _run(data: Path | None, since: datetime | None, grace: timedelta) -> dict[str, Any]:
    import msgspec

    from adapters.payments.reconcile import reconcile as compared
    from adapters.payments.reconcile import window_since
    from adapters.payments.stripe_provider import StripeProvider
    from adapters.settings import Settings
    from commands.payment.provider import ProviderAway, ProviderRefused

    settings = Settings.load(data)
    provider = StripeProvider(settings)
    try:
        with progress("reading what the provider has", unit="entries") as advance:
            window = None if since is None else await window_since(settings, since)
            outcome, _ = await compared(settings, provider, window=window, grace=grace, advance=advance)
    except (ProviderAway, ProviderRefused) as error:
        raise Failure(f"nothing was compared: {error}; `campus doctor` says more, try again when it answers") from error
    except asyncio.CancelledError:
        say("stopped")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        await provider.close()
    found: dict[str, Any] = msgspec.to_builtins(outcome)
    return {"ok": outcome.is_clean, **found}


def _table(report: dict[str, Any]) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table

    parts: list[RenderableType] = []
    if report["findings"]:
        table = Table("kind", "what", "amounts", "since", "finding", box=SIMPLE_HEAD, pad_edge=False)
        for each in report["findings"][:SHOWN]:
            about = f"{each['about']} {each['id']}" + (f" of {each['learner_id']}" if each["learner_id"] else "")
            table.add_row(each["kind"], about, _amounts(each), _age(each["at"], report["at"]), each["sentence"])
        parts.append(table)
    if report["balances"]:
        table = Table("currency", "provider", "ledger", "others", "pending", "found", box=SIMPLE_HEAD, pad_edge=False)
        for each in report["balances"]:
            table.add_row(each["currency"], *(_shown(each[name], each["currency"]) for name in list(each)[1:]))
        parts.append(table)
    held = [f"{_shown(each['amount'], each['currency'])} of {each['orders']:,} orders" for each in report["overpaid"]]
    if held:
        parts.append(f"paid beside what orders cost, and not given back: {', '.join(held)}")
    counted = ", ".join(f"{number:,} {kind}" for kind, number in report["counts"].items() if number)
    others = (
        f"{report['pending']:,} on the way, {report['others']:,} entries of others; position {report['position']:,}"
    )
    window = f"since {report['since']}: " if report["since"] else ""
    return Group(*parts, f"{window}{counted or 'all agrees'}; {others}")


def _amounts(finding: dict[str, Any]) -> str:
    currency = finding["currency"]
    return ", ".join(f"{who} {_shown(amount, currency)}" for who, amount in finding["amounts"].items())


def _shown(amount: int, currency: str) -> str:
    from domain.payment.money import shown

    return shown(amount, currency)


def _age(at: str, now: str) -> str:
    seconds = (datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds()
    return f"{seconds / DAY:.1f} days" if seconds >= DAY else f"{seconds / 3_600:.1f} h"
