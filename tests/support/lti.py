"""
A tool for the tests of LTI: the double of PyPI (`lti-client-mock`), its library (`pylti1p3`), and a tool that lies.

The double reads the key set of the campus over a socket, and so does the campus that of the tool: both are on a
receiver of loopback. What browsers and programs send to the campus goes to the application without one.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from html import unescape
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey
from lti_client_mock.server import app as tool_app  # type: ignore[import-untyped]
from lti_client_mock.settings import LTIModel  # type: ignore[import-untyped]
from lti_client_mock.settings import settings as tool_settings
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector
from requests.adapters import HTTPAdapter

from adapters.auth.clients import ASSERTION
from adapters.lti.claims import DEEP_LINKING, LTI, SCOPE_NAMES
from tests.support.api import Campus
from tests.support.receiver import Message, Receiver, said

KEY = RSAKey.generate_key(2048, {"kid": "tool-key"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "tool-key"})
FORM = "application/x-www-form-urlencoded"
LAB: dict[str, Any] = {"unit_id": "lab", "kind": "lti", "title": "Lab", "weight": 5_000}
ESSAY = {"unit_id": "essay", "kind": "essay", "title": "Essay", "weight": 5_000}
SCORED = {"activityProgress": "Completed", "gradingProgress": "FullyGraded"}


class ToolDouble:
    """A tool that is registered and deployed to the campus's own course, with an open run that has a unit of it."""

    def __init__(self, campus: Campus, receiver: Receiver, issuer: str) -> None:
        self.campus, self.receiver, self.issuer = campus, receiver, issuer
        self.tool_id = f"tool-{campus.tag}"
        self.here = receiver.url.rstrip("/")
        self.key_set: bytes = json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
        receiver.answers = self._answer
        tool_settings.lti = {
            issuer: [
                LTIModel(
                    client_id=self.tool_id,
                    auth_login_url=f"{issuer}/v1/lti/authorize",
                    auth_token_url=f"{issuer}/v1/lti/token",
                    key_set_url=f"{self.here}/campus-keys",
                    deployment_ids=[campus.course],
                )
            ]
        }
        self._cookies = httpx.Cookies()

    async def _answer(self, message: Message) -> bytes:
        if message.path.endswith("/campus-keys"):
            answer = await self.campus.client.get("/v1/lti/keys")
            return said(200, answer.text, "Content-Type: application/json")
        return said(200, self.key_set.decode(), "Content-Type: application/json")

    @property
    def terms(self) -> dict[str, Any]:
        """What is agreed with it."""
        return {
            "name": "Lab",
            "login_url": f"{self.here}/login",
            "redirect_urls": [f"{self.here}/launch"],
            "key_set_url": f"{self.here}/jwks",
            "deep_linking_url": f"{self.here}/launch",
            "scopes": [*SCOPE_NAMES],
            "shares": [],
        }

    async def register(self, **change: Any) -> None:
        """Register it, and deploy it to the course, with a run."""
        link = {"tool_id": self.tool_id, "custom": {"level": "3"}, "maximum": 20}
        units = [{**LAB, "url": f"{self.here}/launch", "lti": link}, ESSAY]
        course, run = self.campus.course, self.campus.run
        await self.campus.send("/courses", {"course_id": course, "title": "Algebra"}, user="admin")
        await self.campus.send(f"/courses/{course}/versions", {"units": units}, user="admin")
        plan = {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2126-06-30T00:00:00Z"}
        await self.campus.send("/runs", {"run_id": run, "course_id": course, **plan}, user="admin")
        await self.campus.send(f"/runs/{run}/open", user="admin")
        body = {"tool_id": self.tool_id, "reason": "asked for", **self.terms, **change}
        await self.campus.send("/lti/tools", body, user="admin")
        deployment = {"course_id": course, "reason": "asked for"}
        await self.campus.send(f"/lti/tools/{self.tool_id}/deploy", deployment, user="admin")

    async def browse(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request to the double as a browser; in a thread, since it reads key sets without giving way."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(tool_app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tool.example") as browser:
                browser.cookies = self._cookies
                answer = await browser.request(method, path, **more)
                self._cookies = browser.cookies
                return answer

        return await asyncio.to_thread(lambda: asyncio.run(ask()))

    async def begin(self, *, user: str = "") -> tuple[str, str]:
        """Begin a launch: where the browser goes, and its cookie."""
        answer = await self.campus.post(f"/runs/{self.campus.run}/units/lab/launch", user=user)
        assert answer.status_code == 200, answer.text
        cookie = answer.headers["set-cookie"].partition(";")[0]
        self.campus.client.cookies.clear()
        return answer.json()["url"], cookie

    async def log_in(self, url: str) -> str:
        """What the double makes of a third-party initiated login: its authentication request."""
        parts = urlsplit(url)
        answer = await self.browse("GET", f"/login?{parts.query}")
        assert answer.status_code in (302, 307), answer.text
        return str(answer.headers["location"])

    async def authorize(self, request: str, cookie: str, **change: str) -> httpx.Response:
        """Bring an authentication request to the campus by the browser, with some parameters otherwise."""
        asked = dict(parse_qsl(urlsplit(request).query)) | change
        headers = {"cookie": cookie} if cookie else {}
        return await self.campus.client.get("/v1/lti/authorize", params=asked, headers=headers)

    async def launched(self, answer: httpx.Response) -> dict[str, Any]:
        """What the double has understood of the message that the page sends it; it checks it by its own library."""
        fields = form_fields(answer.text)
        sent = await self.browse("POST", "/launch", data=fields)
        assert sent.status_code == 303, sent.text
        found: dict[str, Any] = (await self.browse("GET", "/success")).json()
        return found

    async def launch(self, *, user: str = "") -> dict[str, Any]:
        """A whole launch; the claims as the double has them."""
        url, cookie = await self.begin(user=user)
        return await self.launched(await self.authorize(await self.log_in(url), cookie))

    def signed(self, claims: Mapping[str, Any], key: RSAKey = KEY) -> str:
        """A JWT of the tool."""
        whole = {k: v for k, v in claims.items() if v is not None}
        return jwt.encode({"alg": "RS256", "kid": "tool-key"}, whole, key, algorithms=["RS256"])

    def assertion(self, **change: Any) -> dict[str, Any]:
        """The claims by which it proves itself for an access token."""
        now = int(time())
        whole = {"iss": self.tool_id, "sub": self.tool_id, "aud": f"{self.issuer}/v1/lti/token"}
        return {**whole, "iat": now, "exp": now + 60, "jti": uuid4().hex, **change}

    async def ask_token(self, signed: str, *scopes: str, **form: str) -> httpx.Response:
        """Ask for an access token."""
        body = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": signed,
            "scope": " ".join(SCOPE_NAMES.get(scope, scope) for scope in scopes or SCOPE_NAMES),
            **form,
        }
        return await self.campus.client.post("/v1/lti/token", data=body)

    async def token(self, *scopes: str) -> dict[str, str]:
        """The header with an access token."""
        answer = await self.ask_token(self.signed(self.assertion()), *scopes)
        assert answer.status_code == 200, answer.text
        return {"authorization": f"Bearer {answer.json()['access_token']}"}

    async def score(self, headers: Mapping[str, str], body: Mapping[str, Any], unit_id: str = "lab") -> httpx.Response:
        """Send a score."""
        path = f"/v1/lti/runs/{self.campus.run}/line-items/{unit_id}/scores"
        sent = {**headers, "content-type": "application/vnd.ims.lis.v1.score+json"}
        return await self.campus.client.post(path, content=json.dumps({**SCORED, **body}), headers=sent)

    def connector(self) -> ServiceConnector:
        """The library's own client of the services, whose requests go to the application; use it in a thread."""
        registration = Registration()
        registration.set_issuer(self.issuer).set_client_id(self.tool_id)
        registration.set_auth_token_url(f"{self.issuer}/v1/lti/token")
        registration.set_tool_private_key(KEY.as_pem(private=True).decode())
        session = requests.Session()
        session.mount("http://", ToApplication(self.campus.client, asyncio.get_running_loop()))
        return Connector(registration, session)

    def choice(self, data: str, *items: Mapping[str, Any], **change: Any) -> dict[str, Any]:
        """The claims of a deep linking response."""
        now = int(time())
        return {
            "iss": self.tool_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "nonce": uuid4().hex,
            f"{LTI}deployment_id": self.campus.course,
            f"{LTI}message_type": "LtiDeepLinkingResponse",
            f"{LTI}version": "1.3.0",
            f"{DEEP_LINKING}content_items": list(items),
            f"{DEEP_LINKING}data": data,
            **change,
        }


class Connector(ServiceConnector):
    """The library's client, which leaves it to each framework where access tokens are kept: here nowhere."""

    def _get_cached_access_token(self, scope_key: str) -> None:  # noqa: ARG002 - by the library
        return None

    def _cache_access_token(self, scope_key: str, access_token: str, expires_in: float) -> None:
        """Keep nothing."""


class ToApplication(HTTPAdapter):
    """Has the requests of a thread answered by the application, in its own loop."""

    def __init__(self, client: httpx.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._client, self._loop = client, loop

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        """Answer one request."""
        parts = urlsplit(str(request.url))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        asked = self._client.request(
            str(request.method), target, content=request.body or b"", headers=dict(request.headers)
        )
        found = asyncio.run_coroutine_threadsafe(asked, self._loop).result()
        answer = requests.Response()
        answer.status_code, answer.url = found.status_code, str(request.url)
        answer.headers.update(found.headers)
        answer._content = found.content
        return answer


def broken(text: str) -> str:
    """A sealed text with one character otherwise."""
    return text[:9] + ("B" if text[9] == "A" else "A") + text[10:]


def form_fields(page: str) -> dict[str, str]:
    """The fields of the form of a page that sends itself."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    assert found, page
    return {unescape(name): unescape(value) for name, value in found}
