"""The words of the table: who asks, how the thing belongs to them, and what they must have proved."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from adapters import jwt

ANONYMOUS, LEARNER, INSTRUCTOR, ASSISTANT = "anonymous", "learner", "instructor", "assistant"
AUDITOR, ANALYST, ADMIN, SERVICE = "auditor", "analyst", "admin", "service"
ROLES = (ANONYMOUS, LEARNER, INSTRUCTOR, ASSISTANT, AUDITOR, ANALYST, ADMIN, SERVICE)
"""Every one who asks is a learner, too, but for a service, and but for a request that names no user."""


class Relation(StrEnum):
    """
    What the thing must be to the user: something about this very person, in a run or a course in which the user has
    the role, of a course that the user teaches by the role in it or in a run of it, or anything at all, for which the
    role has to hold on the whole campus. A role on the campus holds in each course and run, one in a course in each of
    its runs.
    """

    SELF = "self"
    OWN_RUN = "own run"
    OWN_COURSE = "own course"
    TAUGHT = "taught course"
    ANY = "any"


class Kind(StrEnum):
    """
    What a route does.

    `read` answers, and may record that it was asked. `stream` goes on answering, and may be opened by a ticket.
    `command` records facts; auditors send none, whatever other roles they have. `own` is what a person does with the
    own sign-in, which auditors have, too. `open` asks for no user: what it takes proves itself, or there is nothing to
    protect.
    """

    READ = "read"
    STREAM = "stream"
    COMMAND = "command"
    OWN = "own"
    OPEN = "open"


class Found(StrEnum):
    """
    Where the thing is found that a request is about: in the path; it is the user; or the route finds it and asks then.
    """

    PATH = "path"
    USER = "user"
    LATER = "later"


class Proof(StrEnum):
    """What a user must have proved beside who it is: a second factor, and that within the last minutes, once more."""

    FACTOR = jwt.FACTOR
    STEP_UP = jwt.STEP_UP


class Access(NamedTuple):
    """One cell: how the thing must belong to a user of the role, and what is left out of the answer."""

    relation: Relation
    redacts: tuple[str, ...] = ()


class Row(NamedTuple):
    """
    A route, and who may ask it.

    Attributes:
        action: the route's name, as in a generated client.
        access: by role.
        step_up: whether all but the person in question must have stepped up.
        reason: whether the request must say why.
        consent: the purpose to which the person in question must have consented, in the words of now, if another one
            asks; empty for none.
        impersonated: whether an admin who acts as a learner may ask it. If so, what is left out for any role is left
            out there, too.
    """

    action: str
    kind: Kind
    access: Mapping[str, Access]
    found: Found = Found.PATH
    step_up: bool = False
    reason: bool = False
    consent: str = ""
    impersonated: bool = False


STAFF = (INSTRUCTOR, ASSISTANT, AUDITOR, ANALYST, ADMIN)
NEEDS: Mapping[str, tuple[Proof, ...]] = dict.fromkeys(STAFF, (Proof.FACTOR,))
"""What each role must have proved, whatever it does; a service proves itself by its secret."""
