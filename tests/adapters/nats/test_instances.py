"""Instances are found over NATS, by gateways that believe those only who know the campus's secret."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.micro import add_service

from adapters.nats.connection import Nats
from adapters.nats.instances import Announcer, Finder, InstanceInfo, believed, metadata_of, own_url, service_name
from adapters.settings import Settings
from tests.support.polling import until

CONTEXTS = frozenset(("quiz", "progress"))


class Found:
    """What a gateway has found."""

    def __init__(self) -> None:
        self.there: dict[str, frozenset[str]] = {}

    def heard(self, info: InstanceInfo) -> None:
        """An instance is there."""
        self.there[info.url] = info.contexts

    def left(self, url: str) -> None:
        """An instance has ended."""
        self.there.pop(url, None)


@asynccontextmanager
async def finding(settings: Settings) -> AsyncIterator[tuple[Nats, Found]]:
    """A gateway that looks for instances, and a connection for them."""
    nats, found = Nats(settings, "gateway"), Found()
    finder = Finder(settings, nats, found.heard, found.left)
    try:
        yield nats, found
    finally:
        await finder.stop()
        await nats.close()


async def test_an_instance_is_found_until_it_says_that_it_ends(settings: Settings) -> None:
    """With its contexts; it is not found again after that."""
    async with finding(settings) as (_, found):
        nats = Nats(settings, "api")
        announcer = Announcer(settings, nats, CONTEXTS)
        await until(lambda: found.there == {settings.api_url: CONTEXTS})
        await announcer.stop()
        await until(lambda: found.there == {})
        other = Announcer(settings.model_copy(update={"api_port": 9}), nats, frozenset(("auth",)))
        await until(lambda: settings.api_url not in found.there and len(found.there) == 1)
        await other.stop()
        await nats.close()


async def test_one_without_the_secret_is_not_believed(settings: Settings) -> None:
    """Who can only reach NATS gets no one's requests."""
    async with finding(settings) as (nats, found):
        client = await nats.connected()
        metadata = {"url": "http://evil.example", "contexts": "quiz", "proof": "0" * 64}
        await add_service(client, name=service_name(settings), version="1.0.0", metadata=metadata)
        stranger = Announcer(settings.model_copy(update={"token_secret": "another secret, as long"}), nats, CONTEXTS)
        honest = Announcer(settings.model_copy(update={"api_port": 7}), nats, CONTEXTS)
        await until(lambda: bool(found.there))
        assert set(found.there) == {"http://127.0.0.1:7"}
        await stranger.stop()
        await honest.stop()


def test_where_tls_is_required_an_instance_in_the_clear_is_not_believed(settings: Settings) -> None:
    """Though it knows the secret; one of this machine is."""
    strict = settings.model_copy(update={"require_tls": True})
    for url, believes, strictly in (
        ("http://10.0.0.7:1", True, False),
        ("https://10.0.0.7:1", True, True),
        ("http://127.0.0.1:1", True, True),
        ("ftp://10.0.0.7:1", False, False),
    ):
        said = metadata_of(settings, InstanceInfo(url, CONTEXTS))
        data = json.dumps({"metadata": said}).encode()
        assert (believed(settings, data) is not None, believed(strict, data) is not None) == (believes, strictly), url


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"metadata": null}', b'{"metadata": {"url": 1}}', b"\xff", b'{"metadata": []}']
)
def test_what_is_no_announcement_says_nothing(data: bytes, settings: Settings) -> None:
    """And breaks nothing."""
    assert believed(settings, data) is None


def test_another_scheme_is_not_followed(settings: Settings) -> None:
    """Not even from who knows the secret."""
    from adapters.nats.instances import _proof

    info = InstanceInfo("file:///etc/passwd", CONTEXTS)
    metadata = {"url": info.url, "contexts": "progress,quiz", "proof": _proof(settings, info)}
    assert believed(settings, json.dumps({"metadata": metadata}).encode()) is None


def test_where_an_instance_is_reached(settings: Settings) -> None:
    """By the setting; where it listens; or at its host's address, where it listens everywhere."""
    assert own_url(settings.model_copy(update={"instance_url": "http://quiz-1:8000/"})) == "http://quiz-1:8000"
    assert own_url(settings) == settings.api_url
    assert "0.0.0.0" not in own_url(settings.model_copy(update={"api_host": "0.0.0.0"}))  # noqa: S104
