"""Mails to people, and the inbox that takes them."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from adapters.mail.inbox import Inbox, create
from adapters.mail.messages import FOLDER, as_time, language_for, languages, message, occasions
from adapters.mail.smtp import MailRefused, MailServerAway, Post
from adapters.settings import Settings

VALUES = {"campus": "https://campus.example", "link": "https://campus.example/a?b=1&c=<2>#d", "until": "tomorrow"}
FROM = "Campus <no-reply@campus.example>"


def mail(occasion: str = "registration", **other: Any) -> Any:
    """A mail."""
    return message(occasion, **{"sender": FROM, "recipient": "ada@example.org", "key": "k", "values": VALUES, **other})


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("occasion", occasions())
def test_a_mail_has_text_and_html(occasion: str, language: str) -> None:
    """Both say the same; what stands in HTML is escaped, and two mails of one job have one id."""
    found = mail(occasion, language=language)
    text, html = (found.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert VALUES["link"] in text
    assert '<a href="https://campus.example/a?b=1&amp;c=&lt;2&gt;#d">' in html
    assert f'<html lang="{language}">' in html
    assert "{{" not in text + html
    assert (
        text.split()
        == re.sub(r"<head>.*</head>|<[^>]*>", "", html, flags=re.DOTALL)
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#39;", "'")
        .split()
    )
    assert (found["To"], found["From"], found["Auto-Submitted"]) == ("ada@example.org", FROM, "auto-generated")
    assert found["Message-ID"] == mail(occasion)["Message-ID"] != mail(occasion, key="other")["Message-ID"]


def test_each_language_has_each_mail() -> None:
    """With the same values in it, a subject and words of its own."""
    assert "de" in languages()
    for language in languages():
        texts = {each.stem: each.read_text(encoding="utf-8") for each in (FOLDER / language).iterdir()}
        assert tuple(sorted(texts)) == occasions()
        for occasion, text in texts.items():
            english = (FOLDER / "en" / f"{occasion}.txt").read_text(encoding="utf-8")
            assert sorted(re.findall(r"{{ \w+ }}", text)) == sorted(re.findall(r"{{ \w+ }}", english)), occasion
            subject, empty, *_ = text.split("\n")
            assert (bool(subject), empty) == (True, ""), occasion
            assert language == "en" or subject != english.partition("\n")[0], occasion


def test_a_language_is_found_by_its_begin() -> None:
    """That of Austria is German; English stands for what is not written, and for a profile without one."""
    assert [language_for(each) for each in ("de", "de-AT", "DE", "fr", "", None)] == [
        "de",
        "de",
        "de",
        "en",
        "en",
        "en",
    ]


def test_a_time_is_that_of_the_reader() -> None:
    """In the language and the zone of the profile, which it names; in UTC where there is no such zone."""
    noon = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
    assert as_time(noon, "de", "Europe/Berlin") == "4. März 2026, 13:30 (Europe/Berlin)"
    assert re.fullmatch(r"March 4, 2026, 12:30\sPM \(UTC\)", as_time(noon, "en", "Nowhere/Such"))


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
