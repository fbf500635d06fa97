"""The table to read: as data, as rows of text, and as docs/security/policy.md."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from adapters.postgres.analytics.views import HIDDEN_FIELDS
from api.http.policy.rows import GROUPS, ROWS
from api.http.policy.words import ANONYMOUS, NEEDS, ROLES, Found, Kind, Relation, Row
from domain.words import closed

HEAD = """# Who may do what

This page is generated from the table that every route asks (`api/http/policy/rows`): `campus policy --markdown`
prints it, a test keeps it up to date. [decisions/0226](../decisions/0226-one-table-says-who-may.md) says why it is
so.

A cell says about which things a role may ask the route: **self**, what belongs to this very person; **own run**,
things in a run in which the user has the role, by a grant for the run, its course or the campus; **own course**, the
same for a course; **taught course**, what is of a course in which, or in a run of which, the user has the role, and to
read, what is shared with one; **any**, for which the role has to hold on the whole campus. An empty cell is a
refusal, and so is what has no row. `without` names what is left out of an answer; of an account, until a break-glass
request opens it.

Every user is a learner, too, but for services. An auditor is an auditor and a learner, whatever other roles the
person has, and sends no commands. Kinds: **read** answers; **stream** goes on answering; **command** records facts;
**own** is the user's own sign-in; **open** needs no user. {needs} need a second factor for all that they do as such;
where the table says *step-up*, that factor was shown within the last minutes; where it says *reason*, the request
says why; where it says *consent*, the person whom it is about has consented to that purpose, or it is refused to all
others. *As a learner* says that an admin may ask it who acts as a learner; such a one has no other role, and what is
left out for any role is left out then, too.

What instructors or assistants command about a learner, and the learner may not command, they may not ask about
themselves (`own_matter`): on a run on which they learn as well, others decide
([decisions/0345](../decisions/0345-no-one-decides-in-their-own-matter.md)).
"""


FIELDS = """
## Fields by role

All fields that a role does not get from a route which it may ask; each other role of the route gets them. Beside these:
analysts get no `{hidden}` of any fact ([analytics.md](../analytics.md)),
words about a person and what a person says are sealed ([privacy.md](../privacy.md)), and a command takes the fields of
its description and no other, whatever the role (422).

| route | field | left out for |
| --- | --- | --- |
"""


class PolicyAccess(msgspec.Struct, kw_only=True):
    """About which things a role may ask, and what is left out of the answer."""

    role: Annotated[str, closed(ROLES)]
    relation: Annotated[str, closed(Relation)]
    redacts: list[str]


class PolicyRow(msgspec.Struct, kw_only=True):
    """
    One route, by its name in a generated client, and who may ask it; all others are refused.

    Attributes:
        found: where the thing is found that a request is about: in its path, it is the user, or the route finds it.
        step_up: whether a second factor must have been shown within the last minutes.
        reason: whether the request must say why.
        consent: the purpose to which the person in question must have consented; empty for none.
        impersonated: whether an admin may ask it who acts as a learner.
    """

    action: str
    group: str
    kind: Annotated[str, closed(Kind)]
    found: Annotated[str, closed(Found)]
    access: list[PolicyAccess]
    step_up: bool
    reason: bool
    consent: str
    impersonated: bool


class PolicyTable(msgspec.Struct, kw_only=True):
    """Who may do what; `second_factor` are the roles that need one for all that they do."""

    second_factor: list[str]
    rows: list[PolicyRow]


def table() -> PolicyTable:
    """The whole table as data."""
    return PolicyTable(
        second_factor=list(NEEDS), rows=[shown(row, group) for group, rows in GROUPS.items() for row in rows]
    )


def shown(row: Row, group: str) -> PolicyRow:
    """One row as data."""
    access = [
        PolicyAccess(role=role, relation=row.access[role].relation.value, redacts=list(row.access[role].redacts))
        for role in ROLES
        if role in row.access
    ]
    return PolicyRow(
        action=row.action,
        group=group,
        kind=row.kind.value,
        found=row.found.value,
        access=access,
        step_up=row.step_up,
        reason=row.reason,
        consent=row.consent,
        impersonated=row.impersonated,
    )


def columns() -> tuple[str, ...]:
    """The heads of the columns of `lines`."""
    return ("route", "kind", *ROLES[1:], "also")


def lines(rows: Iterable[Row]) -> Iterator[tuple[str, ...]]:
    """A line of text for each row; what is open to all has `any` in each cell."""
    for row in rows:
        marks = (
            ("step-up", row.step_up),
            ("reason", row.reason),
            (f"consent {row.consent}", row.consent),
            ("as a learner", row.impersonated),
        )
        also = ", ".join(word for word, is_so in marks if is_so)
        yield (row.action, row.kind.value, *(_cell(row, role) for role in ROLES[1:]), also)


def markdown() -> str:
    """The page."""
    *most, last = NEEDS
    parts = [HEAD.format(needs=f"{', '.join(f'{role}s' for role in most)} and {last}s".capitalize())]
    for group, rows in GROUPS.items():
        parts.append(f"\n## {group}\n\n{_line(columns())}\n{_line(['---'] * len(columns()))}\n")
        parts += [f"{_line((f'`{line[0]}`', *line[1:]))}\n" for line in lines(rows)]
    parts.append(FIELDS.format(hidden="`, `".join(HIDDEN_FIELDS)))
    for row in ROWS:
        for field in dict.fromkeys(field for access in row.access.values() for field in access.redacts):
            roles = ", ".join(role for role in ROLES if role in row.access and field in row.access[role].redacts)
            parts.append(f"{_line((f'`{row.action}`', f'`{field}`', roles))}\n")
    return "".join(parts)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(row: Row, role: str) -> str:
    if ANONYMOUS in row.access:
        return Relation.ANY.value
    access = row.access.get(role)
    if access is None:
        return ""
    return access.relation.value + "".join(f", without `{field}`" for field in access.redacts)
