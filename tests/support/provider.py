"""A provider of OpenID Connect on this machine that does what a test says: it may be honest, or lie in one thing."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "campus", "s3cret/with:odd%signs"


@dataclass
class Provider:
    """
    What the provider knows, and what it does otherwise than it should.

    Attributes:
        claims: what an ID token says, beside and in the place of what it should say.
        sign: makes the ID token of its claims.
        metadata: what it says of itself, in the place of what it should say.
        asked: the requests that it got: path, headers, form.
        status: with which it answers, by path.
        person: who signs in on its page.
    """

    port: int = 0
    name: str = "school"
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    sends_iss: bool = True
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    published: RSAKey | None = None
    sign: "Callable[[Provider, dict[str, Any]], str] | None" = None
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    person: str = "grace"

    @property
    def issuer(self) -> str:
        """Its issuer."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **more: Any) -> dict[str, Any]:
        """How the settings of the campus name it."""
        named = {"name": self.name, "issuer": self.issuer, "client_id": CLIENT, "client_secret": SECRET}
        return {**named, "label": "School", **more}

    def says(self) -> dict[str, Any]:
        """Its discovery document."""
        endpoints = {
            "authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys",
            "end_session_endpoint": "/logout?theme=green",
        }  # fmt: skip
        described: dict[str, Any] = {name: self.issuer + path for name, path in endpoints.items()}
        described |= {"issuer": self.issuer, "authorization_response_iss_parameter_supported": self.sends_iss}
        return described | self.metadata

    def agree(self, url: str, subject: str, **claims: Any) -> dict[str, str]:
        """A person signs in at the address to which the campus has sent the browser; what the browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = uuid4().hex
        self.codes[code] = {**asked, "claims": json.dumps({"sub": subject, **claims})}
        return {"code": code, "state": asked["state"], **({"iss": self.issuer} if self.sends_iss else {})}

    def token(self, asked: dict[str, str]) -> str:
        """The ID token for a code."""
        now = int(time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked.get("nonce", ""),
            **json.loads(asked["claims"]), **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return self.sign(self, claims) if self.sign is not None else self.signed(claims)

    def logout_token(self, **claims: Any) -> str:
        """What it sends to the campus when a session has ended; None leaves a claim out."""
        now = int(time())
        said: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": uuid4().hex,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}}, **claims,
        }  # fmt: skip
        found = {name: value for name, value in said.items() if value is not None}
        return self.sign(self, found) if self.sign is not None else self.signed(found, typ="logout+jwt")

    def signed(self, claims: dict[str, Any], **head: Any) -> str:
        """A token as it should be signed."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, **head}, claims, self.key)

    def page(self, target: str) -> bytes:
        """Its page, on which a person agrees."""
        said = self.agree(target, self.person, name=self.person.title(), auth_time=int(time()))
        back = f"{parse_qs(urlsplit(target).query)['redirect_uri'][0]}?{urlencode(said)}"
        head = '<!doctype html><html lang="en"><title>School</title><link rel="icon" href="data:,">'
        return f'{head}<a href="{escape(back)}">I am {escape(self.person)}</a></html>'.encode()

    def answer(self, target: str, form: dict[str, str]) -> tuple[int, Any]:
        """What it answers."""
        path = urlsplit(target).path
        status = self.status.get(path, 200)
        match path:
            case "/authorize" | "/logout":
                return status, self.page(target) if path == "/authorize" else _signed_out(target)
            case "/.well-known/openid-configuration":
                return status, self.says()
            case "/keys":
                return status, {"keys": [(self.published or self.key).as_dict(private=False)]}
            case "/token":
                asked = self.codes.pop(form.get("code", ""), None)
                if asked is None or not _fits(form.get("code_verifier", ""), asked["code_challenge"]):
                    return 400, {"error": "invalid_grant"}
                return status, {"access_token": "a", "token_type": "Bearer", "id_token": self.token(asked)}
        return 404, {}


def _signed_out(target: str) -> bytes:
    """Its page where its own session has ended."""
    back = parse_qs(urlsplit(target).query)["post_logout_redirect_uri"][0]
    head = '<!doctype html><html lang="en"><title>School: signed out</title><link rel="icon" href="data:,">'
    return f'{head}<a href="{escape(back)}">Back</a></html>'.encode()


def by_secret(secret: bytes, kid: str, claims: dict[str, Any]) -> str:
    """A token that is signed by a secret (HS256); written by hand, since the library takes no public key for one."""
    signed = f"{_part({'alg': 'HS256', 'kid': kid})}.{_part(claims)}"
    return f"{signed}.{_base64(hmac.new(secret, signed.encode(), sha256).digest())}"


def unsigned(provider: Provider, claims: dict[str, Any]) -> str:
    """A token that says that it needs no signature."""
    return f"{_part({'alg': 'none', 'kid': provider.key.kid})}.{_part(claims)}."


def by_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """A token that is signed with the public key, as if it were a secret."""
    return by_secret(provider.key.as_pem(private=False), provider.key.kid or "", claims)


def by_unknown_key(_provider: Provider, claims: dict[str, Any]) -> str:
    """A token that is signed by a key that is published nowhere."""
    other = RSAKey.generate_key(2048, {"kid": "k9"})
    return jwt.encode({"alg": "RS256", "kid": "k9"}, claims, other)


def by_other_key(provider: Provider, claims: dict[str, Any]) -> str:
    """A token that names the published key, and is signed by another one."""
    other = RSAKey.generate_key(2048, {"kid": provider.key.kid or ""})
    return jwt.encode({"alg": "RS256", "kid": provider.key.kid}, claims, other)


def _fits(verifier: str, challenge: str) -> bool:
    return _base64(sha256(verifier.encode()).digest()) == challenge


def _part(claims: dict[str, Any]) -> str:
    return _base64(json.dumps(claims).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@asynccontextmanager
async def listening(provider: Provider) -> AsyncIterator[Provider]:
    """The provider answers on a port of its own, until the block ends."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            _, target, _ = head[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            provider.asked.append((target, headers, form))
            status, found = provider.answer(target, form)
            content = found if isinstance(found, bytes) else msgspec.json.encode(found)
            more = f"location: {provider.issuer}/elsewhere\r\n" if 300 <= status < 400 else ""
            writer.write(f"HTTP/1.1 {status} X\r\nconnection: close\r\n{more}\r\n".encode() + content)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", provider.port)
    provider.port = server.sockets[0].getsockname()[1]
    async with server:
        yield provider


def query_of(answer: dict[str, str]) -> str:
    """The query string with which a browser comes back."""
    return urlencode(answer)
