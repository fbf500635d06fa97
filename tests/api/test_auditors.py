"""What auditors may do: read what the staff read, and send nothing."""

from typing import Any

from fastapi import FastAPI

from tests.support.api import Campus, Listener
from tests.support.sellers import Seller

OPEN = {
    "/v1/dev/login",
    *(f"/v1/auth/{each}" for each in ("register", "complete", "login", "logout", "sessions/revoke", "password")),
    *(f"/v1/auth/{each}" for each in ("forgotten", "reset", "email", "email/verify", "email/restore")),
    *(f"/v1/auth/{each}" for each in ("confirm", "factors/app", "factors/app/confirm", "factors/codes")),
    *(f"/v1/auth/{each}" for each in ("factors/remove", "login/code", "login/passkey", "passkeys")),
    *(f"/v1/auth/{each}" for each in ("passkeys/begin", "passkeys/challenge", "tokens", "tokens/revoke")),
    *(f"/v1/auth/{each}" for each in ("apps", "token", "providers/begin", "confirm/provider")),
    *(f"/v1/auth/{each}" for each in ("identities/begin", "identities/unlink", "impersonation/end")),
    "/v1/me/account/erase",  # these take a session, which no auditor has
    "/v1/events/ticket",
    "/v1/webhooks/stripe",
    "/v1/notifications/unsubscribe",  # by what the address of a mail carries
    "/v1/lti/authorize",  # these are for the browsers and servers of tools
    "/v1/lti/deep-links",
    "/v1/lti/token",
    "/v1/lti/runs/{run_id}/line-items",
    "/v1/lti/runs/{run_id}/line-items/{unit_id}",
    "/v1/lti/runs/{run_id}/line-items/{unit_id}/scores",
    "/v1/orders/{order_id}/checkout",
    "/v1/learners/{learner_id}/dossiers",  # all that an auditor may ask for, and:
    "/v1/learners/{learner_id}/break-glass",
    "/v1/accounts/find",
    "/v1/clients/token",
    "/v1/dev/session",
    "/v1/auth/providers/{provider}/logout",  # of a provider, with a token of its own
}
"""What is sent without the token of a user, or changes nothing."""


async def described(campus: Campus) -> dict[str, Any]:
    """The description of the API."""
    found: dict[str, Any] = (await campus.client.get("/openapi.json")).json()
    return found


def example(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """A body that an operation takes; None if it takes none."""
    if "requestBody" not in operation:
        return None
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return document["components"]["schemas"][name]["examples"][0]


def filled(path: str) -> str:
    """A path with ids, of which nothing needs to exist."""
    for name in ("learner_id", "run_id", "course_id", "quiz_id", "product_id", "order_id", "entitlement_id"):
        path = path.replace(f"{{{name}}}", "a-b")
    path = path.replace("{coupon_id}", "CODE").replace("{subscription_id}", "sub_1")
    return path.replace("{version}", "1").replace("{attempt_no}", "1").replace("{item_id}", "a").removeprefix("/v1")


async def test_no_command_of_an_auditor_is_carried_out(campus: Campus) -> None:
    """Every route that takes commands refuses them, by the description of the API; so does each command of many."""
    document, refused = await described(campus), 0
    for path, operations in document["paths"].items():
        for method in operations.keys() - {"get", "head"}:
            if path in OPEN:
                continue
            assert method in ("post", "put"), path
            headers, url = await campus.as_user("auditor"), f"/v1{filled(path)}"
            kinds = operations[method].get("requestBody", {}).get("content", {"application/json": {}})
            if "application/json" in kinds:
                answer = await campus.client.request(
                    method.upper(), url, json=example(document, operations[method]) or {}, headers=headers
                )
            else:  # a file
                headers["content-type"] = next(iter(kinds))
                answer = await campus.client.request(method.upper(), url, content=b"x", headers=headers)
            if path == "/v1/bulk":
                found = [(each["status"], each["problem"]["code"]) for each in answer.json()["items"]]
                assert found == [(403, "auditors_only_read")]
                continue
            assert (answer.status_code, answer.json().get("code")) == (403, "auditors_only_read"), (path, answer.text)
            refused += 1
    assert refused > 25


async def test_an_auditor_reads_what_the_staff_read(app: FastAPI, campus: Campus) -> None:
    """Every query has the same status and members for both, also of what is not there; but no name and address."""
    await campus.begin()
    document, seen = await described(campus), 0
    place = {"view": "learner_dashboard", "key": campus.learner, "field": "courses", "ids": campus.learner}
    for path, operations in document["paths"].items():
        if (
            "get" not in operations
            or not path.startswith("/v1/")
            or path.endswith(("/events", "/checkout", "/contact"))
        ):
            continue  # a name and an address are for those of the staff who teach
        takes = {each["name"] for each in operations["get"].get("parameters", ())}
        asked = {name: value for name, value in place.items() if name in takes}
        real = path.replace("{learner_id}", campus.learner).replace("{run_id}", campus.run)
        to_staff, to_auditor = [await campus.get(filled(real), user=user, **asked) for user in ("admin", "auditor")]
        assert to_auditor.status_code == to_staff.status_code, (path, to_auditor.text)
        seen += to_auditor.status_code == 200
        if to_staff.headers["content-type"] == "application/json":
            assert to_auditor.json().keys() == to_staff.json().keys(), path
    assert seen > 25
    for stream in (f"/learners/{campus.learner}/events", f"/runs/{campus.run}/events", "/overview/events"):
        async with Listener(app, f"/v1{stream}", await campus.as_user("auditor")) as listener:
            assert listener.status == 200, stream


async def test_an_auditor_gets_no_address_where_an_order_is_paid(app: FastAPI, campus: Campus) -> None:
    """It has a ticket in it, by which anybody pays; everything else about the order is there."""
    seller = Seller(campus.client, app)
    await seller.sell()
    order_id = (await seller.order(product_id=seller.product))["order_id"]
    await seller.until_answer("/me/orders", lambda found: found["orders"])
    for path in (f"/learners/{seller.learner}/orders", f"/orders?learner_id={seller.learner}"):
        plain, _, asked = path.partition("?")
        pairs = dict(pair.split("=") for pair in asked.split("&") if pair)
        found = [(await seller.get(plain, user=user, **pairs)).json() for user in ("admin", "auditor")]
        [to_staff], [to_auditor] = ((each.get("orders") or each["items"]) for each in found)
        assert f"{order_id}/checkout?ticket=" in to_staff["checkout_url"]
        assert to_auditor == {**to_staff, "checkout_url": None}
