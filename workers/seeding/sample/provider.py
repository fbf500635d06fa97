"""
The stand-in of the payment provider, where one runs: it gets to know what was paid, and what comes after that is real.

It gives money back that the campus asks for, and disputes a payment, and the campus learns of it by its messages. Where
none runs, the plan says what came of it.
"""

from collections.abc import Sequence
from typing import Any

import httpx

from adapters.settings import Settings
from commands.payment.disputes import OpenDispute
from commands.payment.payments import RecordCapture, RecordFee
from commands.payment.provider import Ours, metadata_of
from commands.payment.refunds import RecordRefund, RequestRefund
from workers.seeding.sample.timetable import Step

TIMEOUT = 30.0  # seconds
REAL = (RecordRefund, OpenDispute)
"""What the provider says by itself."""


class Paysim:
    """The stand-in at an address."""

    def __init__(self, url: str, campus: str) -> None:
        self._url = f"{url}/_paysim"
        self._campus = campus

    async def note(self, steps: Sequence[Step]) -> None:
        """Have it know all payments of the plan; once more changes nothing."""
        fees = {step.command.payment_id: step.command for step in steps if isinstance(step.command, RecordFee)}
        payments = [
            self._payment(step, fees[step.command.payment_id])
            for step in steps
            if isinstance(step.command, RecordCapture)
        ]
        await self._post("past", {"payments": payments})

    async def dispute(self, steps: Sequence[Step]) -> None:
        """Have the banks ask for what the plan says."""
        charges = {
            step.command.payment_id: step.command.charge_id for step in steps if isinstance(step.command, RecordCapture)
        }
        for step in steps:
            if isinstance(step.command, OpenDispute):
                charge = charges[step.command.payment_id]
                await self._post("disputes", {"charge": charge, "reason": step.command.reason})

    def _payment(self, step: Step, fee: RecordFee) -> dict[str, Any]:
        paid: RecordCapture = step.command
        ours = Ours(paid.learner_id, paid.payment_id.rpartition(".")[0], paid.payment_id)
        return {
            "intent": paid.intent_id,
            "charge": paid.charge_id,
            "balance_transaction": fee.balance_id,
            "amount": paid.amount,
            "currency": paid.currency.lower(),
            "metadata": metadata_of(self._campus, ours),
            "created": int(step.at.timestamp()),
        }

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            (await client.post(f"{self._url}/{path}", json=body)).raise_for_status()


async def find_paysim(settings: Settings) -> Paysim | None:
    """The stand-in that the campus of *settings* pays by, if it answers."""
    if not settings.stripe_api_base:
        return None
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            answer = await client.get(f"{settings.stripe_api_base}/_paysim/health")
    except httpx.HTTPError:
        return None
    return Paysim(settings.stripe_api_base, settings.name) if answer.is_success else None


def left_to_provider(steps: Sequence[Step]) -> list[Step]:
    """The steps without what the provider says by itself; refunds are really asked for."""
    return [
        step._replace(is_past=False) if isinstance(step.command, RequestRefund) else step
        for step in steps
        if not isinstance(step.command, REAL)
    ]
