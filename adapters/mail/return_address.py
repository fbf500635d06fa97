"""
Where a mail comes back to: an address for each mail, signed, that says which it was (VERP).

It is `bounces+POSITION.SIGNATURE@…`: the position of the fact from which the mail followed, and an HMAC over that fact
and over the version of the account since which the person has the address. So a report says no more than that the
campus has sent this mail; one that is made up, of another log, or about an address of before leads nowhere.
"""

import base64
import hashlib
import hmac
import re

from domain.fact import Fact

SIGNATURE_SIZE = 10  # bytes
_TOKEN = re.compile(r"\+(?P<position>[0-9]{1,19})\.(?P<signature>[a-z2-7]{16})@", re.IGNORECASE)


def return_address(bounces: str, fact: Fact, address_version: int, secret: str) -> str | None:
    """The address to which the mail of a fact comes back; None for that of the sender, where *bounces* is empty."""
    if not bounces:
        return None
    local, _, domain = bounces.partition("@")
    return f"{local}+{fact.position}.{signature(fact, address_version, secret)}@{domain}"


def signature(fact: Fact, address_version: int, secret: str) -> str:
    """What only this campus can write of the mail of a fact to an address that a person has since a version."""
    said = f"campuslog-bounce:{fact.position}:{fact.meta.event_id}:{address_version}"
    digest = hmac.new(secret.encode(), said.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:SIGNATURE_SIZE]).decode().lower()


def returned_to(text: str) -> tuple[int, str] | None:
    """The position and the signature in a text with such an address; None if it has none."""
    found = _TOKEN.search(text)
    return None if found is None else (int(found["position"]), found["signature"].lower())
