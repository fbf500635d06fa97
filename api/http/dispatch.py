"""
How a route sends a command: in whose name, once for each `Idempotency-Key`; the answer is its position.
"""

import asyncio
import hashlib
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.postgres.connection import Unavailable
from api.http.accountability import reason_of, ticket_of
from api.http.errors import BadRequest, PreconditionFailed
from api.http.policy.guard import Check, check_of
from api.http.policy.words import ADMIN
from api.http.services import get_services
from commands.log import Context
from domain.admin.settings import REASONS, REQUIRED, TICKETS
from domain.admin.tickets import ReasonNeeded, TicketNeeded

LONGEST_KEY = 128  # characters
DEADLINE = 25.0  # seconds for a command; longer than an append waits for a server that has gone, so none is sent later


def example(**members: Any) -> ConfigDict:
    """What a body may look like, for the description of the API."""
    return ConfigDict(json_schema_extra={"examples": [members]})


class Accepted(BaseModel):
    """The facts are recorded, up to `position`: what to wait for, as min_position, when reading back."""

    model_config = example(position=1713)

    position: int = Field(ge=0, description="Position of the last fact; read with min_position to see it.")


class Body(BaseModel):
    """What a command's body may not have: members that mean nothing, and numbers written as something else."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CommandDispatcher:
    """Sends the commands of one request, in the name of its user."""

    __slots__ = ("_key", "_request", "check", "user")

    def __init__(self, request: Request, check: Check, key: str | None) -> None:
        self._request = request
        self._key = key
        self.check = check
        self.user = check.user

    @property
    def request_id(self) -> str:
        """The id of the request."""
        found: str = self._request.scope["request_id"]
        return found

    async def acts_for(self, learner_id: str | None, *, run_id: str | None = None, quiz_id: str | None = None) -> str:
        """
        The learner whom the request is about, the user if it names none, if the policy lets the user act for them.

        Args:
            run_id: the run that it is about, if it is about one; or else *quiz_id*, a quiz of it.

        Raises:
            Forbidden: the policy refuses it.
        """
        learner = self.user.subject if learner_id is None else learner_id
        await self.check.permit(learner_id=learner, run_id=run_id, quiz_id=quiz_id)
        return learner

    def context(
        self, *, on_behalf_of: str | None = None, idempotency_key: str | None = None, fingerprint: str = ""
    ) -> Context:
        """In whose name the commands of the request are sent, in which role, why, and under which ticket."""
        return Context(
            actor=self.user.by,
            at=get_services(self._request).bus.clock.now(),
            on_behalf_of=on_behalf_of,
            correlation_id=self.request_id,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
            role=self.check.role,
            reason=reason_of(self._request),
            ticket=ticket_of(self._request),
        )

    async def accounted(self, reason: str = "") -> Context:
        """
        The same for commands that are not sent by this object, once it is sure that the campus asks for no more.

        Args:
            reason: as the body of the request has it.

        Raises:
            TicketNeeded, ReasonNeeded: the settings ask admins for one.
        """
        return await self._accounted(self.context(), reason)

    async def accounted_once(self, reason: str = "") -> Context:
        """The same with the `Idempotency-Key` of the request, where all that it does is one command."""
        key, fingerprint = await self._key_and_fingerprint()
        return await self._accounted(self.context(idempotency_key=key, fingerprint=fingerprint), reason)

    async def _accounted(self, context: Context, reason: str) -> Context:
        await self._must_be_accounted(context, reason)
        return context

    async def _key_and_fingerprint(self) -> tuple[str | None, str]:
        """The key of the request as first answers are kept by it, and what it stands for; None if it has none."""
        if self._key is None:
            return None, ""
        user, actor = self.user.subject, self.user.actor
        owner = user if actor is None else f"{actor} as {user}"  # no id has spaces in it
        return f"api:{owner}:{self._key}", await self._fingerprint()  # reactions have keys, too

    async def _must_be_accounted(self, context: Context, reason: str) -> None:
        if context.role != ADMIN:
            return
        settings = get_services(self._request).people.settings
        if context.ticket is None and await settings.value(TICKETS) == REQUIRED:
            raise TicketNeeded
        if not (context.reason or reason) and await settings.value(REASONS) == REQUIRED:
            raise ReasonNeeded

    async def __call__(self, command: Any, learner_id: str | None = None) -> Response:
        """Carry out *command*, which may be for a learner, and answer with its position."""
        position = await self.position(command, learner_id)
        return Response(b'{"position":%d}' % position, 202, media_type="application/json")

    async def position(self, command: Any, learner_id: str | None = None) -> int:
        """Carry out *command*, which may be for a learner; its position, for an answer that says more."""
        key, fingerprint = await self._key_and_fingerprint()
        bus = get_services(self._request).bus
        learner_id = self.user.subject if self.user.actor is not None else learner_id
        on_behalf_of = learner_id if learner_id != self.user.by else None
        context = self.context(on_behalf_of=on_behalf_of, idempotency_key=key, fingerprint=fingerprint)
        await self._must_be_accounted(context, getattr(command, "reason", ""))
        try:
            async with asyncio.timeout(DEADLINE):
                return await bus.handle(command, context)
        except TimeoutError as error:
            raise Unavailable(
                f"PostgreSQL has not answered for {DEADLINE:.0f} s; whether the command was carried out is not known:"
                " send it again with the same Idempotency-Key"
            ) from error

    async def _fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self._request.method} {self._request.scope['path']}\n".encode())
        digest.update(canonical(await self._request.body()))
        return digest.hexdigest()


def canonical(body: bytes) -> bytes:
    """
    The same bytes for bodies that are the same JSON: spaces, escapes and the order of members mean nothing.

    An object without members is no body, which is how a command of a bulk that needs none is sent.
    """
    try:
        content = msgspec.json.decode(body)
        return b"" if content == {} else msgspec.json.encode(content, order="sorted")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body


def idempotency_key(request: Request) -> str | None:
    """The key of a request, if it has one; read by hand, which is faster than FastAPI's parameters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise BadRequest(f"an Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters")
    return key


async def command_dispatcher(request: Request) -> CommandDispatcher:
    """Who sends commands, and under which key."""
    key = idempotency_key(request)
    if request.headers.get("if-match", "*").strip() != "*":
        raise PreconditionFailed("what a command changes has no ETag: leave out If-Match")
    return CommandDispatcher(request, check_of(request), key)


Dispatch = Annotated[CommandDispatcher, Depends(command_dispatcher)]
