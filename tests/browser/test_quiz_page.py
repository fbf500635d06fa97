"""A quiz in a real browser: by keyboard, saved as it is answered, while the server is away and the session is over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from adapters.embedded.secrets import free_port
from adapters.mail.inbox import Inbox
from adapters.settings import Settings
from tests.browser.test_sign_in import Place, register
from tests.conftest import migrated
from tests.support.api import Campus, every_read_model, workers
from tests.support.api_process import serving
from tests.support.browser import Visitor, reviewed
from tests.support.payments import dispatching
from tests.support.servers import Servers

pytestmark = [pytest.mark.processes, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
ASKED: list[dict[str, Any]] = [
    {"kind": "single_choice", "options": [{"option_id": "o1", "text": "36"}, {"option_id": "o2", "text": "42"}]},
    {"kind": "short_text"},
    {"kind": "essay"},
]
KEYS: list[dict[str, Any]] = [{"shares": {"o2": "1"}}, {"accepted": [{"text": "log"}]}, {"guidance": "One point."}]


class Room(NamedTuple):
    """A campus with its workers, whose API is started and stopped by the test."""

    place: Place
    settings: Settings
    port: int
    log: int

    async def serve(self) -> ExitStack:
        """Start the API in a thread, since the dispatcher has the loop of the test; closing ends its process."""
        stack = ExitStack()
        await asyncio.to_thread(stack.enter_context, serving(self.settings, self.log, self.port))
        return stack


@pytest_asyncio.fixture(loop_scope="session")
async def room(browser: Browser, servers: Servers, tmp_path: Path) -> AsyncIterator[Room]:
    """Everything but the API."""
    inbox, port = Inbox(), free_port()
    async with inbox.listening(0) as smtp:
        url = f"http://localhost:{port}"
        settings = migrated(servers).model_copy(update={"smtp_url": f"smtp://127.0.0.1:{smtp}", "public_url": url})
        with (tmp_path / "api.log").open("wb") as log, workers(settings):
            async with dispatching(settings):
                yield Room(Place(url, inbox), settings, port, log.fileno())


async def quiz_of(campus: Campus, quiz_id: str, **more: Any) -> str:
    """A quiz; the path of its page."""
    asked = [
        {
            "question": {"question_id": f"i{number}", "text": f"Question {number}?", **question},
            "key": {"kind": question["kind"], **key},
        }
        for number, (question, key) in enumerate(zip(ASKED, KEYS, strict=True), 1)
    ]
    place = {"quiz_id": quiz_id, "run_id": campus.run, "unit_id": "q1", "title": "Equations"}
    await campus.send("/quizzes", {**place, "questions": asked, **more}, user="instructor")
    return f"/learn/runs/{campus.run}/quizzes/{quiz_id}"


async def begin(page: Page, room: Room, quiz: str) -> None:
    """Start an attempt by keyboard."""
    await page.goto(f"{room.place.url}{quiz}")
    await page.get_by_role("button", name="Start the attempt").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/attempts/1")


def state(page: Page, item_id: str) -> str:
    """Where it stands how far an answer is saved."""
    return f"#q-{item_id} [data-state]"


async def test_a_quiz_outlives_its_server_and_its_session(room: Room, visitor: Visitor) -> None:
    """What is typed while the server is away, or the session over, is saved afterwards; the server ends an attempt."""
    visitor.expected = {401, 422, 503}
    serving_now = await room.serve()
    async with httpx.AsyncClient(base_url=room.place.url) as client:
        page = await register(visitor, room.place)
        await every_read_model(client)
        campus = Campus(client)
        campus.learner = (await (await page.request.get(f"{room.place.url}/v1/me/account")).json())["learner_id"]
        await campus.begin()
        quiz = await quiz_of(campus, f"k-{campus.tag}", time_limit=3_600)
        short = await quiz_of(campus, f"s-{campus.tag}", time_limit=12)
    await begin(page, room, quiz)
    await reviewed(page, "attempt")
    await page.locator("#q-i1 input[type=radio]").first.focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(state(page, "i1"))).to_contain_text("Saved at")
    await page.locator("#q-i2 [data-flag]").press("Enter")

    await asyncio.to_thread(serving_now.close)
    await page.locator("#q-i2 input[name='a:i2']").fill("lo")
    await expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    await page.locator("#q-i2 input[name='a:i2']").fill("log")
    serving_now = await room.serve()
    try:
        await expect(page.locator(state(page, "i2"))).to_contain_text("Saved at")
        visitor.faults.clear()  # requests to the server that was away
        await expect(page.locator("[data-note]")).to_have_count(0)
        await page.reload()
        assert await page.locator("#q-i2 input[name='a:i2']").input_value() == "log"
        await expect(page.locator("#q-i2 [data-flag]")).to_have_attribute("aria-pressed", "true")

        await _signs_out_and_in(page, visitor)
        await _answers_in_two_tabs(page, visitor)

        await page.get_by_role("button", name="Hand in").press("Enter")
        await expect(page.get_by_text("Every question has a saved answer.")).to_be_visible()
        await reviewed(page, "hand-in")
        await page.get_by_role("button", name="Hand in now").press("Enter")
        await expect(page.get_by_text("It waits for its grade")).to_be_visible()
        await reviewed(page, "review")

        await _lets_the_time_pass(page, room, short)
        assert visitor.faults == []
        await page.goto("about:blank")
    finally:
        await asyncio.to_thread(serving_now.close)


async def _signs_out_and_in(page: Page, visitor: Visitor) -> None:
    """The session ends elsewhere while an answer is written."""
    cookies = await visitor.context.cookies()
    await visitor.context.clear_cookies()
    await page.locator("#q-i3 textarea").fill("an essay")
    await expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    await visitor.context.add_cookies(cookies)  # type: ignore[arg-type]
    await expect(page.locator(state(page, "i3"))).to_contain_text("Saved at")
    await expect(page.locator("[data-sum]")).to_have_text("All answers are saved.")


async def _answers_in_two_tabs(page: Page, visitor: Visitor) -> None:
    """What one tab saves is seen in the other."""
    other = await visitor.open(page.url)
    await other.locator("#q-i2 input[name='a:i2']").fill("logs")
    await expect(other.locator(state(other, "i2"))).to_contain_text("Saved at")
    await expect(page.locator("#q-i2 input[name='a:i2']")).to_have_value("logs")
    await other.close()


async def _lets_the_time_pass(page: Page, room: Room, quiz: str) -> None:
    """The server hands the attempt in, and the page shows it."""
    await begin(page, room, quiz)
    await page.locator("#q-i2 input[name='a:i2']").fill("log")
    await expect(page.get_by_text("The server has handed it in at its end")).to_be_visible()
    assert "log" in await page.locator("#q-i2").inner_text()
