"""What the door refuses: a problem with its status, and the headers of its answer."""

from typing import ClassVar


class Refused(Exception):
    """The door does not let the request in; the message is the sentence of the problem."""

    status: ClassVar[int]
    code: ClassVar[str]
    headers: dict[str, str] | None = None
