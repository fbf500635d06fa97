"""A simulation that is interrupted places no more orders; one that is interrupted twice ends."""

import asyncio
import os
import signal
from typing import Any, cast

import pytest

from cli.payments.client import Client
from cli.payments.drive import CONCURRENT, Driver
from cli.payments.plan import PlannedOrder, plan
from cli.payments.simulation import stopped_by_hand, table


class Counting(Driver):
    """A driver whose orders are counted, and who is stopped after the third."""

    orders = 0

    async def _order(self, _learner_id: str, _order: PlannedOrder) -> None:
        self.orders += 1
        if self.orders == 3:
            os.kill(os.getpid(), signal.SIGINT)
        await self.stop.wait()


async def test_the_first_interrupt_ends_placing(capsys: pytest.CaptureFixture[str]) -> None:
    """What learners have begun goes on; no other order is placed."""
    driver = Counting(cast("Client", None), "sim", lambda _: None)
    with stopped_by_hand(driver.stop):
        await driver.drive(plan(500, 1))
    assert 3 <= driver.orders <= CONCURRENT
    assert "no more orders are placed" in capsys.readouterr().err


async def test_the_second_interrupt_ends_it_at_once() -> None:
    """The task is cancelled, whatever it waits for."""
    stop = asyncio.Event()

    async def wait_for_ever() -> None:
        with stopped_by_hand(stop):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(wait_for_ever())
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGINT)
    await stop.wait()
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(asyncio.CancelledError):
        await task


def test_figures_say_that_they_are_not_all() -> None:
    """In the table as in the object."""
    figures: dict[str, Any] = {"orders": 3, "amounts": {}, "interrupted": True}
    assert [[*column.cells] for column in table(figures).columns][:2] == [["orders", "interrupted"], ["3", "yes"]]
