"""Mails to people, and the inbox that takes them."""

from typing import Any

import httpx
import pytest

from adapters.mail.inbox import Inbox, create
from adapters.mail.messages import SUBJECTS, message
from adapters.mail.smtp import MailRefused, MailServerAway, Post
from adapters.settings import Settings

VALUES = {"campus": "https://campus.example", "link": "https://campus.example/a?b=1&c=<2>#d", "until": "tomorrow"}
FROM = "Campus <no-reply@campus.example>"


def mail(occasion: str = "registration", **other: Any) -> Any:
    """A mail."""
    return message(occasion, **{"sender": FROM, "recipient": "ada@example.org", "key": "k", "values": VALUES, **other})


@pytest.mark.parametrize("occasion", SUBJECTS)
def test_a_mail_has_text_and_html(occasion: str) -> None:
    """Both say the same; what stands in HTML is escaped, and two mails of one job have one id."""
    found = mail(occasion)
    text, html = (found.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert VALUES["link"] in text
    assert "https://campus.example/a?b=1&amp;c=&lt;2&gt;#d" in html
    assert "{{" not in text + html
    assert (found["To"], found["From"], found["Auto-Submitted"]) == ("ada@example.org", FROM, "auto-generated")
    assert found["Message-ID"] == mail(occasion)["Message-ID"] != mail(occasion, key="other")["Message-ID"]


@pytest.mark.parametrize("address", ["a@b.c\r\nBcc: eve@example.org", "a@b.c, eve@example.org", "a b@c.d"])
def test_an_address_adds_no_header_and_no_recipient(address: str) -> None:
    """Whatever an account may hold."""
    with pytest.raises((ValueError, IndexError)):
        mail(recipient=address)


async def test_the_inbox_keeps_what_was_sent(settings: Settings) -> None:
    """Over SMTP; its API and its page show it, and its page runs nothing of it."""
    inbox = Inbox()
    async with inbox.listening(0) as port:
        post = Post(settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"}))
        await post.send(mail(values={**VALUES, "link": "<script>alert(1)</script>"}))
        await post.send(mail(recipient="bob@example.org"))
        big = mail()
        big.add_attachment(b"x" * 2_000_000, maintype="application", subtype="octet-stream")
        with pytest.raises(MailRefused):  # larger than it takes
            await post.send(big)
    transport = httpx.ASGITransport(create(inbox, 0))
    async with httpx.AsyncClient(transport=transport, base_url="http://inbox") as client:
        found = (await client.get("/messages")).json()
        assert [each["to"] for each in found] == [["bob@example.org"], ["ada@example.org"]]
        assert [
            each["number"] for each in (await client.get("/messages", params={"to": "ada@example.org"})).json()
        ] == [1]
        page = await client.get("/")
        assert "&lt;script&gt;" in page.text
        assert "<script>" not in page.text
        html = await client.get("/messages/1/html")
        assert "sandbox" in html.headers["content-security-policy"]
        assert (await client.get("/messages/9/html")).status_code == 404


async def test_a_mail_waits_for_its_server(settings: Settings) -> None:
    """None that answers, and none that is set; what is said has no address."""
    for url in ("smtp://127.0.0.1:1", ""):
        with pytest.raises(MailServerAway) as away:
            await Post(settings.model_copy(update={"smtp_url": url})).send(mail())
        assert "ada" not in str(away.value)


@pytest.mark.parametrize(("code", "kind"), [(550, MailRefused), (451, MailServerAway)])
async def test_a_refusal_is_for_good_or_for_now(settings: Settings, code: int, kind: type[Exception]) -> None:
    """By the class of the code; the message has no address."""

    class Refusing(Inbox):
        async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name
            return f"{code} no ada@example.org"

    async with Refusing().listening(0) as port:
        with pytest.raises(kind) as refused:
            await Post(settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"})).send(mail())
    assert "ada" not in str(refused.value)
