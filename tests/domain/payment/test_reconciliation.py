"""Which disagreement between facts, the books and the provider is found, and what it is called."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.payment.access_check import Granted, PaidOrder, check_order
from domain.payment.order_line import Grant, Line, LineAmount
from domain.payment.order_state import DisputedPart, RefundPart
from domain.payment.reconciliation import MOST_FINDINGS, Finding, Kind, Money, Place, Result, Side, balance, compare

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = NOW - timedelta(days=2), NOW + timedelta(seconds=1)
FEE = 100


def said(side: Side, amount: int, name: str = "o1.1", **more: Any) -> Money:
    """What a side says of a payment of ann's."""
    what = more.pop("what", "payment")
    fields: dict[str, Any] = {"currency": "EUR", "at": OLD, "learner_id": "ann", "order_id": "o1", **more}
    return Money(side=side, place=(what, f"ann:{name}"), amount=amount, **fields)


def facts(amount: int, name: str = "o1.1", **more: Any) -> Money:
    """A capture or refund, by facts."""
    return said(Side.FACTS, amount, name, **more)


def books(amount: int, name: str = "o1.1", **more: Any) -> Money:
    """What the books have of it at the provider."""
    return said(Side.LEDGER, amount, name, **more)


def there(amount: int, name: str = "o1.1", **more: Any) -> Money:
    """What the provider has."""
    return said(Side.PROVIDER, amount, name, **more)


def result_of(*all_said: Money, places: set[Place] | None = None, busy: set[str] | None = None) -> Result:
    """What is found in all that is said."""
    result = Result(NOW, busy or set())
    by_place = sorted(all_said, key=lambda money: money.place)
    said_by_facts, booked, listed = ([each for each in by_place if each.side is side] for side in Side)
    compare(said_by_facts, booked, listed, result, places)
    return result


def found(*all_said: Money, **more: Any) -> list[tuple[str, str]]:
    """The findings, by kind and name."""
    return [(each.kind.value, each.id) for each in result_of(*all_said, **more).findings]


SALE = (facts(4_900, fee=FEE), books(4_900), books(-FEE), there(4_900, fee=FEE))


def test_what_agrees_is_no_finding() -> None:
    """A sale with its fee, a refund, a dispute that is won and a payout agree on all sides."""
    refund = [make(-900, "o1.r1", what="refund") for make in (facts, books, there)]
    dispute = [books(-6_400, "dp", what="dispute"), books(6_400, "dp", what="dispute")]
    moved = [there(-4_900, "dp", what="dispute", fee=1_500), there(4_900, "dp", what="dispute", fee=-1_500)]
    payout = [make(-10, "po", what="payout", learner_id=None) for make in (books, there)]
    result = result_of(*SALE, *refund, *dispute, *moved, *payout)
    assert (result.findings, result.pending, result.others) == ([], 0, 0)
    assert all(each.found == each.pending == 0 for each in result.books.values())


def test_the_provider_has_no_entry() -> None:
    """A capture that only facts know is unknown at the provider."""
    (finding,) = result_of(*SALE[:3]).findings
    assert (finding.kind, finding.id, finding.learner_id) == (Kind.UNKNOWN_AT_PROVIDER, "o1.1", "ann")
    assert (finding.amounts, finding.currency, finding.at) == ({"facts": 4_900, "ledger": 4_800}, "EUR", OLD)


def test_no_fact_has_it() -> None:
    """A charge that names this campus and that no fact knows is unknown to us; the balance says by how much."""
    result = result_of(*SALE, there(900, "o2.1", fee=30, provider_id="pi_2"))
    (finding,) = result.findings
    assert (finding.kind, finding.id, finding.provider_id) == (Kind.UNKNOWN_TO_US, "o2.1", "pi_2")
    assert result.books["EUR"].found == 870


def test_what_is_of_others_is_counted_only() -> None:
    """Another shop on the same account is no finding, and its money is not missed."""
    result = result_of(*SALE, there(1_900, "pi_bell", ours=False, learner_id=None))
    assert (result.findings, result.others, result.books["EUR"].others) == ([], 1, 1_900)


def test_amounts_that_differ() -> None:
    """Another amount, another fee, a doubled charge, a missing entry of the books and another currency are found."""
    wrong = {
        "facts say 4900, the provider 5000": (*SALE[:3], there(5_000, fee=FEE)),
        "facts say a fee of 100, the provider one of 150": (*SALE[:3], there(4_900, fee=150)),
        "the provider 9800 in 2 entries": (*SALE, there(4_900, fee=FEE)),
        "the books have 0 EUR, the provider 4800": (SALE[0], SALE[3]),
        "facts say EUR, the provider USD": (*SALE[:3], there(4_900, fee=FEE, currency="USD")),
    }
    for sentence, all_said in wrong.items():
        (finding,) = result_of(*all_said).findings
        assert (finding.kind, sentence in finding.sentence) == (Kind.AMOUNTS_DIFFER, True), finding.sentence


def test_an_exchange_is_no_difference() -> None:
    """An account in another currency agrees if the books have exchanged the payment as the provider has."""
    exchanged = [books(4_900), books(-4_900), books(5_200, currency="USD"), there(5_300, fee=100, currency="USD")]
    assert found(facts(4_900, fee=100), *exchanged) == []
    for paid, fee, is_right in ((4_900, 100, True), (5_900, 100, False), (4_900, 90, False)):
        entry = there(5_200 + fee, fee=fee, currency="USD", paid=paid, paid_currency="EUR")
        expected = [] if is_right else [("amounts_differ", "o1.1")]
        assert found(facts(4_900, fee=100), *exchanged[:3], entry) == expected


def test_a_payout_that_facts_have_wrong() -> None:
    """Facts, books and provider say the same of a payout, of one that has come back, too."""
    payout: dict[str, Any] = {"what": "payout", "learner_id": None}
    assert found(*(make(-10, "po", **payout) for make in (facts, books, there))) == []
    assert found(facts(-20, "po", **payout), *(make(-10, "po", **payout) for make in (books, there))) == [
        ("amounts_differ", "ann:po")
    ]
    both = [make(amount, "po", **payout) for make in (books, there) for amount in (-10, 10)]
    assert found(facts(0, "po", **payout), *both) == []


def test_a_refund_that_came_back_is_over() -> None:
    """A refund that has failed at the provider is known by nothing any more, and is no finding."""
    both = [there(-900, "o1.r1", what="refund"), there(900, "o1.r1", what="refund")]
    assert found(*both, *(books(amount, "o1.r1", what="refund") for amount in (-900, 900))) == []
    assert found(*both) == []


def test_what_is_young_or_still_to_be_done_is_on_its_way() -> None:
    """Neither what is newer than the horizon, nor what a job is about, nor a payout in transit is a finding."""
    young = there(900, "o2.1", at=NEW)
    assert result_of(young).pending == 1
    late = there(900, "o2.1", provider_id="pi_2")
    assert found(late) == [("unknown_to_us", "o2.1")]
    for stream in ("payment-ann:o2.1", "order-ann:o1", "pi_2"):
        assert (found(late, busy={stream}), result_of(late, busy={stream}).pending) == ([], 1)
    payout = there(-900, "po", what="payout", learner_id=None, moving=True)
    result = result_of(payout)
    assert (result.findings, result.pending, result.books["EUR"].pending) == ([], 1, -900)


def test_only_what_the_window_is_about_is_looked_at() -> None:
    """In a window, what is said elsewhere counts for nothing, neither as a finding nor as money of others."""
    other = there(50, "x", ours=False, learner_id=None)
    result = result_of(*SALE[:3], other, places={("payment", "ann:o2.1")})
    assert (result.findings, result.others, result.books) == ([], 0, {})
    assert found(*SALE[:3], places={("payment", "ann:o1.1")}) == [("unknown_at_provider", "o1.1")]


def test_what_is_open_is_looked_at_again() -> None:
    """A finding, and what is on its way, names the place where it is looked for; of too many none is left out."""
    result = result_of(*SALE[:3], there(900, "o2.1", at=NEW))
    assert [each.place for each in result.open or []] == [("payment", "ann:o1.1"), ("payment", "ann:o2.1")]
    assert result_of(*(there(1, f"o{n:05}.1") for n in range(MOST_FINDINGS + 1))).open is None


def test_the_balance_is_explained_or_found() -> None:
    """The books and the balance may differ by what is found, on its way or of others, and by nothing else."""
    result = result_of(*SALE, there(900, "o2.1"), there(50, "o3.1", at=NEW), there(7, "x", ours=False, learner_id=None))
    balance(result, {"EUR": 4_800}, {"EUR": 5_757}, {"EUR": 5_757})
    assert [each.about for each in result.findings] == ["payment"]
    balance(result, {"EUR": 4_800}, {"EUR": 5_760}, {"EUR": 5_757})
    assert (result.findings[-1].id, result.findings[-1].kind) == ("assets:clearing EUR", Kind.AMOUNTS_DIFFER)
    assert result.findings[-1].amounts == {"ledger": 4_800, "provider": 5_760}


def test_all_findings_are_counted_and_the_first_are_kept() -> None:
    """Memory does not grow with what is wrong."""
    result = result_of(*(there(1, f"o{n:05}.1") for n in range(MOST_FINDINGS + 5)))
    assert (len(result.findings), result.counts["unknown_to_us"]) == (MOST_FINDINGS, MOST_FINDINGS + 5)


LINES = [
    Line(number, f"p{number}", "P", [Grant("c", f"r{number}")], 1_000, 0, 0, 0, 1_000, None, "suspend", 2, None)
    for number in (1, 2)
]


def granted(line: int, **more: Any) -> Granted:
    """A live entitlement of a line, with a place on its run."""
    fields: dict[str, Any] = {"over": "", "reason": "", "is_suspended": False, "access_until": None}
    runs = more.pop("runs", {f"r{line}": "active"})
    return Granted(entitlement_id=f"o1.{line}", line=line, runs=runs, **{**fields, **more})


def judged(*entitlements: Granted, **more: Any) -> list[Finding]:
    """The findings about an order of two lines."""
    fields: dict[str, Any] = {"captured": {"o1.1": 2_000}, "refunds": {}, "disputes": {}, "newest": OLD, **more}
    result = Result(NOW)
    order = PaidOrder(
        learner_id="ann",
        order_id="o1",
        currency="EUR",
        total=2_000,
        paid_at=OLD,
        lines=LINES,
        granted=list(entitlements),
        **fields,
    )
    check_order(order, result, NOW)
    assert all((each.about, each.id, each.at) == ("order", "o1", OLD) for each in result.findings)
    return result.findings


def kinds(findings: list[Finding]) -> list[str]:
    """Their kinds."""
    return [each.kind.value for each in findings]


def test_paid_without_access() -> None:
    """Nothing granted, revoked without a refund, suspended without a dispute and no place on the run are found."""
    whole = granted(1)
    assert judged(whole, granted(2)) == []
    for wrong in (
        [],
        [granted(2, over="revoked", reason="staff")],
        [granted(2, is_suspended=True, reason="disputed")],
        [granted(2, runs={"r2": None})],
        [granted(2, runs={"r2": "suspended"})],
    ):
        (finding,) = judged(whole, *wrong)
        assert (finding.kind, finding.sentence[:7]) == (Kind.PAID_WITHOUT_ACCESS, "line 2:")


def test_access_that_has_ended_is_no_finding() -> None:
    """Time that is over, a learner who has left and an open dispute take access away rightly."""
    for right in (
        granted(2, over="expired"),
        granted(2, access_until=NOW),
        granted(2, runs={"r2": "withdrawn"}),
        granted(2, runs={"r2": "completed"}),
    ):
        assert judged(granted(1), right) == []
    suspended = [granted(line, is_suspended=True, reason="disputed") for line in (1, 2)]
    assert judged(*suspended, disputes={"dp": DisputedPart("o1.1", 2_000)}) == []


def test_access_without_payment() -> None:
    """What is live although its line was given back, or its dispute lost, is found."""
    refunds = {"o1.r1": RefundPart("o1.r1", "o1.1", 1_000, [LineAmount(2, 1_000)], "issued")}
    assert kinds(judged(granted(1), granted(2), refunds=refunds)) == ["access_without_payment"]
    assert judged(granted(1), granted(2, over="revoked", reason="refunded"), refunds=refunds) == []
    disputes = {"dp": DisputedPart("o1.1", 2_000, "lost")}
    assert kinds(judged(granted(1), granted(2), disputes=disputes)) == ["access_without_payment"] * 2


def test_an_order_of_just_now_is_on_its_way() -> None:
    """An order to which something has just happened is counted, and is no finding."""
    assert judged(newest=NEW) == []


def test_of_two_captures_one_of_which_is_disputed_nothing_is_said() -> None:
    """Which of two payments has paid the lines is not known to the row, so no finding is guessed."""
    twice = {"o1.1": 2_000, "o1.2": 2_000}
    assert judged(granted(1), granted(2), captured=twice, disputes={"dp": DisputedPart("o1.2", 2_000, "lost")}) == []
