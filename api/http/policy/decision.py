"""
The table as dicts, and what it says of a user and a thing.

Denied by default: an action without a row, and a role without a cell. A decision looks up the action, and then a cell
for each role of the user; the widest one that holds counts. An auditor is an auditor and a learner, and nothing else.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

from api.http.policy.rows import ROWS
from api.http.policy.words import (
    ANONYMOUS,
    ASSISTANT,
    AUDITOR,
    INSTRUCTOR,
    LEARNER,
    NEEDS,
    SERVICE,
    Found,
    Kind,
    Proof,
    Relation,
    Row,
)

AT = "@"
"""Stands in a role between its name and its scope: `instructor@run:algebra-2026`; a role without holds everywhere."""

TEACHERS = frozenset((INSTRUCTOR, ASSISTANT))
"""Roles whose holders decide what becomes of learners."""

CACHED = 4_096  # combinations of roles
DECISIONS = 65_536  # that are remembered


class Principal(Protocol):
    """
    Who asks.

    Attributes:
        roles: each by its name, for the campus, or with `@` and a scope.
        proofs: what was proved beside who it is (`Proof`).
        actor: the admin who acts as the user, if one does.
    """

    @property
    def subject(self) -> str: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def proofs(self) -> tuple[str, ...]: ...
    @property
    def actor(self) -> str | None: ...


class Thing(NamedTuple):
    """
    What a request is about, as far as that is known: whose it is, and where it is.

    Attributes:
        consents: the purposes to which that person has consented, where the action asks for one.
        taught: the scopes of roles that teach a course to which it belongs, where a role in a run of it does:
            `course:algebra`, and those of the user's own runs that are of it.
    """

    learner_id: str | None = None
    run_id: str | None = None
    course_id: str | None = None
    consents: tuple[str, ...] = ()
    taught: tuple[str, ...] = ()


class Allowed(NamedTuple):
    """The user may; *redacts* is what is left out of the answer."""

    redacts: frozenset[str]


class Refused(IntEnum):
    """Why not: the reason that is the nearest to a permission, of all cells, is the one that is said."""

    NO_ROW = 0
    NO_ROLE = 1
    ONLY_READS = 2
    NOT_THIS = 3
    NO_FACTOR = 4
    NO_STEP_UP = 5
    NO_CONSENT = 6
    IMPERSONATED = 7
    OWN_MATTER = 8


class Cell(NamedTuple):
    """A cell of the table, compiled."""

    relation: Relation
    needs: tuple[str, ...]
    allowed: Allowed


class Rules(NamedTuple):
    """
    A row of the table, compiled.

    Attributes:
        is_about_others: a command by which teachers decide about learners; about themselves they may not.
        is_of_taught: whether a role in a run counts for what is of its course.
    """

    row: Row
    is_open: bool
    is_command: bool
    is_about_others: bool
    is_of_taught: bool
    cells: Mapping[str, Cell]
    to_impersonators: Allowed


class Held(NamedTuple):
    """A role of a user, and the run or the course in which it holds; neither for the whole campus."""

    role: str
    run_id: str | None = None
    course_id: str | None = None

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds on the whole campus."""
        return self.run_id is None and self.course_id is None

    @property
    def scope(self) -> str:
        """Where it holds, as a role is granted: `run:algebra-2026`; empty if that is no run and no course."""
        return f"run:{self.run_id}" if self.run_id else f"course:{self.course_id}" if self.course_id else ""


def compiled(rows: Sequence[Row]) -> dict[str, Rules]:
    """The rows by action, with what each cell needs; raises ValueError for two rows of one action."""
    rules: dict[str, Rules] = {}
    for row in rows:
        if row.action in rules:
            raise ValueError(f"the policy has two rows for {row.action}")
        cells = {role: _cell(row, role) for role in row.access}
        left_out = Allowed(frozenset().union(*(access.redacts for access in row.access.values())))
        taught = any(access.relation is Relation.TAUGHT for access in row.access.values())
        kinds = ANONYMOUS in row.access, row.kind is Kind.COMMAND, is_about_others(row), taught
        rules[row.action] = Rules(row, *kinds, cells, left_out)
    return rules


def is_about_others(row: Row) -> bool:
    """
    Whether no one may ask this about themselves (decisions/0345): commands of teachers that learners have no cell for.

    What only admins may, they may about themselves as well, such as a role that they give up.
    """
    return row.kind is Kind.COMMAND and LEARNER not in row.access and not TEACHERS.isdisjoint(row.access)


def _cell(row: Row, role: str) -> Cell:
    access = row.access[role]
    needs = [proof.value for proof in NEEDS.get(role, ())]
    if row.step_up and access.relation is not Relation.SELF:
        needs.append(Proof.STEP_UP.value)
    return Cell(access.relation, tuple(needs), Allowed(frozenset(access.redacts)))


RULES = compiled(ROWS)
WHOLE = Allowed(frozenset())


@lru_cache(CACHED)
def held(roles: tuple[str, ...]) -> tuple[Held, ...]:
    """The roles of a user, with that of a learner, which everyone has but a service."""
    if AUDITOR in roles:
        return (Held(AUDITOR), Held(LEARNER))
    if SERVICE in roles:
        return (Held(SERVICE),)
    return (*(_held(role) for role in roles if role != LEARNER), Held(LEARNER))


def _held(role: str) -> Held:
    name, at, scope = role.partition(AT)
    kind, _, place = scope.partition(":")
    if not at:
        return Held(name)
    return Held(name, run_id=place if kind == "run" else "", course_id=place if kind == "course" else None)


def decide(action: str, user: Principal | None, thing: Thing) -> Allowed | Refused:
    """What the table says; *user* is None for a request that names none."""
    if user is None:
        rules = RULES.get(action)
        return Refused.NO_ROW if rules is None else WHOLE if rules.is_open else Refused.NO_ROLE
    is_own = thing.learner_id == user.subject
    verdict = _decided(
        action, user.roles, user.proofs, thing.run_id, thing.course_id, taught=thing.taught, is_own=is_own
    )
    if isinstance(verdict, Allowed) and not is_own and lacks_consent(action, thing):
        return Refused.NO_CONSENT
    if isinstance(verdict, Allowed) and is_own and RULES[action].is_about_others:
        return Refused.OWN_MATTER
    return verdict if user.actor is None else _as_another(action, verdict)


def lacks_consent(action: str, thing: Thing) -> bool:
    """Whether an action rests on a consent that the person in question has not given."""
    purpose = RULES[action].row.consent
    return bool(purpose) and purpose not in thing.consents


def _as_another(action: str, verdict: Allowed | Refused) -> Allowed | Refused:
    """What an admin may who acts as a user: of what the user may, that which the table has for it."""
    if not isinstance(verdict, Allowed) or RULES[action].is_open:
        return verdict
    return RULES[action].to_impersonators if RULES[action].row.impersonated else Refused.IMPERSONATED


@lru_cache(DECISIONS)
def _decided(
    action: str,
    roles: tuple[str, ...],
    proofs: tuple[str, ...],
    run_id: str | None,
    course_id: str | None,
    *,
    taught: tuple[str, ...],
    is_own: bool,
) -> Allowed | Refused:
    """The same of all that it depends on; the table does not change while a process runs."""
    rules = RULES.get(action)
    if rules is None:
        return Refused.NO_ROW
    if rules.is_open:
        return WHOLE
    found = held(roles)
    if rules.is_command and found[0].role == AUDITOR:
        return Refused.ONLY_READS
    partly: Allowed | None = None
    refused = Refused.NO_ROLE
    for each in found:
        cell = rules.cells.get(each.role)
        if cell is None:
            continue
        if not (is_own if cell.relation is Relation.SELF else _holds(cell.relation, each, run_id, course_id, taught)):
            refused = max(refused, Refused.NOT_THIS)
        elif missing := [need for need in cell.needs if need not in proofs]:
            refused = max(refused, Refused.NO_FACTOR if Proof.FACTOR in missing else Refused.NO_STEP_UP)
        elif not cell.allowed.redacts:
            return cell.allowed
        else:
            partly = cell.allowed
    return partly or refused


def role_for(action: str, user: Principal, thing: Thing) -> str | None:
    """The role, of those that a user holds, by which it may ask this; None for a thing of its own, and a learner."""
    if thing.learner_id == user.subject:
        return None
    for role in (AUDITOR,) if AUDITOR in user.roles else user.roles:
        only = (role,)
        verdict = _decided(action, only, user.proofs, thing.run_id, thing.course_id, taught=thing.taught, is_own=False)
        if role != LEARNER and isinstance(verdict, Allowed):
            return role
    return None


def may_ever(action: str, user: Principal) -> bool:
    """Whether there is a thing about which a user may ask this, whatever it must have proved for it."""
    rules = RULES.get(action)
    return rules is not None and any(each.role in rules.cells for each in held(user.roles))


def is_later(action: str) -> bool:
    """Whether the route itself finds what it is about."""
    return RULES[action].row.found is Found.LATER


def _holds(relation: Relation, role: Held, run_id: str | None, course_id: str | None, taught: tuple[str, ...]) -> bool:
    if role.is_everywhere:
        return True
    if relation is Relation.TAUGHT:
        return role.scope in taught
    is_of_course = course_id is not None and role.course_id == course_id
    if relation is Relation.OWN_RUN:
        return run_id is not None and (is_of_course or role.run_id == run_id)
    return relation is Relation.OWN_COURSE and is_of_course
