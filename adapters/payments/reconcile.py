"""
A reconciliation: what the provider lists, held against facts and the books.

The provider is asked first, page by page, and what it says is kept in a temporary file. Then the rows of one moment are
read beside it, by a thread. What is newer than the first look at the log counts as on its way.

A window costs what has happened in it: the provider lists what it has moved since then, facts after a position say
whose money and access has changed, and of these alone the rows are read. What of their money the provider has not
listed, and what did not agree before, is looked up there by its id.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.payments.provider_entries import SPOOL, Advance, ProviderEntries
from adapters.postgres.connection import CONNECT_TIMEOUT, SILENCE, PatientSyncConnection, connect, options
from adapters.postgres.ops.reconciliations import Outcome, Overpaid, Totals
from adapters.postgres.queries import reconciliation
from adapters.postgres.queries.reconciliation import Rows, Scope, Seen
from adapters.settings import Settings
from adapters.spill import SqliteDatabase
from commands.payment.provider import Provider
from domain.payment.access_check import check_order
from domain.payment.reconciliation import (
    BALANCE,
    DISPUTE,
    MONEY,
    PAYOUT,
    Finding,
    Kind,
    Money,
    Place,
    Result,
    Window,
    balance,
    compare,
)
from domain.payment.standing import SUBSCRIPTION, compare_standings

STANDING = (SUBSCRIPTION, DISPUTE)
GRACE = timedelta(minutes=15)  # what is younger may be on its way
STATEMENT_TIMEOUT = 600_000  # milliseconds


class Reconciled(NamedTuple):
    """What was found, and all that does not agree, be it on its way: None if that is too much to be listed."""

    outcome: Outcome
    open: list[Finding] | None


async def reconcile(
    settings: Settings,
    provider: Provider,
    *,
    window: Window | None = None,
    grace: timedelta = GRACE,
    advance: Advance | None = None,
) -> Reconciled:
    """
    Compare facts, the books and the provider.

    Args:
        window: what is looked at; None for everything.
        grace: what is younger counts as on its way.
        advance: gets the number of entries that the provider has listed since it was called before.

    Raises:
        ProviderAway, ProviderRefused: there is no list to compare with.
    """
    clock = settings.clock()
    async with await connect(settings, application="reconciliation") as connection:
        at, seen = clock.now(), await reconciliation.seen(connection)
        until = at if seen.unseen_since is None else min(at, seen.unseen_since + clock.shift)
        with SqliteDatabase(SPOOL) as spool:
            entries = ProviderEntries(spool, provider, advance or (lambda _: None))
            before = await provider.balance() if window is None else {}
            await entries.read(None if window is None else window.since)
            steady = window is None and before == await provider.balance()
            await entries.place(connection)
            changed = await _changes(provider, until - grace if window is None else window.since)
            touched = None
            if window is None:
                await entries.standings.read(connection, None)
            else:
                touched = _Touched(window, entries, await reconciliation.touched(connection, window.position))
                moved, stand = await asyncio.to_thread(_not_listed, settings, touched)
                await entries.look_up(connection, moved)
                await entries.standings.read(connection, stand | changed.keys())
                touched.add(entries.standings.learners)
            result = Result(until - grace, await reconciliation.busy(connection))
            run = _Run(at, seen, touched, before if steady else None, changed)
            return await asyncio.to_thread(_judge, settings, entries, result, run)


async def _changes(provider: Provider, since: datetime) -> dict[str, datetime]:
    """When the provider has last said something about each subscription and dispute of which it has."""
    changed: dict[str, datetime] = {}
    async for provider_id, at in provider.changes(since):
        changed[provider_id] = max(at, changed.get(provider_id, at))
    return changed


async def window_since(settings: Settings, since: datetime) -> Window:
    """A window that begins at a time."""
    async with await connect(settings, application="reconciliation") as connection:
        return Window(
            since=since, position=await reconciliation.position_at(connection, since - settings.clock().shift)
        )


class _Touched:
    """
    What a window is about.

    Attributes:
        listed: where the provider has listed something.
        open: where something did not agree before, with the id by which the provider knows it.
        places: all of these, and those of which facts were recorded.
        stand: the provider's ids of subscriptions and disputes that were open.
        streams: that have facts in the window.
        scope: of the rows that are read.
    """

    def __init__(self, window: Window, entries: ProviderEntries, streams: list[str]) -> None:
        self.window = window
        self.listed: set[Place] = set()
        self.open = {each.place: each.provider_id for each in window.open if each.place is not None}
        learners = {each.learner_id for each in window.open}
        for place, learner_id in entries.places():
            self.listed.add(place)
            learners.add(learner_id)
        self.stand = {each.provider_id for each in window.open if each.about in STANDING and each.provider_id}
        self.places = {*self.listed, *self.open}
        self.streams = set(streams)
        for category, _, name in (stream.partition("-") for stream in streams):
            if category in MONEY:
                self.places.add((category, name))
            if category != PAYOUT:
                learners.add(name.partition(":")[0])
        messages = [f"provider-{each.id}" for each in window.open if each.about == "message"]
        payouts = [name for what, name in self.places if what == PAYOUT]
        self.scope = Scope(sorted(filter(None, learners)), payouts, window.position, messages)

    def add(self, learners: set[str]) -> None:
        """Read the rows of these learners, too."""
        self.scope = self.scope._replace(learners=sorted({*(self.scope.learners or ()), *learners}))


@dataclass
class _Run:
    at: datetime
    seen: Seen
    touched: _Touched | None
    balance: dict[str, int] | None
    changed: dict[str, datetime]
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.scope = Scope() if self.touched is None else self.touched.scope


def _not_listed(settings: Settings, touched: _Touched) -> tuple[list[str], set[str]]:
    """
    The provider's ids of what the window is about and the provider has not listed, or not all of it.

    These are of money that has moved, and of subscriptions and disputes.
    """
    stand = set(touched.stand)
    with _rows(settings, touched.scope) as rows:
        ours: dict[Place, str | None] = {}
        old: set[Place] = set()
        for each in (*rows.facts(), *rows.ledger()):
            if each.place in touched.places:
                known = each.place[1].rpartition(":")[2] if each.place[0] in (DISPUTE, PAYOUT) else None
                ours[each.place] = each.provider_id or ours.get(each.place) or known
                if each.at < touched.window.since:
                    old.add(each.place)
        for standing in rows.standings():
            if f"{standing.place[0]}-{standing.learner_id}:{standing.name}" in touched.streams:
                stand.add(standing.place[1])
    wanted = {place: provider_id for place, provider_id in ours.items() if place in old or place not in touched.listed}
    for place, provider_id in touched.open.items():
        wanted[place] = ours.get(place) or provider_id
    return sorted(set(filter(None, wanted.values()))), stand


@contextmanager
def _rows(settings: Settings, scope: Scope) -> Iterator[Rows]:
    """The rows of this moment."""
    with PatientSyncConnection.connect(
        make_conninfo(settings.postgres_url, **SILENCE),
        options=options(settings.schema_name, statement_timeout=STATEMENT_TIMEOUT),
        application_name="campus:reconciliation",
        connect_timeout=CONNECT_TIMEOUT,
    ) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield Rows(connection, scope)


def _judge(settings: Settings, entries: ProviderEntries, result: Result, run: _Run) -> Reconciled:
    """Compare, and note what access does not follow from."""
    touched, overpaid = run.touched, list[Overpaid]()
    with _rows(settings, run.scope) as rows:
        clearing = dict[str, int]()
        places = None if touched is None else touched.places
        compare(rows.facts(), _summed(rows.ledger(), clearing), entries.said(), result, places)
        if run.balance is not None:
            balance(result, clearing, run.balance, entries.sums)
        ids = entries.standings.ids
        stand = (each for each in rows.standings() if ids is None or each.place[1] in ids)
        compare_standings(stand, entries.standings.said(), result, run.changed)
        known = {each.provider_id for each in (*result.findings, *result.waiting)}
        for order in rows.paid():
            check_order(order, result, run.at)
        for finding, newest in rows.access(run.at):
            result.add(finding, newest)
        for intent_id, finding in rows.messages():
            if not {intent_id, finding.provider_id} & known:
                result.add(finding)
        if touched is None:
            overpaid = [Overpaid(currency=name, orders=n, amount=amount) for name, n, amount in rows.overpaid()]
        else:
            for finding in (each for each in touched.window.open if each.about == BALANCE):
                result.keep(finding)  # only a look at everything finds it gone
    outcome = Outcome(
        at=run.at,
        until=result.horizon,
        since=None if touched is None else touched.window.since,
        after=None if touched is None else touched.window.position,
        position=run.seen.head,
        positions=run.seen.positions,
        counts={kind.value: result.counts[kind.value] for kind in Kind},
        pending=result.pending,
        others=result.others,
        whole_at=run.at if touched is None else None,
        balances=None if run.balance is None else _totals(result),
        findings=result.findings,
        overpaid=overpaid,
    )
    return Reconciled(outcome, result.open)


def _totals(result: Result) -> list[Totals]:
    fields = ("currency", "provider", "ledger", "others", "pending", "found")
    return [
        Totals(**{name: getattr(books, name) for name in fields}) for _, books in sorted(result.books.items())
    ]  # fmt: skip


def _summed(said: Iterator[Money], sums: dict[str, int]) -> Iterator[Money]:
    for each in said:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount
        yield each
