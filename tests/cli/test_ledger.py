"""`campus ledger`: the books as an accountant sees them."""

import asyncio
import csv
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from adapters.settings import Settings
from cli.hledger import head, transaction
from projections.ledger import Ledger
from tests.support.books import sell
from tests.support.campus_up import campus
from tests.support.projections_command import answer, variables
from tests.support.workers import caught_up, projecting

needs_hledger = pytest.mark.skipif(shutil.which("hledger") is None, reason="hledger is not installed here")


def hledger(journal: Path, *arguments: str) -> str:
    """What hledger answers about a journal; it fails if hledger finds a fault."""
    done = subprocess.run(["hledger", "-f", str(journal), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def balances_by_hledger(journal: Path) -> dict[tuple[str, str], str]:
    """What hledger adds up, by account and commodity, as it shows amounts."""
    rows = list(csv.reader(hledger(journal, "bal", "--flat", "-N", "--layout=bare", "-O", "csv").splitlines()))[1:]
    return {(account, commodity): amount for account, commodity, amount in rows}


async def ledger(settings: Settings, *arguments: str) -> Any:
    """The JSON of `campus ledger … --json`."""
    done = await asyncio.to_thread(campus, "ledger", *arguments, "--json", env=variables(settings))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_hledger
@pytest.mark.processes
def test_hledger_takes_every_kind_of_amount(tmp_path: Path) -> None:
    """No digits, two or three after the point, below 0, two currencies in an entry, a day that was closed."""
    amounts = {"JPY": 1, "EUR": 1_234_567, "KWD": 1_000}
    postings = [
        {"account": account, "currency": currency, "amount": sign * amount}
        for currency, amount in amounts.items()
        for account, sign in (("assets:clearing", 1), ("revenues:courses:c.1-a_b", -1))
    ]
    entry = {"position": 7, "no": 1, "day": "2026-02-01", "occurred_on": "2026-01-31", "type": "order.paid"}
    journal = tmp_path / "books.journal"
    accounts = [(str(each["currency"]), str(each["account"])) for each in postings]
    text = transaction({**entry, "cause": "o1.1", "order_id": "o1", "learner_id": None, "postings": postings})
    journal.write_text("".join(head(7, accounts)) + text)
    hledger(journal, "check", "--strict")
    assert balances_by_hledger(journal) == {
        ("assets:clearing", "EUR"): "12345.67",
        ("assets:clearing", "JPY"): "1",
        ("assets:clearing", "KWD"): "1.000",
        ("revenues:courses:c.1-a_b", "EUR"): "-12345.67",
        ("revenues:courses:c.1-a_b", "JPY"): "-1",
        ("revenues:courses:c.1-a_b", "KWD"): "-1.000",
    }
    assert hledger(journal, "print").startswith("2026-02-01=2026-01-31 * (7.1) order.paid  ; cause:o1.1, order:o1\n")


async def test_the_books_are_the_same_for_hledger_and_after_a_rebuild(settings: Settings, tmp_path: Path) -> None:
    """Balances add up to 0, hledger has the same, and a rebuild makes the same rows, which verify as such."""
    journal = tmp_path / "books.journal"
    async with projecting(settings, [Ledger()]):
        for currency in ("EUR", "JPY", "KWD"):
            position = await sell(settings, currency.lower(), currency)
        await caught_up(settings, position, [Ledger()])
        said = await ledger(settings, "balance")
        assert said["totals"] == {"EUR": 0, "JPY": 0, "KWD": 0}
        assert (await ledger(settings, "balance", "--until", "2026-02-28"))["balances"] == []
        assert (await ledger(settings, "balance", "--currency", "KWD"))["totals"] == {"KWD": 0}
        newest = await ledger(settings, "entries", "--account", "liabilities:tax", "--order", "o-kwd")
        assert [each["type"] for each in newest["entries"]] == ["order.paid", "order.refunded"]
        written = await ledger(settings, "export", str(journal))
        assert (written["entries"], written["position"]) == (12, position)
        if shutil.which("hledger") is not None:
            hledger(journal, "check", "--strict")
            digits = {"EUR": 2, "JPY": 0, "KWD": 3}
            ours = {(b["account"], b["currency"]): b["balance"] for b in said["balances"] if b["balance"]}
            theirs = balances_by_hledger(journal)
            assert {key: round(float(amount) * 10 ** digits[key[1]]) for key, amount in theirs.items()} == ours
        _, built = await answer(settings, "rebuild", "ledger")
        assert built["built"][0]["generation"] == 2
        code, compared = await answer(settings, "diff", "ledger")
        assert (code, [t for t in compared["tables"] if t["added"] or t["removed"] or t["changed"]]) == (0, [])
        code, _ = await answer(settings, "verify", "ledger")
        assert code == 0
