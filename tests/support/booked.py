"""The rows of the ledger after a history, which balance."""

from collections import defaultdict
from typing import Any

import msgspec

from projections.engine.projection import RowKey
from projections.ledger import Ledger
from projections.ledger.rows import ENTRIES, PAYOUT_ENTRIES, SUMS, LedgerEntry, LedgerSums, PayoutEntry
from tests.support.facts import History, fold, rows_of
from tests.support.till import Till

Stored = dict[RowKey, msgspec.Struct]


def booked(history: History) -> Stored:
    """The rows after a history; the books balance in them, and the sums are those of the entries."""
    stored = fold(Ledger, history)
    counted: dict[str, int] = defaultdict(int)
    rows: list[Any] = [*rows_of(stored, ENTRIES, LedgerEntry), *rows_of(stored, PAYOUT_ENTRIES, PayoutEntry)]
    for row in rows:
        assert row.entries
        for entry in row.entries:
            by_currency: dict[str, int] = defaultdict(int)
            for each in entry.postings:
                by_currency[each.currency] += each.amount
                counted[f"{each.currency} {entry.day} {each.account}"] += each.amount
            assert not any(by_currency.values()), entry
    sums: dict[str, int] = defaultdict(int)
    for row in rows_of(stored, SUMS, LedgerSums):
        assert sum(row.debits.values()) == sum(row.credits.values())
        for sign, side in ((1, row.debits), (-1, row.credits)):
            for name, amount in side.items():
                sums[name] += sign * amount
    assert dict(sums) == dict(counted)
    return stored


def booked_of(till: Till) -> Stored:
    """The rows after all facts of a till."""
    history = History()
    history.facts = till.facts(*Ledger.handlers)
    return booked(history)


def balances(stored: Stored, until: str = "9999") -> dict[str, int]:
    """What is on each account that has anything, by currency; as text, without the words that they all have."""
    found: dict[str, int] = defaultdict(int)
    for row in rows_of(stored, SUMS, LedgerSums):
        for sign, side in ((1, row.debits), (-1, row.credits)):
            for name, amount in side.items():
                currency, on, account = name.split(" ")
                found[f"{currency} {account.partition(':')[2]}"] += sign * amount if on <= until else 0
    return {name: amount for name, amount in found.items() if amount}
