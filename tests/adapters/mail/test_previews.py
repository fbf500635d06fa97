"""Every mail in every language, as it arrives: valid HTML with styles within the elements, and a text that says it."""

from email.message import EmailMessage
from html.parser import HTMLParser

import html5lib
import pytest

from adapters.mail.inbox import Inbox
from adapters.mail.messages import with_head
from adapters.mail.notifications import with_letter
from adapters.mail.previews import NAMES, languages, preview
from adapters.mail.smtp import Post
from adapters.settings import Settings
from domain.notification import TEMPLATES

CAMPUS = "https://campus.test"
ALL = [(name, language) for name in NAMES for language in languages()]


class Read(HTMLParser):
    """
    What a mail program reads.

    Attributes:
        said: its words.
        names: of its elements.
        attributes: of all of them.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.names.add(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.said += data.split()


def mail_of(name: str, language: str) -> EmailMessage:
    """A mail with sample data."""
    written = preview(name, language, CAMPUS)
    return with_letter(
        with_head("Campus <no-reply@campus.test>", "ann@example.org", written.subject, name, language), written, None
    )


@pytest.mark.parametrize(("name", "language"), ALL)
def test_a_mail_is_valid_and_says_the_same_as_text(name: str, language: str) -> None:
    """As strictly as the specification reads it; nothing in it acts, loads or tells that it was opened."""
    written = preview(name, language, CAMPUS)
    html5lib.HTMLParser(strict=True).parse(written.html)
    read = Read(written.html)
    assert read.names <= {"html", "head", "meta", "title", "body", "main", "div", "h1", "p", "a", "ul", "li"}
    assert [value for key, value in read.attributes if key in ("src", "background", "srcset")] == []
    assert all(str(value).startswith(CAMPUS) for key, value in read.attributes if key == "href")
    assert any(key == "style" for key, _ in read.attributes)
    assert "url(" not in written.html
    for line in written.text.splitlines():
        words = line.removeprefix("- ").removesuffix(":").split()
        is_link = len(words) == 1 and words[0].startswith(CAMPUS)
        assert is_link or words == ["--"] or " ".join(words) in " ".join(read.said).replace(" :", ":"), line


async def test_every_mail_arrives(settings: Settings) -> None:
    """By SMTP, in the development inbox, with its umlauts, both as text and as HTML."""
    inbox = Inbox()
    async with inbox.listening(0) as port:
        post = Post(settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{port}"}))
        for name, language in ALL:
            await post.send(mail_of(name, language), "bounces+1.abcdefghij234567@campus.test")
    arrived = {(mail.subject, mail.text, mail.html) for mail in inbox.mails}
    assert len(arrived) == len(ALL) == (len(TEMPLATES) + 1) * len(languages())
    assert {mail.sender for mail in inbox.mails} == {"bounces+1.abcdefghij234567@campus.test"}
    for name, language in ALL:
        written = preview(name, language, CAMPUS)
        (found,) = [each for each in arrived if each[0] == written.subject]
        assert (found[1].replace("\r\n", "\n"), found[2].replace("\r\n", "\n").rstrip("\n")) == (
            written.text, written.html.rstrip("\n"),
        )  # fmt: skip
