"""A campus that sells over HTTP, without a provider: what it says is recorded as the dispatcher would."""

from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI

from commands.log import Context
from commands.payment.payments import RecordCapture, RecordIntent
from tests.support.api import Campus

OLD, NEW = "whsec_old", "whsec_new"


class Seller(Campus):
    """What tests of payment do over and over."""

    def __init__(self, client: httpx.AsyncClient, app: FastAPI) -> None:
        super().__init__(client)
        self.services = app.state.services
        self.product = f"p-{self.tag}"

    async def sell(self, amount: int = 4_900, currency: str = "EUR") -> None:
        """Open a run, and sell its course."""
        await self.open_run()
        body = {"product_id": self.product, "title": "Algebra & more", "kind": "course", "course_id": self.course}
        await self.send("/products", body, user="admin")
        await self.send(f"/products/{self.product}/prices", {"currency": currency, "amount": amount}, user="admin")

    async def order(self, key: str = "", **more: Any) -> dict[str, Any]:
        """Order the product; what was answered."""
        answer = await self.post("/orders", {"product_id": self.product, "currency": "EUR", **more}, key=key)
        assert answer.status_code == 202, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    async def do(self, command: Any) -> int:
        """Carry out a command as the dispatcher would."""
        position: int = await self.services.bus.handle(command, Context("dispatcher", self.services.bus.clock.now()))
        return position

    async def make_page(self, placed: dict[str, Any], url: str) -> None:
        """The provider has made a page."""
        money = (placed["total"], placed["currency"])
        await self.do(RecordIntent(self.learner, f"{placed['order_id']}.1", "cs_1", *money, url=url))

    async def capture(self, placed: dict[str, Any]) -> None:
        """The order is paid."""
        await self.do(RecordCapture(self.learner, f"{placed['order_id']}.1", placed["total"], placed["currency"]))

    async def page(self, placed: dict[str, Any], more: str = "") -> httpx.Response:
        """What the address of an order's page answers."""
        parts = urlsplit(placed["checkout_url"])
        return await self.client.get(f"{parts.path}?{parts.query}{more}")
