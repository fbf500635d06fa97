"""What the contexts whose mails have links say of one that leads nowhere."""

from typing import Literal

from domain.errors import Forbidden

Why = Literal["unknown", "expired", "used", "account"]


class LinkRefused(Forbidden):
    """
    A link of a mail was not made here, is too old, or was used.

    Args:
        why: `unknown`: it was not made here for this; `expired`; `used`: it was used, or another one took its place;
            `account`: the account to which it leads is not in use.
    """

    code = "link_refused"
    template = "the link is not valid, is too old, or was used: ask for another one"

    def __init__(self, why: Why = "used") -> None:
        super().__init__(why=why)
