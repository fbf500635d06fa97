"""
What can be wrong with a command, as sentences about the world.

    DomainError
    ├── NotFound     the thing that was named does not exist
    ├── Conflict     the thing is in a state that does not allow this
    ├── Forbidden    this person may not do this
    └── Rejected     the command itself makes no sense

Every error carries a stable `code`, a sentence, and its facts as attributes. How they look over HTTP is not
their business: see api/http/errors.py.
"""

from typing import Any


class DomainError(Exception):
    """Base of everything that a rule can refuse."""

    code = "error"

    def __init__(self, sentence: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.facts = facts


class NotFound(DomainError):
    """The thing that was named does not exist."""

    code = "not_found"


class Conflict(DomainError):
    """The thing is in a state that does not allow this."""

    code = "conflict"


class Forbidden(DomainError):
    """This person may not do this."""

    code = "forbidden"


class Rejected(DomainError):
    """The command itself makes no sense."""

    code = "rejected"


class BadIdentifier(Rejected):
    """An id has characters that an id may not have."""

    code = "bad_identifier"

    def __init__(self, value: str) -> None:
        super().__init__(
            f"{value[:80]!r} is not an id: 1 to 64 letters, digits, dots, dashes and underscores", value=value[:80]
        )
