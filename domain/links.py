"""What the contexts whose mails have links say of one that leads nowhere."""

from domain.errors import Forbidden


class LinkRefused(Forbidden):
    """A link of a mail was not made here, is too old, or was used."""

    code = "link_refused"
    template = "the link is not valid, is too old, or was used: ask for another one"
