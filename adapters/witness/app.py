"""
The witness over HTTP: C2SP tlog-witness at `/add-checkpoint`, and beside it what a person may want to see.

    GET /keys         its verifier keys, a line each
    GET /checkpoint   the last checkpoint that it has cosigned of the log `?origin=`
    GET /alarms       what logs did that they must not, with the signed evidence
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapters.tasks import cancel_and_wait
from adapters.witness.desk import Witness
from adapters.witness.state import WitnessState
from domain.proofs.note import LONGEST_NOTE, Verifier
from domain.proofs.witness import SIZE_TYPE, WitnessRefusal, read_request

LARGEST_BODY = LONGEST_NOTE + 4_096  # bytes


def create(directory: Path, name: str | None, log: str | None, keys: tuple[str, ...]) -> Starlette:
    """
    The application of the witness in *directory*.

    Args:
        log: where the log's proofs are served, which it looks at; None for one that only waits for requests.
        keys: verifier keys of logs, whose signatures count.

    Raises:
        StateError, NoteError: the directory or a key cannot be used.
    """
    witness = Witness(WitnessState.open(directory, name))
    witness.trust([Verifier.of(each) for each in keys])
    return application(witness, log)


def application(witness: Witness, log: str | None) -> Starlette:
    """The application of an opened witness."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(witness.state.close)
            if log is not None:
                task = asyncio.create_task(witness.watch(log.rstrip("/")))
                stack.push_async_callback(cancel_and_wait, [task])
            yield

    api = _Api(witness)
    return Starlette(
        routes=[
            Route("/add-checkpoint", api.add, methods=["POST"]),
            Route("/keys", api.keys),
            Route("/checkpoint", api.checkpoint),
            Route("/alarms", api.alarms),
        ],
        lifespan=lifespan,
    )


class _Api:
    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def add(self, request: Request) -> Response:
        try:
            body = await _body(request)
            return PlainTextResponse(await self._witness.add(read_request(body)))
        except WitnessRefusal as refusal:
            if refusal.size is not None:
                return Response(f"{refusal.size}\n", refusal.status, media_type=SIZE_TYPE)
            return PlainTextResponse(f"{refusal}\n", refusal.status)

    async def keys(self, _request: Request) -> Response:
        return PlainTextResponse("".join(f"{each.vkey}\n" for each in self._witness.keys))

    async def checkpoint(self, request: Request) -> Response:
        log = self._witness.state.logs.get(request.query_params.get("origin", ""))
        if log is None or log.last is None:
            return PlainTextResponse("nothing of this log was cosigned: say which by ?origin=\n", 404)
        return PlainTextResponse(str(log.last))

    async def alarms(self, _request: Request) -> Response:
        return JSONResponse(self._witness.state.alarms)


async def _body(request: Request) -> str:
    """The body as text; raises WitnessRefusal if it is none, or too large."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise WitnessRefusal(400, f"a request has at most {LARGEST_BODY} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise WitnessRefusal(400, "a request is text in UTF-8") from None
