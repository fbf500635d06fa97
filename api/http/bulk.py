"""
Many commands in one request: each is carried out as if it had been sent by itself, and answered by itself.

Every command goes through the whole application, so who may send it, what is checked and what is answered is the same.
"""

import json
import re
from typing import Annotated, Any

import msgspec
from fastapi import Request, Response
from pydantic import Field

from api.http.dispatch import LONGEST_KEY, Body, example
from api.http.errors import BadRequest, Problem
from api.http.inside import send_inside
from api.http.openapi import open_query
from api.http.query import JSON
from api.http.routing import router as strict_router
from api.http.security import CurrentUser

router = strict_router("bulk", "/v1")

MOST_COMMANDS = 200  # of one request, whose body has 1 MiB at most
KEY = "^[!-~]([ -~]*[!-~])?$"  # spaces around the value of a header are no part of it
COMMANDS = re.compile(r"/v1/(courses|enrollments|progress|quizzes|runs)(/[A-Za-z0-9_.-]+)*")


class BulkCommand(Body):
    """One command: the path to which it would be sent, its body, and an `Idempotency-Key` of its own."""

    model_config = example(
        path="/v1/enrollments", body={"run_id": "algebra-2026", "learner_id": "28400"}, idempotency_key="enroll-28400"
    )

    path: Annotated[str, Field(max_length=400, pattern=f"^{COMMANDS.pattern}$")]
    idempotency_key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, pattern=KEY)]
    body: dict[str, Any] = Field(default_factory=dict)


class Bulk(Body):
    """Commands, which are carried out in this order."""

    model_config = example(commands=[BulkCommand.model_config["json_schema_extra"]["examples"][0]])  # type: ignore[index]

    commands: Annotated[list[BulkCommand], Field(min_length=1, max_length=MOST_COMMANDS)]


class BulkAnswer(msgspec.Struct, kw_only=True):
    """What a command was answered: 202 with its `position`, or another status with a `problem`."""

    status: int
    position: int | msgspec.UnsetType = msgspec.UNSET
    problem: Problem | msgspec.UnsetType = msgspec.UNSET


class BulkAnswers(msgspec.Struct, kw_only=True):
    """An answer for each command, in their order; `position` is the greatest, to read with as min_position."""

    position: int | None
    items: list[BulkAnswer]


class SameKey(BadRequest):
    """Two commands of one request have the same key."""

    code = "same_key"


ANSWERS = BulkAnswers(position=1713, items=[BulkAnswer(status=202, position=1713)])


@router.post("/bulk", responses=open_query(ANSWERS, 400, 401, 412, 413, 415))
async def send_bulk(request: Request, bulk: Bulk, user: CurrentUser) -> Response:  # noqa: ARG001 - there has to be one
    """
    Send many commands, one after the other; that some are refused is no error of the request.

    After one that finds no server (503) the rest is not sent: repeat the request, what is done is not done again.
    """
    keys = [command.idempotency_key for command in bulk.commands]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise SameKey(f"two commands have the idempotency_key {twice[0]!r}: give each one of its own")
    answers: list[dict[str, Any]] = []
    for command in bulk.commands:
        if answers and answers[-1]["status"] == 503:
            answers.append(answers[-1])
            continue
        status, body = await _send(request, command)
        found = msgspec.json.decode(body)
        answers.append({"status": status, **(found if status == 202 else {"problem": found})})
    position = max((answer["position"] for answer in answers if answer["status"] == 202), default=None)
    return Response(msgspec.json.encode({"position": position, "items": answers}), media_type=JSON)


async def _send(request: Request, command: BulkCommand) -> tuple[int, bytes]:
    """Status and body of the answer of the application to a command."""
    headers = [(b"content-type", JSON.encode()), (b"idempotency-key", command.idempotency_key.encode())]
    body = json.dumps(command.body).encode()  # what is no JSON (NaN, half a character) stays that, and is refused
    answer = await send_inside(request, "POST", command.path, headers=headers, body=body)
    return answer.status, answer.body
