"""Endpoints of other systems: what an address may look like, and what is decided about one."""

from functools import partial

import pytest

from domain.admin.webhooks import (
    DisabledBy,
    UnfitReplay,
    UnfitUrl,
    Webhook,
    WebhookNotEnabled,
    WebhookNotFound,
    check_url,
)
from tests.support.given import AT, fact, given

URL, TYPES = "https://crm.example/hook", ["enrollment.activated"]
CREATED = fact(Webhook.Created, url=URL, types=TYPES, description="crm", secret_id="w1-1", reason="contract")
DISABLED = fact(Webhook.Disabled, cause="gone", reason="410")
REMOVED = fact(Webhook.Removed, reason="over")


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/hook", "ftp://crm.example/", "//crm.example", "https://", "https:///hook", "crm.example",
        "https://user:secret@crm.example/", "https://crm.example/#x", "https://crm.example:0/", "https://crm.example:x/",
        "https://crm.example\\@evil.example/", "https://crm.example/a b", "https://crm.example/\n", "https://münchen.example/",
        "https://[::1/", "javascript:alert(1)", "file:///etc/passwd", f"https://crm.example/{'x' * 500}",
        "http://127.0.0.1/", "http://localhost/", "http://2130706433/",
    ],
)  # fmt: skip
def test_what_is_no_address_for_webhooks(url: str) -> None:
    """Plain HTTP is for this machine, in development."""
    with pytest.raises(UnfitUrl):
        check_url(url, is_development=False)


def test_what_is_one() -> None:
    """With a port and a query; in development this machine as well."""
    for url in (URL, "https://crm.example:8443/hook?campus=1", "https://[2606:2800:21f::1]/hook"):
        check_url(url, is_development=False)
    for url in ("http://127.0.0.1:8001/hook", "http://localhost:8001/", "http://[::1]:8001/"):
        check_url(url, is_development=True)
    for url in ("http://crm.example/", "http://2130706433/", "http://10.0.0.1/"):
        with pytest.raises(UnfitUrl):
            check_url(url, is_development=True)


def test_an_endpoint_is_made_changed_disabled_and_removed_once() -> None:
    """What changes nothing is no fact; what was removed is there no more."""
    given(Webhook).when(lambda it: it.create(URL, TYPES * 2, "crm", "w1-1", "contract")).then(CREATED)
    given(Webhook, CREATED).when(lambda it: it.create(URL, TYPES, "crm", "w1-9", "again")).then()
    given(Webhook, CREATED).when(lambda it: it.change(URL, TYPES, "crm", "same")).then()
    given(Webhook, CREATED).when(lambda it: it.change(URL, ["course.created"], "crm", "more")).then(
        fact(Webhook.Changed, url=URL, types=["course.created"], description="crm", reason="more")
    )
    given(Webhook, CREATED).when(lambda it: it.disable(DisabledBy.GONE, "410")).then(DISABLED)
    given(Webhook, CREATED, DISABLED).when(lambda it: it.disable(DisabledBy.HAND, "too")).then()
    given(Webhook, CREATED, DISABLED).when(lambda it: it.enable("mended")).then(fact(Webhook.Enabled, reason="mended"))
    given(Webhook, CREATED).when(lambda it: it.enable("is so")).then()
    given(Webhook, CREATED, DISABLED).when(lambda it: it.remove("over")).then(REMOVED)
    given(Webhook, CREATED, REMOVED).when(lambda it: it.remove("over")).then()
    given(Webhook, CREATED).when(lambda it: it.rotate("w1-2", AT, "yearly")).then(
        fact(Webhook.SecretRotated, secret_id="w1-2", others_until=AT, reason="yearly")
    )
    for act in (
        partial(Webhook.enable, reason="x"),
        partial(Webhook.disable, cause=DisabledBy.HAND, reason="x"),
        partial(Webhook.rotate, secret_id="w1-2", others_until=AT, reason="x"),
        partial(Webhook.change, url=URL, types=TYPES, description="", reason="x"),
        Webhook.request_ping,
    ):
        given(Webhook, CREATED, REMOVED).when(act).refused(WebhookNotFound, endpoint_id="w1")
        given(Webhook).when(act).refused(WebhookNotFound, endpoint_id="w1")
    given(Webhook).when(lambda it: it.remove("x")).refused(WebhookNotFound, endpoint_id="w1")


def test_what_is_asked_of_an_enabled_endpoint() -> None:
    """A ping, a replay of positions that there may be, one fact once more."""
    given(Webhook, CREATED).when(Webhook.request_ping).then(fact(Webhook.PingRequested))
    given(Webhook, CREATED).when(lambda it: it.request_replay(1, 9, "lost")).then(
        fact(Webhook.ReplayRequested, first=1, last=9, reason="lost")
    )
    given(Webhook, CREATED).when(lambda it: it.request_resend(7, "lost")).then(
        fact(Webhook.ResendRequested, position=7, reason="lost")
    )
    given(Webhook, CREATED).when(lambda it: it.request_replay(9, 1, "lost")).refused(UnfitReplay, first=9, last=1)
    given(Webhook, CREATED, DISABLED).when(Webhook.request_ping).refused(
        WebhookNotEnabled, endpoint_id="w1", status="disabled"
    )
