"""
How every command is carried out: in whose name, once for each `Idempotency-Key`, and answered with its position.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.tokens import Claims
from api.auth import current_user
from api.services import of_request
from commands.log import Context

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="The same key with the same request is answered with the first answer, and done once.",
        examples=["6f1c8a4e-enrol-28400"],
    ),
]


def example(**members: Any) -> ConfigDict:
    """What a body may look like, for the description of the API."""
    return ConfigDict(json_schema_extra={"examples": [members]})


class Accepted(BaseModel):
    """The facts are recorded, up to `position`: what to wait for, as min_position, when reading back."""

    model_config = example(position=1713)

    position: int = Field(ge=0, description="Position of the last fact; read with min_position to see it.")


class Body(BaseModel):
    """What a command's body may not have: members that mean nothing."""

    model_config = ConfigDict(extra="forbid")


Commands = Callable[..., Awaitable[Response]]


async def commands(
    request: Request, user: Annotated[Claims, Depends(current_user)], idempotency_key: IdempotencyKey = None
) -> Commands:
    """What a route calls with a command and, where it acts for a learner, with whose id."""
    bus = of_request(request).bus

    async def handle(command: Any, learner_id: str | None = None) -> Response:
        key, fingerprint = None, ""
        if idempotency_key is not None:
            key, fingerprint = f"{user.subject}:{idempotency_key}", await _fingerprint(request)
        context = Context(
            actor=user.subject,
            on_behalf_of=learner_id if learner_id != user.subject else None,
            correlation_id=request.scope["request_id"],
            idempotency_key=key,
            fingerprint=fingerprint,
        )
        position = await bus.handle(command, context)
        return Response(b'{"position":%d}' % position, 202, media_type="application/json")

    return handle


async def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.scope['path']}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()


Handle = Annotated[Commands, Depends(commands)]
