"""A list costs as many statements for many rows as for few."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from adapters.settings import Settings
from api.app import build
from commands.payment.books import MatchProviderEvent, RecordProviderEvent
from commands.payment.subscriptions import StartSubscription
from commands.roles import GrantRole
from commands.user import RegisterAccount
from domain.roles import Grant
from tests.support.api import ITEMS, every_read_model, workers
from tests.support.messages import message
from tests.support.sellers import Seller
from tests.support.statements import counted

FEW, MANY = 2, 5  # rows of each list
ONE_ROW = {
    "/healthz", "/metrics", "/readyz", "/v1/me/announcements", "/v1/reconciliation", "/v1/learners/{learner_id}/looks",
    "/v1/facts/{position}", "/v1/facts/{position}/trace", "/v1/traces", "/v1/imports",
    "/v1/coupons/{coupon_id}", "/v1/courses/{course_id}/versions/{version}", "/v1/learners/{learner_id}/runs/{run_id}",
    "/v1/me/runs/{run_id}", "/v1/orders/{order_id}", "/v1/products/{product_id}", "/v1/quizzes/{quiz_id}",
    "/v1/runs/{run_id}", "/v1/runs/{run_id}/dashboard", "/v1/me/account", "/v1/policy", "/.well-known/jwks.json",
    "/v1/learners/{learner_id}/account", "/v1/audit/refusals", "/v1/jobs/failed", "/v1/reactions/failed",
    "/v1/projections", "/v1/bulk-jobs", "/v1/campus", "/v1/settings", "/v1/settings/changes", "/v1/announcements",
    "/v1/me/consents", "/v1/me/invitations", "/v1/runs/{run_id}/invitations", "/v1/runs/{run_id}/waitlist",
    "/v1/me/runs/{run_id}/place", "/.well-known/oauth-authorization-server", "/v1/runs/{run_id}/ungraded",
    "/v1/me/study", "/v1/me/quizzes/{quiz_id}", "/v1/quizzes/{quiz_id}/contents", "/v1/log/rate",
    "/v1/orders/{order_id}/refund-claims", "/v1/refund-claims", "/v1/runs/{run_id}/unread",
    "/v1/runs/{run_id}/mentionable", "/v1/runs/{run_id}/threads/{thread_id}/posts/{post_no}/versions",
    "/v1/forum-words",
    "/v1/runs/{run_id}/forum-rules", "/v1/runs/{run_id}/forum/learners/{learner_id}",
    "/v1/notifications/report", "/v1/notifications/doubtful",
    "/v1/me/notifications", "/v1/me/notifications/unread", "/v1/me/notifications/settings",
    "/v1/me/notifications/schedule", "/v1/runs/{run_id}/messages/{message_id}/receipts",
    "/v1/me/forum/search", "/v1/me/forum/unread",
    "/v1/me/mailbox", "/v1/notifications/mail-preview",
    "/v1/notifications/mail-preview/html",
}  # fmt: skip
"""What is no list of anything that the test makes more of."""
MESSAGE = {"addressees": "on_run", "says": [{"language": "en", "title": "Friday", "text": "We meet."}]}
TALK = {"kind": "discussion", "title": "Hello", "text": "all"}
NO_ROWS = ("/events", "/checkout", "/receipt", "/replay", "/contact", "/account/export")
"""Streams and pages."""
ELSEWHERE = (
    "/v1/me/messages/",
    "/v1/proofs/",
    "/v1/folds/",
    "/dossiers/",
    "/names",
    "/v1/analytics/",
    "/v1/projections/",
    "/v1/rules/",
    "/v1/auth/",
    "/v1/lti/",
    "/credentials",
    "/v1/bulk-jobs/",
    "/v1/clients",
    "/v1/webhooks",
    "/v1/question-banks",
    "/draft",
    "/diff",
    "/contents/",
    "/units/",
    "/attempts",
    "/deadlines",
    "/appeals",
    "/grading",
    "/item-statistics",
    "/regrades",
)
"""What there is once it was signed, asked for or served, or a person has signed in: tests of the same names."""


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """A started campus of its own, so that its lists have the rows of the test and no others."""
    app = build(settings)
    with workers(settings):
        async with app.router.lifespan_context(app):
            yield app


async def add(seller: Seller, another: Seller, thread: str) -> int:
    """One more of everything that is listed; the position of the last fact."""
    number = another.tag
    await another.sell()
    await seller.capture(await seller.order(product_id=another.product))
    run = {"course_id": seller.course, "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
    await another.send("/runs", {"run_id": f"again-{number}", **run}, user="admin")
    quiz = {"quiz_id": f"more-{number}", "run_id": seller.run, "unit_id": "q1", "title": "More", "items": ITEMS}
    await another.send("/quizzes", {**quiz, "key": [1, 0]}, user="instructor")
    await seller.send(f"/quizzes/more-{number}/attempts/1/submit", {"responses": [1, 0]})
    await another.send("/enrollments", {"run_id": seller.run})
    await another.send(f"/quizzes/{seller.quiz}/attempts/1/submit", {"responses": [1, 0]})
    await another.send(f"/runs/{seller.run}/topics", {"name": f"Topic {number}"}, user="admin")
    asked = await another.post(f"/runs/{seller.run}/threads", {**TALK, "kind": "question"})
    spam, asked_by_another = {"ground": "spam"}, f"/runs/{seller.run}/threads/{asked.json()['thread_id']}"
    await seller.send(f"{asked_by_another}/posts/1/report", spam)
    await another.send(f"/runs/{seller.run}/threads/{thread}/posts/1/report", spam)
    await another.send(f"/runs/{seller.run}/threads/{thread}/posts", {"parent_no": 1, "text": "Me too."})
    await another.send(f"/runs/{seller.run}/messages", MESSAGE, user="admin")
    await another.send("/coupons", {"coupon_id": f"C{number}", "kind": "percent", "percent_bp": 1_000}, user="admin")
    await seller.do(RecordProviderEvent(f"evt_{number}", message()))
    await seller.do(MatchProviderEvent(f"evt_{number}", None, "unknown"))
    plan = {"product_id": f"plan-{number}", "title": "All", "kind": "plan", "course_id": another.course}
    await another.send("/products", {**plan, "interval": "month", "interval_count": 1}, user="admin")
    await another.send(f"/products/plan-{number}/prices", {"currency": "EUR", "amount": 1_900}, user="admin")
    order = (await seller.order(product_id=f"plan-{number}"))["order_id"]
    await seller.do(RegisterAccount(another.learner, f"{number}@example.org"))
    await seller.do(GrantRole(seller.learner, Grant("instructor", f"run:again-{number}"), None, "teaches"))
    now = seller.services.bus.clock.now()
    ids = (seller.learner, order, order, f"sub_{number}")
    return await seller.do(StartSubscription(*ids, now, now + timedelta(days=30)))


def length(found: Any) -> int:
    """The length of all lists of an answer together."""
    within = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return (len(found) if isinstance(found, list) else 0) + sum(map(length, within))


async def cost(seller: Seller, path: str, user: str, asked: dict[str, str]) -> tuple[int, int]:
    """The rows of an answer, and the fewest statements for it: now and then something else happens beside it."""
    sent, rows = [], 0
    for _ in range(2):
        with counted() as statements:
            answer = await seller.client.get(path, params=asked, headers=await seller.as_user(user))
        assert answer.status_code == 200, (path, answer.text)
        sent.append(len(statements))
        rows = length(answer.json()) if "json" in answer.headers["content-type"] else 0
    return rows, min(sent)


async def costs(seller: Seller, ids: dict[str, str], learners: list[str]) -> dict[str, tuple[int, int]]:
    """The same for every route with GET, by the description of the API."""
    found = {}
    for path, operations in (await seller.client.get("/openapi.json")).json()["paths"].items():
        if "get" not in operations or path.endswith(NO_ROWS) or any(each in path for each in ELSEWHERE):
            continue
        takes = {each["name"] for each in operations["get"].get("parameters", ()) if each["in"] == "query"}
        asked = {"limit": "100", "ids": ",".join(learners)}
        asked |= {"view": "learner_dashboard", "key": seller.learner, "field": "courses"}
        asked |= {"order_id": ids["order_id"]} if path == "/v1/traces" else {}
        asked = {name: value for name, value in asked.items() if name in takes}
        user = seller.learner if path.startswith("/v1/me/") else "admin"
        found[path] = await cost(seller, path.format(**ids), user, asked)
    return found


async def test_no_list_asks_once_for_each_row(app: FastAPI) -> None:
    """What a route answers about five costs as many statements as about two; what is never longer is known above."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://campus") as client:
        await every_read_model(client)
        seller = Seller(client, app)
        await seller.begin()
        await seller.do(RegisterAccount(seller.learner, "ada@example.org"))
        others = [Seller(client, app) for _ in range(MANY)]
        thread = (await seller.post(f"/runs/{seller.run}/threads", TALK)).json()["thread_id"]
        message = (await seller.post(f"/runs/{seller.run}/messages", MESSAGE, user="admin")).json()["message_id"]
        ids, found = {"thread_id": thread, "post_no": "1", "message_id": message}, []
        for some in (others[:FEW], others[FEW:]):
            for each in some:
                position = await add(seller, each, thread)
            await settled(seller, position)
            learners = [each.learner for each in others]
            found.append(await costs(seller, {**await ids_of(seller, others[0]), **ids}, learners))
    few, many = found
    grown = {path for path in few if many[path][0] > few[path][0]}
    assert few.keys() - grown == ONE_ROW
    assert {path: (few[path], many[path]) for path in few if many[path][1] > few[path][1]} == {}


async def settled(seller: Seller, position: int) -> None:
    """Wait until reactions have granted what was bought, and every read model has that."""
    orders = (await seller.see("/me/orders", position, user=seller.learner))["orders"]
    bought = len(orders)

    def all_granted(answer: Any) -> bool:
        return len(answer["entitlements"]) == bought

    await seller.until_answer("/me/entitlements", all_granted)
    head = (await seller.client.get("/readyz")).json()["head"]
    for path in ("/me/dashboard", "/me/purchases"):
        await seller.see(path, head, user=seller.learner)
    for path in ("/overview", "/activity", "/courses", "/ledger/entries", f"/runs/{seller.run}/gradebook"):
        await seller.see(path, head)
    await seller.see(f"/runs/{seller.run}/dashboard", head)


async def ids_of(seller: Seller, another: Seller) -> dict[str, str]:
    """An id for every parameter of a path."""
    orders = (await seller.get("/me/orders", user=seller.learner)).json()["orders"]
    return {
        "learner_id": seller.learner, "run_id": seller.run, "course_id": seller.course, "quiz_id": seller.quiz,
        "product_id": another.product, "coupon_id": f"C{another.tag}", "order_id": orders[-1]["order_id"],
        "version": "1", "position": "1",
    }  # fmt: skip
