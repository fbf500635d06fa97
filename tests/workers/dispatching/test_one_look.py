"""What several jobs ask of the provider is asked once; how a dispute stands, each time."""

from typing import Any, cast

from commands.payment.provider import Provider
from workers.dispatching.one_look import one_look


class Shop:
    """A provider that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def intent(self, name: str) -> str:
        """An attempt to pay."""
        self.asked.append(name)
        return name

    async def dispute(self, name: str) -> int:
        """A dispute that stands otherwise each time."""
        self.asked.append(name)
        return len(self.asked)


async def test_a_dispute_is_asked_for_each_time() -> None:
    """What is said of it is to be no older than the facts that a job has read before it asks."""
    shop = Shop()
    provider: Any = one_look(cast(Provider, shop))
    assert [await provider.intent("pi_1") for _ in range(2)] == ["pi_1", "pi_1"]
    assert [await provider.dispute("dp_1") for _ in range(2)] == [2, 3]
    assert shop.asked == ["pi_1", "dp_1", "dp_1"]
