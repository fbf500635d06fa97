"""
One HTTP request to paysim: who asks, idempotency, faults, the handler, the answer; and the courier beside it.

A handler runs to its end in one transaction: requests are carried out one after the other.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec import DecodeError
from msgspec.json import decode, encode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.payments.paysim import control, expand, forms, pages, routes, timers, webhooks
from adapters.payments.paysim.clock import Clock
from adapters.payments.paysim.deliveries import Courier
from adapters.payments.paysim.errors import StripeError, invalid
from adapters.payments.paysim.faults import Faults
from adapters.payments.paysim.sim import API_VERSION, Caller, Sim, new_id
from adapters.payments.paysim.store import Object, Store
from adapters.tasks import cancel_and_wait

KEPT_KEYS = 24 * 3_600.0  # seconds that an answer is kept under its idempotency key
TEST_KEYS = ("sk_test_", "rk_test_")
SECURE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}


@dataclass
class Options:
    """How paysim is started."""

    url: str
    data: Path | None = None
    webhooks: tuple[str, ...] = ()
    secret: str | None = None
    shift: float = 0.0
    """Seconds that the clock of the campus is ahead."""
    faults: dict[str, float] = field(default_factory=dict)
    seed: int = 0


class Dropped(Response):
    """No answer: it is cut off after its first byte, and the connection closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        headers = [(b"content-length", b"1000"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def build(options: Options) -> Sim:
    """Open the store, and put down what the options ask for."""
    store = Store(options.data)
    faults = Faults(seed=options.seed)
    faults.change(store.setting("faults", {}))
    faults.change({"modes": options.faults, "seed": options.seed} if options.faults else {})
    sim = Sim(store, Clock(options.shift, store.setting("advanced", 0.0)), faults, options.url)
    with store.transaction():
        timers.start(sim)
        for url in options.webhooks:
            known = store.find("webhook_endpoint", url=url) or [webhooks.make(sim, url, ["*"], options.secret)]
            if options.secret and options.secret not in known[0]["_secrets"]:
                webhooks.roll(sim, known[0]["id"], options.secret, keep_old=False)
    return sim


def create(options: Options) -> Starlette:
    """The application."""
    sim = build(options)
    courier = Courier(sim)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(courier.run())
        yield
        await cancel_and_wait([task])
        sim.store.close()

    api = Api(sim, courier)
    both = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/v1/{path:path}", api.answer, methods=["GET", "POST", "DELETE", "PUT", "PATCH"]),
            Route("/_paysim/{path:path}", api.control, methods=[*both, "DELETE"]),
            Route("/{page:path}", api.page, methods=both),
        ],
        lifespan=lifespan,
    )


class Api:
    """Answers requests."""

    def __init__(self, sim: Sim, courier: Courier) -> None:
        self._sim = sim
        self._courier = courier
        self._in_use: set[str] = set()

    async def answer(self, request: Request) -> Response:
        """A request to Stripe's API."""
        sim, id_ = self._sim, new_id("req")
        text = (await request.body()).decode(errors="replace") or request.url.query
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        call = Call(sim, request.method, request.url.path, text, key, id_)
        if sim.faults.down:
            return Dropped()
        if key is not None and key in self._in_use:
            return call.response(409, in_use(key).body())
        try:
            self._in_use |= {key} if key else set()
            if sim.faults.latency:
                await asyncio.sleep(sim.faults.latency)
            response = call.carry_out(request.headers)
        finally:
            self._in_use.discard(key or "")
            self._courier.wake()
        return response

    async def control(self, request: Request) -> Response:
        """A request of a test."""
        body = await request.body()
        timers.run_due(self._sim)
        path, query = request.path_params["path"], dict(request.query_params)
        try:
            status, answer = control.handle(self._sim, request.method, path, query, decode(body) if body else {})
        except DecodeError as error:
            status, answer = 400, {"error": f"the body is no JSON: {error}"}
        self._courier.wake()
        return Response(encode(answer), status, media_type="application/json")

    async def page(self, request: Request) -> Response:
        """A page for a customer."""
        form = forms.decode((await request.body()).decode(errors="replace"))
        if self._sim.faults.down:
            return Dropped()
        timers.run_due(self._sim)
        with self._sim.store.transaction():
            answer = pages.handle(self._sim, request.method, request.path_params["page"], form)
        self._courier.wake()
        if answer.location:
            return RedirectResponse(answer.location, 303, SECURE)
        return HTMLResponse(answer.html, answer.status, SECURE)


def in_use(key: str) -> StripeError:
    """The key belongs to a request that is not finished."""
    return StripeError(
        409, "idempotency_error", "There is currently another in-progress request using this Idempotent Key (that "
        f"probably means you submitted twice, and the other request is still going through): {key}. Please try again "
        "later.", code="idempotency_key_in_use",
    )  # fmt: skip


@dataclass
class Call:
    """One request to the API while it is carried out."""

    sim: Sim
    method: str
    path: str
    text: str
    key: str | None
    id: str
    note: str = ""

    def carry_out(self, headers: Any) -> Response:
        """The answer; it was committed before it is sent."""
        timers.run_due(self.sim)
        if self.sim.faults.strikes("error_500"):
            self.note = "error_500"
            return self.response(500, self._failed())
        self.sim.caller = Caller(self.id, self.key)
        try:
            with self.sim.store.transaction():
                _check(headers)
                status, body, replayed = self._once()
        except StripeError as error:
            status, body, replayed = error.status, error.body(), ""
        finally:
            self.sim.caller = Caller()
        if self.method == "POST" and not replayed and self.sim.faults.strikes("broken_500"):
            self.note = "broken_500"
            return self.response(500, self._failed())
        drop = self.method == "POST" and self.sim.faults.strikes("drop_answer")
        self.note = "drop_answer" if drop else "replayed" if replayed else ""
        response = self.response(status, body, replayed)
        return Dropped() if drop else response

    def _once(self) -> tuple[int, Object, str]:
        """Status and body, recorded under the key; the third is the first request's id if this is a repetition."""
        kept = self._kept()
        if kept is not None:
            if kept["fingerprint"] != self._fingerprint:
                raise StripeError(
                    400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters "
                    f"they were first used with. Try using a key other than '{self.key}' if you meant to execute a "
                    "different request.",
                )  # fmt: skip
            return kept["status"], decode(kept["body"]), kept["request"]
        status, body = self._handle()
        if self.key is not None:
            self._keep(status, body)
        return status, body, ""

    def _failed(self) -> Object:
        """An error of the server, which is given again under the key, whether anything was done or not."""
        body = StripeError(500, "api_error", "An error occurred with our connection to Stripe.").body()
        if self.key is not None and (self.note == "broken_500" or self._kept() is None):
            self._keep(500, body)
        return body

    def _kept(self) -> Any:
        """The answer that is kept under the key."""
        rows, now = self.sim.store.rows, self.sim.clock.wall()  # a test clock does not make keys older
        rows.execute("DELETE FROM answers WHERE key = ? AND at < ?", (self.key, now - KEPT_KEYS))
        return rows.execute("SELECT * FROM answers WHERE key = ?", (self.key,)).fetchone()

    def _keep(self, status: int, body: Object) -> None:
        self.sim.store.rows.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
            (self.key, self._fingerprint, self.sim.clock.wall(), status, encode(body).decode(), self.id),
        )

    @property
    def _fingerprint(self) -> str:
        return hashlib.sha256(f"{self.method} {self.path} {self.text}".encode()).hexdigest()

    def _handle(self) -> tuple[int, Object]:
        """Status and body; a decline is an answer like others, all other errors undo what was begun."""
        params = forms.Params(forms.decode(self.text))
        found = routes.find(self.method, self.path)
        if found is None:
            raise StripeError(
                404, "invalid_request_error", f"Unrecognized request URL ({self.method}: {self.path}): paysim has no "
                "such route.",
            )  # fmt: skip
        route, ids = found
        params.refuse_unknown(route.takes)
        try:
            thing = route.handler(self.sim, params, **ids)
        except StripeError as error:
            if error.saved:
                return error.status, error.body()
            raise
        return 200, expand.show(self.sim, thing, params.texts("expand"))

    def response(self, status: int, body: Object, replayed: str = "") -> Response:
        """The answer, which is also put into the request log."""
        self.sim.store.rows.execute(
            "INSERT INTO requests (id, at, method, path, params, key, status, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self.id, self.sim.clock.exact(), self.method, self.path, self.text, self.key, status, self.note),
        )
        headers = {"Request-Id": self.id, "Stripe-Version": API_VERSION}
        if self.key:
            headers["Idempotency-Key"] = self.key
        if replayed:
            headers |= {"Idempotent-Replayed": "true", "Original-Request": replayed}
        if status >= 400:
            body["error"].setdefault("request_log_url", f"{self.sim.url}/_paysim/requests?id={self.id}")
        return Response(encode(body), status, headers, "application/json")


def _check(headers: Any) -> None:
    """Refuse a request without a test key, or for another version of the API."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(TEST_KEYS):
        raise StripeError(
            401, "invalid_request_error", "Invalid API Key provided: paysim takes keys that begin with sk_test_."
        )
    version = headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise invalid(f"Invalid Stripe API version: {version}. paysim has {API_VERSION} only.")
