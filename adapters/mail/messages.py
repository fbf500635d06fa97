"""
What is written to people: a template in text and one in HTML for each occasion, in adapters/mail/templates.

Nothing that another person has typed stands in a mail: who registers a foreign address sends its owner no words.
"""

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

SUBJECTS = {
    "registration": "Complete your registration",
    "invitation": "You are invited",
    "run_invitation": "You are invited to a course",
    "registered_before": "You have an account already",
    "reset": "Choose another password",
    "password_changed": "Your password was changed",
    "new_address": "Confirm your address",
    "notification_address": "Confirm the address for notifications",
    "address_taken": "This address has an account already",
    "factor_added": "Your account has another second factor",
    "factor_removed": "A second factor of your account was removed",
    "connected": "Your account is connected with another sign-in",
    "disconnected": "A connected sign-in of your account was removed",
    "webhook_disabled": "A webhook of your campus was disabled",
    "impersonated": "The staff act in your name for a while",
    "old_address": "The address of your account was changed",
}
"""By occasion, which is the name of its templates."""


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("adapters.mail"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def message(occasion: str, *, sender: str, recipient: str, key: str, values: dict[str, Any]) -> EmailMessage:
    """
    The mail for an occasion.

    Args:
        sender: a name and an address, or an address.
        key: of the job; two mails of one job have the same `Message-ID`, so that a second one can be dropped.
        values: what the templates need.
    """
    found = EmailMessage()
    name, address = parseaddr(sender)
    found["From"] = Address(name, addr_spec=address)
    found["To"] = Address(addr_spec=recipient)
    found["Subject"] = SUBJECTS[occasion]
    found["Date"] = formatdate(localtime=False)
    found["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{address.partition('@')[2]}>"
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(_templates().get_template(f"{occasion}.txt").render(values))
    found.add_alternative(_templates().get_template(f"{occasion}.html").render(values), subtype="html")
    return found
