"""
What mail servers report of a mail after they have taken it: that it came back (RFC 3464), or that its reader has
complained of it (RFC 5965).

A report is a mail of others: it is read for the few fields that count, and what it says beside them is kept nowhere.
"""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from typing import NamedTuple

from adapters.mail.return_address import returned_to
from domain.notification import Failure

LARGEST = 10_485_760  # bytes
OF_THE_MAILBOX = re.compile(r"5\.(1\.\d{1,3}|2\.[01]|4\.4)")
"""Statuses (RFC 3463) by which there is no such mailbox; a full one, and what is said of the mail, pass."""
COMPLAINTS = frozenset(("abuse", "fraud", "virus", "other"))
WHERE = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "Return-Path", "Original-Mail-From")


class Report(NamedTuple):
    """
    What a report says.

    Attributes:
        failure: None for what passes: a delay, a mailbox that is full, a reader who says that it is no spam.
        status: of RFC 3463, or the type of the complaint.
        position: of the fact from which the mail followed; with its signature.
    """

    failure: Failure | None
    status: str
    position: int
    signature: str


class NoReport(Exception):
    """A mail is no report about a mail of a campus; the message says why."""


def report_of(content: bytes) -> Report:
    """What a mail reports; raises NoReport for one that reports nothing about a mail of a campus."""
    if len(content) > LARGEST:
        raise NoReport("it is too large")
    mail = message_from_bytes(content, policy=policy.compat32)
    about = next((found for text in _addresses(mail) if (found := returned_to(text)) is not None), None)
    if about is None:
        raise NoReport("it names no return address of a campus")
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status":
            return Report(*_delivery(part), *about)
        if part.get_content_type() == "message/feedback-report":
            return Report(*_feedback(part), *about)
    raise NoReport("it has neither a delivery status nor a feedback report")


def _addresses(mail: Message) -> Iterator[str]:
    """Where the return address may stand: in the head, in the report, or in the head of the mail that is sent back."""
    for part in mail.walk():
        for name in WHERE:
            yield from (str(value) for value in part.get_all(name, ()))
        if part.get_content_type() in ("message/feedback-report", "text/rfc822-headers"):
            yield _text(part)


def _delivery(part: Message) -> tuple[Failure | None, str]:
    """Of the recipients of the mail, of whom there is one."""
    failed = [each for each in _blocks(part) if _field(each, "Action").lower() == "failed"]
    status = next(
        (found[0] for each in failed if (found := re.match(r"[245]\.\d{1,3}\.\d{1,3}", _field(each, "Status")))), ""
    )
    return (Failure.BOUNCED if OF_THE_MAILBOX.fullmatch(status) else None), status


def _feedback(part: Message) -> tuple[Failure | None, str]:
    (kind, *_) = [
        *(_field(each, "Feedback-Type").lower() for each in _blocks(part) if "Feedback-Type" in each), ""
    ]  # fmt: skip
    return (Failure.COMPLAINED, kind) if kind in COMPLAINTS else (None, kind if kind == "not-spam" else "unknown")


def _field(part: Message, name: str) -> str:
    """A field; one with bytes that are no ASCII is a `Header` to the parser."""
    return str(part.get(name, "")).strip()


def _blocks(part: Message) -> list[Message]:
    """The groups of fields of a report, however the parser has left them."""
    payload = part.get_payload()
    if isinstance(payload, list):
        found = [each for each in payload if isinstance(each, Message) and each.keys()]
        if found:
            return found
    return [
        message_from_bytes(block.encode("utf-8", "replace"))
        for block in re.split(r"\r?\n\r?\n", _text(part))
        if block.strip()
    ]


def _text(part: Message) -> str:
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n\n".join(str(each) for each in payload)
    decoded = part.get_payload(decode=True)
    return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)
