"""A campus of persons whose names, addresses, words and ids stand nowhere by chance, on two runs."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.settings import Settings
from tests.support.api import Campus
from tests.support.clock import SharedClock
from tests.support.people import Browser, Town, town

EACH = 3  # persons on each of the two runs


@dataclass(frozen=True)
class Canary:
    """
    A person, and texts that only what is about this person has.

    Attributes:
        ids: that name the person or what the person owns.
        secrets: name, address, and words of the person.
    """

    learner_id: str
    order_id: str
    run_id: str
    quiz_id: str
    course_id: str
    product_id: str
    secrets: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """What names the person."""
        return self.learner_id, self.order_id

    @property
    def known(self) -> dict[str, str]:
        """The ids, by the names that parameters have."""
        names = ("learner_id", "order_id", "run_id", "quiz_id", "course_id", "product_id")
        return {name: str(getattr(self, name)) for name in names} | {"person": self.learner_id}


@dataclass(frozen=True)
class Canaries:
    """The persons on one run, those on another, and the position of the last fact about them."""

    inside: Sequence[Canary]
    outside: Sequence[Canary]
    head: int
    everyone: Sequence[Canary] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "everyone", [*self.inside, *self.outside])


def settled(settings: Settings) -> Canaries:
    """The persons of a campus whose workers run, once every read model has them."""
    return asyncio.run(_settled(settings))


async def _settled(settings: Settings) -> Canaries:
    async with town(SharedClock.of(settings)) as found:
        inside, outside = [await _run_of(found) for _ in range(2)]
        campus, head = Campus(found.client), await found.log.head()
        for canary in (*inside, *outside):
            await campus.see(f"/learners/{canary.learner_id}/dashboard", head)
            await campus.see(f"/runs/{canary.run_id}/learners", head)
            await campus.see(f"/learners/{canary.learner_id}/orders", head)
        return Canaries(inside, outside, head)


async def _run_of(town: Town) -> list[Canary]:
    """A run with a quiz, persons who learn there, and a product that is sold since then."""
    staff = Campus(town.client)
    await staff.open_run()
    persons = [await _learner(town, staff) for _ in range(EACH)]
    product = f"p-{staff.tag}"
    body = {"product_id": product, "title": "A course", "kind": "run", "run_id": staff.run}
    await staff.send("/products", body, user="admin")
    await staff.send(f"/products/{product}/prices", {"currency": "EUR", "amount": 4_900}, user="admin")
    return [await _buyer(browser, staff, product, said) for browser, said in persons]


async def _learner(town: Town, staff: Campus) -> tuple[Browser, Sequence[str]]:
    """Who has registered, enrolled, learned and submitted; name and address."""
    name, address = (secrets.token_hex(10) for _ in range(2))
    browser = await town.settle(f"canary.{address}@example.org")
    await _send(browser, "/me/account/profile", {"display_name": f"Canaria {name}"})
    await _send(browser, "/enrollments", {"run_id": staff.run})
    activity = {"run_id": staff.run, "unit_id": "intro", "kind": "click", "amount": 3}
    await _send(browser, "/progress/activities", activity)
    await _send(browser, f"/quizzes/{staff.quiz}/attempts/1/submit", {"responses": [1, -1]})
    return browser, (name, address)


async def _buyer(browser: Browser, staff: Campus, product: str, said: Sequence[str]) -> Canary:
    """Who has ordered as well, and said why the order was cancelled."""
    words = secrets.token_hex(10)
    placed = await _send(browser, "/orders", {"product_id": product, "currency": "EUR"})
    order = str(placed.json()["order_id"])
    await _send(browser, f"/orders/{order}/cancel", {"reason": f"Since {words} has said so"})
    found = browser.learner_id, order, staff.run, staff.quiz, staff.course, product
    return Canary(*found, secrets=(*said, words))


async def _send(browser: Browser, path: str, body: dict[str, Any]) -> httpx.Response:
    answer = await browser.post(path, body)
    assert answer.status_code == 202, answer.text
    return answer
