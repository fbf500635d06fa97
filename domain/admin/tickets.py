"""Tickets: where a matter is dealt with, outside of the campus; a reference and never a text."""

import re

from domain.errors import Rejected

TICKET_PATTERN = re.compile(r"[A-Z][A-Z0-9_]{0,19}-[0-9]{1,10}\Z")


class BadTicket(Rejected):
    """What was given as a ticket is none."""

    code = "bad_ticket"
    template = "a ticket is a reference such as HELP-123: capitals, a dash and a number"


def check_ticket(ticket: str) -> str:
    """The ticket itself; raises BadTicket for what is none, such as a text that could name a person."""
    if TICKET_PATTERN.match(ticket) is None:
        raise BadTicket
    return ticket
