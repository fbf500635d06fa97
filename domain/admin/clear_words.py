"""
Reasons in streams of no person: there is no key that could be destroyed, so they stay in clear, for ever.

They may name no person (decisions/0251). That is for people to keep; what can be found out is refused.
"""

import re

from domain.errors import Rejected

ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]")


class ReasonNamesPerson(Rejected):
    """A reason that stays in clear has an e-mail address."""

    code = "reason_names_person"
    template = "this reason stays in clear for ever: write no e-mail address into it, and no name"


def check_clear(reason: str) -> str:
    """The reason itself; raises ReasonNamesPerson."""
    if ADDRESS.search(reason):
        raise ReasonNamesPerson
    return reason
