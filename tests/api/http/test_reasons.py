"""Why something is done is said, or left out where it may be; white space alone says nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from tests.support.api import Campus

BLANK = " \t\n\x1c\u00a0\u3000"
MAY_BE_EMPTY = "/v1/progress/outcomes"  # a first outcome needs none; what needs one refuses this one, too

REFUSED_FIRST = ("/v1/learners/1/impersonation", "/v1/learners/1/contact")
"""What needs a session, or a consent of the learner, before anything that was sent is looked at."""


def operations(app: FastAPI, method: str) -> Iterator[tuple[str, Any]]:
    """The paths of a method, with names in them, and what the description says of each."""
    for path, methods in app.openapi()["paths"].items():
        if method in methods:
            yield re.sub(r"\{\w+\}", "1", path), methods[method]


def bodies(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """The commands that take a reason, each with the example of its body."""
    schemas = app.openapi()["components"]["schemas"]
    for path, operation in operations(app, "post"):
        content = operation.get("requestBody", {}).get("content", {})
        name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
        if "reason" in schemas.get(name, {}).get("properties", {}):
            yield path, schemas[name]["examples"][0]


async def test_a_command_takes_no_blank_reason(app: FastAPI, campus: Campus) -> None:
    """Of every context; the problem names the field."""
    found = [each for each in bodies(app) if each[0] != MAY_BE_EMPTY and each[0] not in REFUSED_FIRST]
    assert len(found) > 10
    for path, body in found:
        for reason in ("", BLANK):
            answer = await campus.post(path.removeprefix("/v1"), {**body, "reason": reason}, user="admin")
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), path
            assert "body.reason" in [each["at"] for each in answer.json()["errors"]], path


async def test_a_look_takes_no_blank_reason(app: FastAPI, campus: Campus) -> None:
    """Who looks says why, or leaves it out."""
    found = [
        path
        for path, operation in operations(app, "get")
        if any(each["name"] == "reason" for each in operation.get("parameters", ())) and path not in REFUSED_FIRST
    ]
    assert len(found) > 10
    for path in found:
        answer = await campus.get(path.removeprefix("/v1"), reason=BLANK)
        assert answer.status_code == 422, path
        problems = {each["at"]: each["problem"] for each in answer.json()["errors"]}
        assert "white space alone is no reason" in problems["query.reason"], path


@pytest.mark.parametrize("given", ["over", " over\n"])
async def test_a_reason_is_recorded_without_the_space_around_it(app: FastAPI, campus: Campus, given: str) -> None:
    """As it is found again later; words about a person are sealed, those about a coupon are not."""
    coupon = {"coupon_id": f"C{campus.tag}", "kind": "percent", "percent_bp": 1_000}
    await campus.send("/coupons", coupon, user="admin")
    await campus.send(f"/coupons/C{campus.tag}/retire", {"reason": given}, user="admin")
    *_, retired = await app.state.services.log.stream(f"coupon-C{campus.tag}")
    assert (retired.type, retired.data) == ("coupon.retired", {"reason": "over"})
