"""
How every query is answered: wait for `min_position`, say for which position the answer is true, send nothing twice.

The body is JSON text as it comes from the read model. `Campus-Position` says what it is true for. The ETag stands for
its content, so a client that has it already gets a 304.
"""

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from time import monotonic
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Query, Request, Response

from adapters.postgres.reader import Answer
from api.services import Services, of_request
from domain.errors import DomainError

WAIT = 2.0  # seconds to wait for min_position
LOOK_AGAIN = 0.1  # seconds after which a waiting query looks for itself
JSON = "application/json"


class At(Protocol):
    """An answer, and the position for which it is true."""

    @property
    def position(self) -> int:
        """The position."""
        ...


AnswerT = TypeVar("AnswerT", bound=At)


class Asked:
    """How one request wants its query answered."""

    __slots__ = ("min_position", "none_match", "services")

    def __init__(self, services: Services, min_position: int, none_match: str | None) -> None:
        self.services = services
        self.min_position = min_position
        self.none_match = none_match

    async def fresh(self, projection: str, read: Callable[[], Awaitable[AnswerT]]) -> AnswerT:
        """What *read* answers, once the projection has reached min_position or the time is over."""
        answer = await read()
        if answer.position >= self.min_position:
            return answer
        deadline = monotonic() + WAIT
        while answer.position < self.min_position and (left := deadline - monotonic()) > 0:
            await self.services.changes.reached(projection, self.min_position, min(left, LOOK_AGAIN))
            answer = await read()
        return answer

    def reply(self, body: bytes, position: int, headers: dict[str, str] | None = None) -> Response:
        """The answer over HTTP: 200, or 304 if the client has this body."""
        etag = f'W/"{blake2b(body, digest_size=9).hexdigest()}"'
        headers = {
            "campus-position": str(position),
            "etag": etag,
            "cache-control": "private, no-cache",
            **(headers or {}),
        }
        if self.none_match is not None and _matches(self.none_match, etag):
            return Response(None, 304, headers)
        return Response(body, 200, headers, JSON)

    def one(self, answer: Answer, missing: DomainError) -> Response:
        """The answer over HTTP; raises *missing* if there is none."""
        if answer.body is None:
            raise missing
        return self.reply(answer.body, answer.position)


def _matches(none_match: str, etag: str) -> bool:
    return none_match.strip() == "*" or etag in (each.strip() for each in none_match.split(","))


async def asked(
    request: Request,
    min_position: Annotated[
        int,
        Query(
            ge=0,
            le=2**62,
            description="Wait, up to two seconds, until the answer is true for this position of the log.",
            examples=[0],
        ),
    ] = 0,
) -> Asked:
    """How the request wants to be answered."""
    return Asked(of_request(request), min_position, request.headers.get("if-none-match"))


Ask = Annotated[Asked, Depends(asked)]
