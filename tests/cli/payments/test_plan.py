"""What is simulated follows from the seed."""

from collections import Counter

from cli.payments.plan import ENDS, WAYS, PlannedOrder, plan


def all_of(orders: int, seed: int) -> list[PlannedOrder]:
    """The orders of a plan."""
    return [order for journey in plan(orders, seed) for order in journey.orders]


def test_a_seed_decides_everything() -> None:
    """The same seed plans the same orders, another one others."""
    assert plan(50, 7) == plan(50, 7)
    assert plan(50, 7) != plan(50, 8)
    assert [order.number for order in all_of(50, 7)] == [*range(50)]


def test_a_plan_has_every_way_to_pay_and_every_end() -> None:
    """A few hundred orders have all of them; who buys twice buys another product for the same run."""
    orders = all_of(300, 1)
    assert {order.way for order in orders} == {*WAYS}
    assert {order.end for order in orders} == {*ENDS}
    assert set(Counter(order.currency for order in orders)) == {"EUR", "JPY", "KWD"}
    twice = [journey.orders for journey in plan(300, 1) if len(journey.orders) == 2]
    assert twice
    assert all(not set(first.products) & set(second.products) for first, second in twice)
    assert any(first.runs & second.runs for first, second in twice)
