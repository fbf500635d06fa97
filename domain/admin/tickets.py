"""Tickets: where a matter is dealt with, outside of the campus; a reference and never a text."""

import re

from domain.errors import Rejected

TICKET_PATTERN = re.compile(r"[A-Z][A-Z0-9_]{0,19}-[0-9]{1,10}\Z")


class BadTicket(Rejected):
    """What was given as a ticket is none."""

    code = "bad_ticket"
    template = "a ticket is a reference such as HELP-123: capitals, a dash and a number"


class TicketNeeded(Rejected):
    """The campus has its admins name a ticket for all that they do."""

    code = "ticket_needed"
    template = "what an admin does here needs a ticket: send the header Campus-Ticket, such as HELP-123"


class ReasonNeeded(Rejected):
    """The campus has its admins say why for all that they do."""

    code = "reason_of_admin_needed"
    template = "what an admin does here needs a reason: send the header Campus-Reason"


def check_ticket(ticket: str) -> str:
    """The ticket itself; raises BadTicket for what is none, such as a text that could name a person."""
    if TICKET_PATTERN.match(ticket) is None:
        raise BadTicket
    return ticket
