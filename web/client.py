"""
The API as pages use it: its routes, called in the process of the page, in the name of who asks for the page.

What a browser says of the page that sends a form (`Origin`, `Sec-Fetch-Site`) goes along (api/http/inside.py), so the
API refuses what comes from elsewhere itself, and pages need no tokens against forged requests. What a page records of
itself when it is shown comes from that page.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from fastapi import Request

from adapters.tasks import cancel_and_wait
from api.http.accountability import REASON, TICKET
from api.http.csv_text import CSV
from api.http.errors import INTERNAL, UNAUTHENTICATED
from api.http.inside import Header, InsideAnswer, send_inside
from api.http.policy.refusals import StaffNeedFactor
from api.http.sessions import COOKIE
from api.http.step_up import StepUpNeeded
from web.problems import defect, finished, translated
from web.words import Reader

JSON = b"application/json"
FILES = frozenset((b"application/vnd.apache.parquet", b"application/vnd.apache.arrow.stream"))
"""Kinds of answers that are no text."""
OUT_OF_REACH = "position_not_reached"
STEP_UP, FACTOR = StepUpNeeded.code, StaffNeedFactor.code


@dataclass(frozen=True)
class Answer:
    """
    What the API has answered.

    Attributes:
        body: from JSON; None without a body, bytes for FILES, text for other media types.
        position: for which the answer is true, or of the facts that were recorded; 0 if it has none.
        headers: with small letters; `set-cookie` may be there several times.
    """

    status: int
    body: Any
    position: int
    headers: Sequence[Header]

    def __getitem__(self, name: str) -> Any:
        """A member of the body."""
        return self.body[name]


class Problem(Exception):
    """
    The API refuses.

    Attributes:
        code: stable, for programs.
        detail: what is wrong, in the language of the reader, without a capital and a full stop.
        sentence: the same with both.
        facts: all members of the problem document.
        retry_after: seconds, as text; empty if nothing is said of it.
    """

    def __init__(
        self, status: int, document: Mapping[str, Any], retry_after: str = "", reader: Reader | None = None
    ) -> None:
        super().__init__(document.get("detail", ""))
        self.status = status
        self.code: str = document.get("code", "")
        self.detail: str = document.get("detail", "") if reader is None else translated(document, reader)
        self.sentence = finished(self.detail)
        self._reader = reader
        self.facts = document
        self.retry_after = retry_after

    def of_field(self, name: str) -> str:
        """What is wrong with a field of the body that was sent; empty if nothing is said of it."""
        defects = self.facts.get("errors", ())
        found: str = next((each["problem"] for each in defects if each["at"] == f"body.{name}"), "")
        return defect(found, self._reader) if found and self._reader is not None else found


def on_the_form(problem: Problem) -> Problem:
    """The problem, if it is shown on the form, with what was typed; what another page mends, and failures, are not."""
    if problem.code in (UNAUTHENTICATED, FACTOR) or problem.status >= 500:
        raise problem
    return problem


class NoSuchThing(Problem):
    """A part of an address that cannot be the id of anything."""

    def __init__(self) -> None:
        super().__init__(404, {"code": "no_such_page", "detail": "nothing has this address"})


class ProofNeeded(Exception):
    """A form has sent what needs a proof that the person is there; web/proof.py asks for it, no page catches this."""


class Client:
    """
    The API in the name of who sends one request.

    Attributes:
        min_position: what `read` waits for: the position of what the person has just sent.
    """

    def __init__(self, request: Request, reader: Reader, min_position: int = 0) -> None:
        self.min_position = min_position
        self._request = request
        self._reader = reader
        self._reading: set[asyncio.Task[Any] | None] = set()

    async def end(self) -> None:
        """End what is still being read: of several reads at once the first refusal is the answer to all."""
        await cancel_and_wait(task for task in self._reading if task and task is not asyncio.current_task())

    async def read(self, path: str, *parts: str, **query: Any) -> Answer:
        """
        What a read model holds, with all that the person has just sent; for routes that take `min_position`.

        Args:
            path: of the route, with `{}` for each of *parts*.
            query: parameters; those that are None or empty are left out.

        Raises:
            Problem: the API refuses, or the read model does not get that far in time.
        """
        if self.min_position:
            query["min_position"] = self.min_position
        return await self.get(path, *parts, **query)

    async def get(self, path: str, *parts: str, **query: Any) -> Answer:
        """As `read`, for routes that wait for no position."""
        return await self._get(path, parts, query)

    async def csv(self, path: str, *parts: str, **query: Any) -> Answer:
        """As `get`, for lists that are CSV, too: the body is that text."""
        return await self._get(path, parts, query, ((b"accept", CSV.encode()),))

    async def send(
        self,
        path: str,
        *parts: str,
        body: Any = None,
        method: str = "POST",
        reason: str = "",
        ticket: str = "",
        key: str = "",
        query: Mapping[str, str] = MappingProxyType({}),
        accept: str = "",
        shows: bool = False,
    ) -> Answer:
        """
        Send a command; raises Problem.

        Args:
            body: bytes are sent as they are, all else as JSON; an empty object if left out.
            reason: why, for the facts; with *ticket*, where the matter is dealt with.
            key: `Idempotency-Key`: what comes twice is carried out once.
            query: parameters beside the body.
            accept: the media type of the answer, where there are several.
            shows: whether it records no more than that the page is shown: then a link of another site may lead to the
                page (decisions/0417).
        """
        content = body if isinstance(body, bytes) else msgspec.json.encode({} if body is None else body)
        kind = b"application/octet-stream" if isinstance(body, bytes) else JSON
        headers = [(b"content-type", kind), (b"content-length", str(len(content)).encode())]
        for name, value in (
            (REASON, quote(reason, safe=" ")),
            (TICKET, ticket),
            ("idempotency-key", key),
            ("accept", accept),
        ):
            if value:
                headers.append((name.encode(), value.encode("latin-1", "replace")))
        if shows:
            headers.append((b"sec-fetch-site", b"same-origin"))
        address = _filled(path, parts)
        text = urlencode(query).encode()
        sent = send_inside(self._request, method, address, query=text, headers=headers, body=content)
        return self._answer(await sent)

    async def prove(self, **proof: str) -> Answer:
        """Prove that the person is there; what follows is sent with the cookie that the session has from then on."""
        answer = await self.send("/v1/auth/confirm", body=proof)
        scope, given = self._request.scope, [text for name, text in answer.headers if name == b"set-cookie"]
        old = [text for name, text in scope["headers"] if name == b"cookie"]
        kept = [each for text in old for each in text.split(b"; ") if not each.startswith(f"{COOKIE}=".encode())]
        cookie = b"; ".join([*kept, *(text.partition(b";")[0] for text in given)])
        scope["headers"] = [each for each in scope["headers"] if each[0] != b"cookie"] + [(b"cookie", cookie)]
        return answer

    async def _get(
        self, path: str, parts: Sequence[str], query: Mapping[str, Any], headers: Sequence[Header] = ()
    ) -> Answer:
        wanted = {name: value for name, value in query.items() if value not in (None, "")}
        address, text = _filled(path, parts), urlencode(wanted, doseq=True).encode()
        self._reading.add(task := asyncio.current_task())
        try:
            return self._answer(await send_inside(self._request, "GET", address, query=text, headers=headers))
        finally:
            self._reading.discard(task)

    def _answer(self, answered: InsideAnswer) -> Answer:
        """The answer with its body decoded; raises Problem for a refusal."""
        status, headers, content = answered
        named = dict(headers)
        kind = named.get(b"content-type", b"").partition(b";")[0]
        is_json = kind == JSON or kind.endswith(b"+json")
        body: Any = content
        if kind not in FILES:
            body = msgspec.json.decode(content) if content and is_json else content.decode("utf-8", "replace") or None
        if status >= 400:
            document = body if isinstance(body, dict) else {"code": INTERNAL, "detail": ""}
            if document.get("code") == STEP_UP and self._request.method == "POST":
                raise ProofNeeded
            raise Problem(status, document, named.get(b"retry-after", b"").decode("latin-1"), self._reader)
        position = named.get(b"campus-position") or (body.get("position") if isinstance(body, dict) else None)
        return Answer(status, body, int(position) if position else 0, headers)


def _filled(path: str, parts: Sequence[str]) -> str:
    """The path with its parts; one with a slash would lead to another route."""
    if any(not part or "/" in part or part in {".", ".."} for part in parts):
        raise NoSuchThing
    return path.format(*parts)
