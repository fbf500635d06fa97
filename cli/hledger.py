"""
The books as a journal of hledger: a transaction for each entry, and every account and commodity declared.

`hledger check --strict` finds nothing to say about it, and its balances are those of `campus ledger balance`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from domain.payment.money import exponent, shown

HEAD = "; the books of Campuslog, from its facts up to position {position}\ndecimal-mark .\n\n"


def head(position: int, accounts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The declarations: of each currency with the digits of its minor unit, and of each account."""
    yield HEAD.format(position=position)
    found = list(accounts)
    for currency in sorted({currency for currency, _ in found}):
        yield f"commodity 1000.{'0' * exponent(currency)} {currency}\n"
    for account in sorted({account for _, account in found}):
        yield f"account {account}\n"


def transaction(entry: dict[str, Any]) -> str:
    """An entry; the day on which its fact was is the second date, what has caused it are tags."""
    occurred = "" if entry["occurred_on"] == entry["day"] else f"={entry['occurred_on']}"
    names = (("cause", "cause"), ("order", "order_id"), ("learner", "learner_id"))
    tags = ", ".join(f"{tag}:{entry[name]}" for tag, name in names if entry[name])
    lines = [f"\n{entry['day']}{occurred} * ({entry['position']}.{entry['no']}) {entry['type']}  ; {tags}\n"]
    lines += [
        f"    {posting['account']}  {shown(posting['amount'], posting['currency'])}\n" for posting in entry["postings"]
    ]
    return "".join(lines)
