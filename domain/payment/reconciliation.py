"""
Reconciliation: what facts, the books and the provider say about the same money, and where they do not agree.

Three lists of money, each sorted by `Money.place`, are read once, side by side, so that they may be of any length.
What is younger than the horizon, or has a job that is still to be done, may be on its way: it is counted, no finding.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from heapq import merge
from itertools import groupby
from operator import attrgetter

import msgspec

MOST_FINDINGS = 1_000  # that are kept, and as many of what is on its way; all are counted
LATEST = datetime.max.replace(tzinfo=UTC)

PAYMENT, REFUND, DISPUTE, PAYOUT = MONEY = ("payment", "refund", "dispute", "payout")
OTHER, BALANCE = "other", "balance"
Place = tuple[str, str]


class Kind(StrEnum):
    """What is wrong."""

    PAID_WITHOUT_ACCESS = "paid_without_access"
    ACCESS_WITHOUT_PAYMENT = "access_without_payment"
    AMOUNTS_DIFFER = "amounts_differ"
    UNKNOWN_AT_PROVIDER = "unknown_at_provider"
    UNKNOWN_TO_US = "unknown_to_us"
    STATES_DIFFER = "states_differ"


class Side(StrEnum):
    """Who says it."""

    FACTS = "facts"
    LEDGER = "ledger"
    PROVIDER = "provider"


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one side says about a payment, a refund, a dispute or a payout; several of one side are added up.

    Attributes:
        place: the kind of thing and its name, such as `payment` and `ann:o1.1`.
        amount: above 0 where money has come to our account, below where it has left it.
        fee: what the provider keeps of it; of the ledger 0, where *amount* is what is left.
        at: since when it is said.
        ours: whether it names this campus; a provider's account may serve others, too.
        paid, paid_currency: of the provider, *amount* before it was exchanged; None if that is not known.
        moving: whether the provider says that it is on its way, as a payout is for days.
    """

    side: Side
    place: Place
    currency: str
    amount: int
    at: datetime
    fee: int = 0
    ours: bool = True
    paid: int | None = None
    paid_currency: str = ""
    moving: bool = False
    learner_id: str | None = None
    order_id: str | None = None
    provider_id: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """
    Something that does not agree.

    Attributes:
        about: `payment`, `refund`, `dispute`, `payout`, `balance`, `message`, `order`, `subscription`, `entitlement` or
            `enrollment`.
        amounts: in minor units of the currency, by who says so.
        at: since when.
    """

    kind: Kind
    about: str
    id: str
    sentence: str
    at: datetime
    learner_id: str | None = None
    order_id: str | None = None
    provider_id: str | None = None
    currency: str | None = None
    amounts: dict[str, int] = {}

    @property
    def place(self) -> Place | None:
        """Where the money is of which it is; None if it is about something else."""
        if self.about not in MONEY and self.about != OTHER:
            return None
        return (self.about, f"{self.learner_id}:{self.id}" if self.learner_id else self.id)


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a reconciliation looks at that does not look at everything.

    Attributes:
        since: money that the provider has moved since then.
        position: what was recorded after it.
        open: what did not agree before, or was on its way: it is looked at again.
    """

    since: datetime
    position: int
    open: list[Finding] = []


class Books(msgspec.Struct, kw_only=True):
    """
    The provider's balance of a currency against `assets:clearing`.

    Attributes:
        provider, ledger: what is on our account there, and what it is by our books.
        others: what on the account is not of this campus: other shops, and fees of the account itself.
        pending, found: by how much the provider has more because of what is on its way, and of findings.
    """

    currency: str
    provider: int = 0
    ledger: int = 0
    others: int = 0
    pending: int = 0
    found: int = 0

    @property
    def rest(self) -> int:
        """What nothing explains."""
        return self.provider - self.ledger - self.others - self.pending - self.found


class Result:
    """
    What was found.

    Attributes:
        counts: all findings by kind; *findings* has the first of them.
        pending: how much is on its way; *waiting* has the first of it.
        others: entries at the provider that are not of this campus.
        books: by currency.
        horizon: what is younger may be on its way.
        busy: the streams, and the objects at the provider, about which a job is still to be done.
    """

    def __init__(self, horizon: datetime, busy: Collection[str] = ()) -> None:
        self.horizon, self.busy = horizon, busy
        self.findings: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.waiting: list[Finding] = []
        self.pending = 0
        self.others = 0
        self.books: dict[str, Books] = {}

    def of(self, currency: str) -> Books:
        """The sums of a currency."""
        return self.books.setdefault(currency, Books(currency=currency))

    def add(self, finding: Finding, newest: datetime | None = None) -> bool:
        """Take in a finding, or (False) count it as on its way; *newest*: when something was last said about it."""
        if (newest or finding.at) > self.horizon or self._is_busy(finding):
            self.pending += 1
            if len(self.waiting) < MOST_FINDINGS:
                self.waiting.append(finding)
            return False
        self.keep(finding)
        return True

    def keep(self, finding: Finding) -> None:
        """Take in a finding as it is."""
        self.counts[finding.kind.value] += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    @property
    def open(self) -> list[Finding] | None:
        """What does not agree, be it on its way or not; None where it is too much to be listed."""
        found = [*self.findings, *self.waiting]
        return found if len(found) == self.counts.total() + self.pending else None

    def _is_busy(self, finding: Finding) -> bool:
        named = {f"{finding.about}-{finding.id}", finding.provider_id}
        if finding.learner_id:
            named |= {f"{finding.about}-{finding.learner_id}:{finding.id}"}
            named |= {f"order-{finding.learner_id}:{finding.order_id}"}
        return any(each in self.busy for each in named)


def compare(
    facts: Iterable[Money],
    ledger: Iterable[Money],
    provider: Iterable[Money],
    result: Result,
    places: Collection[Place] | None = None,
) -> None:
    """Compare three lists, each sorted by place; *places*: those that are looked at, None for all."""
    for place, said in groupby(merge(facts, ledger, provider, key=attrgetter("place")), key=attrgetter("place")):
        if places is None or place in places:
            _Thing(list(said)).judge(result)


class _Thing:
    """All that is said about one thing."""

    def __init__(self, said: list[Money]) -> None:
        self.said = said
        self.facts, self.ledger, self.provider = ([each for each in said if each.side is side] for side in Side)
        self.currencies = sorted({each.currency for each in said})

    def judge(self, result: Result) -> None:
        """Note what does not agree."""
        gaps = {currency: _net(self.provider, currency) - _net(self.ledger, currency) for currency in self.currencies}
        if not (self.facts or self.ledger or any(each.ours for each in self.provider)):
            result.others += len(self.provider)
            for currency, gap in gaps.items():
                result.of(currency).others += gap
            return
        found = self._found(gaps)
        if found is None:
            return
        is_moving = any(each.moving for each in self.said)
        is_finding = result.add(found, LATEST if is_moving else max(each.at for each in self.said))
        for currency, gap in gaps.items():
            books = result.of(currency)
            books.found, books.pending = books.found + gap * is_finding, books.pending + gap * (not is_finding)

    def _found(self, gaps: dict[str, int]) -> Finding | None:
        if not self.provider:
            if not self.facts and not any(gaps.values()):
                return None
            return self._finding(Kind.UNKNOWN_AT_PROVIDER, "the provider has no entry of it")
        if not self.facts and not self.ledger:
            if not any(gaps.values()):  # it came and went back before we heard of it
                return None
            return self._finding(Kind.UNKNOWN_TO_US, "the provider has it, and no fact says so")
        wrong = [*self._against_facts(gaps), *self._against_ledger(gaps)]
        return self._finding(Kind.AMOUNTS_DIFFER, "; ".join(wrong)) if wrong else None

    def _against_facts(self, gaps: dict[str, int]) -> Iterator[str]:
        """Where facts and the provider differ, of things whose facts say an amount."""
        for said in self.facts:
            same = [each for each in self.provider if each.currency == said.currency]
            if not same:
                yield from self._exchanged(said, gaps)
                continue
            amount, fee = sum(each.amount for each in same), sum(each.fee for each in same)
            if amount != said.amount:
                doubled = f" in {len(same)} entries" if len(same) > 1 else ""
                yield f"facts say {said.amount}, the provider {amount}{doubled}"
            if fee != said.fee and said.place[0] == PAYMENT:
                yield f"facts say a fee of {said.fee}, the provider one of {fee}"

    def _exchanged(self, said: Money, gaps: dict[str, int]) -> Iterator[str]:
        """Where facts differ from what the provider has charged or given back, and booked in another currency."""
        there, fee = self.provider[0].currency, sum(each.fee for each in self.provider)
        paid = [each.paid for each in self.provider if each.paid is not None and each.paid_currency == said.currency]
        if paid and sum(paid) != said.amount:
            yield f"facts say {said.amount} {said.currency}, the provider {sum(paid)}, exchanged into {there}"
        elif not paid and any(gaps.values()):
            yield f"facts say {said.currency}, the provider {there}"
        if fee != said.fee and said.place[0] == PAYMENT:
            yield f"facts say a fee of {said.fee}, the provider one of {fee} {there}"

    def _against_ledger(self, gaps: dict[str, int]) -> Iterator[str]:
        for currency, gap in gaps.items():
            if gap:
                booked, there = _net(self.ledger, currency), _net(self.provider, currency)
                yield f"the books have {booked} {currency}, the provider {there}"

    def _finding(self, kind: Kind, sentence: str) -> Finding:
        first = (self.facts or self.ledger or self.provider)[0]
        of_provider = [*self.provider, *self.said]
        what, name = first.place
        learner_id = first.learner_id
        currency = first.currency
        return Finding(
            kind=kind,
            about=what,
            id=name.removeprefix(f"{learner_id}:") if learner_id else name,
            sentence=f"{what}: {sentence}",
            at=min(each.at for each in self.said),
            learner_id=learner_id,
            order_id=next((each.order_id for each in self.said if each.order_id), None),
            provider_id=next((each.provider_id for each in of_provider if each.provider_id), None),
            currency=currency,
            amounts={
                side.value: sum(each.amount for each in said if each.currency == currency)
                for side, said in zip(Side, (self.facts, self.ledger, self.provider), strict=True)
                if said
            },
        )


def _net(said: Iterable[Money], currency: str) -> int:
    return sum(each.amount - each.fee for each in said if each.currency == currency)


def balance(result: Result, ledger: dict[str, int], provider: dict[str, int], listed: dict[str, int]) -> None:
    """
    Hold the books against the provider's balance.

    Args:
        ledger: `assets:clearing`, by currency.
        provider: what the provider says is on our account.
        listed: what its entries add up to.
    """
    for currency in sorted({*ledger, *provider, *listed, *result.books}):
        books = result.of(currency)
        books.ledger, books.provider = ledger.get(currency, 0), provider.get(currency, 0)
        if rest := books.rest:
            missing = books.provider - listed.get(currency, 0)
            why = f", {missing} of it not in its list of entries" if missing else ""
            finding = Finding(
                kind=Kind.AMOUNTS_DIFFER,
                about=BALANCE,
                id=f"assets:clearing {currency}",
                sentence=f"balance: the provider has {rest} {currency} more than the books{why}, for no known reason",
                at=result.horizon,
                currency=currency,
                amounts={Side.LEDGER.value: books.ledger, Side.PROVIDER.value: books.provider},
            )
            books.found += rest * result.add(finding)
