"""
What can be wrong with a command, as sentences about the world.

    DomainError
    ├── NotFound     the thing that was named does not exist
    ├── Conflict     the thing is in a state that does not allow this
    ├── Forbidden    the user may not do this
    └── Rejected     the command itself makes no sense

Every error carries a stable `code`, a sentence, and its facts. How they look over HTTP is not their business: see
api/http/errors.py.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """
    Base of everything that a rule can refuse.

    Attributes:
        template: the sentence, with the names of its facts in braces. An error that has one takes its facts by name:
            `CourseFull(run_id=run_id, capacity=30)`. An error without one takes its sentence first.
        lifted_by: the stream whose next fact may lift the refusal, with the names of the facts in braces; empty if the
            same command would be refused for ever. A reaction that is refused is tried again when it has come.
        sentence: what is wrong, for people.
        facts: what the sentence is about, by name, for programs.
    """

    code: ClassVar[str] = "error"
    template: ClassVar[str] = ""
    lifted_by: ClassVar[str] = ""

    def __init__(self, sentence: str = "", /, **facts: Any) -> None:
        if bool(sentence) == bool(self.template):
            raise TypeError(f"{type(self).__name__} takes {'its facts by name' if sentence else 'a sentence'}")
        self.sentence = sentence or self.template.format(**facts)
        self.facts = facts
        super().__init__(self.sentence)

    @property
    def can_pass(self) -> bool:
        """Whether the same command may be accepted later."""
        return bool(self.lifted_by)

    @property
    def waits_for(self) -> str | None:
        """The stream whose next fact may lift the refusal."""
        return self.lifted_by.format(**self.facts) or None


class NotFound(DomainError):
    """The thing that was named does not exist."""

    code = "not_found"


class Conflict(DomainError):
    """The thing is in a state that does not allow this."""

    code = "conflict"


class Forbidden(DomainError):
    """The user may not do this."""

    code = "forbidden"


class OwnMatter(Forbidden):
    """What staff decide about learners, they do not decide about themselves where they learn."""

    code = "own_matter"
    template = "this is about {learner_id}, who has asked for it: others of the staff decide it"


class Rejected(DomainError):
    """The command itself makes no sense."""

    code = "rejected"


class BadIdentifier(Rejected):
    """An id has characters that an id may not have."""

    code = "bad_identifier"
    template = "{value!r} is not an id: 1 to 64 letters, digits, dots, dashes and underscores"

    def __init__(self, value: str) -> None:
        super().__init__(value=value[:80])
