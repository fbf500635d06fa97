"""Plain lists: one table whose columns are found by what people call them, in any order."""

import re
from collections.abc import Mapping, Sequence

from adapters.csv_lines import BadLine
from adapters.roster.entries import BadRoster, Entry, RosterFile, Skipped, leaves
from adapters.roster.tables import Line, table

SYNONYMS: Mapping[str, frozenset[str]] = {
    "learner_id": frozenset(("learnerid", "learner", "campusid")),
    "source_id": frozenset(
        (
            *("sourcedid", "sourceid", "usersourcedid", "id", "externalid", "sisid", "sisuserid", "userid", "username"),
            *("login", "loginid", "studentid", "studentnumber", "studentno", "matriculationnumber", "idnumber"),
            *("matrikelnummer", "matrikelnr", "personalnummer", "numeroetudiant"),
        )
    ),
    "email": frozenset(
        ("email", "emailaddress", "mail", "mailaddress", "emailadresse", "mailadresse", "courriel", "correo")
    ),
    "display_name": frozenset(("displayname", "name", "fullname", "studentname", "person")),
    "given_name": frozenset(("givenname", "firstname", "forename", "vorname", "prenom", "nombre")),
    "family_name": frozenset(("familyname", "lastname", "surname", "nachname", "nom", "apellido", "apellidos")),
    "status": frozenset(("status", "state", "action", "enrollmentstatus", "enrolmentstatus", "aktion")),
    "role": frozenset(("role", "rolle", "enrollmentrole")),
}
"""What a column means, by its name in small letters and without signs between."""

NAMED_BY = ("learner_id", "source_id", "email")
STUDENTS = frozenset(("", "student", "learner", "studierende", "teilnehmer"))


def read_list(content: bytes, name: str) -> RosterFile:
    """
    A list of people, each on a line.

    Raises:
        BadRoster: no column says who a person is, or two say the same.
    """
    found = table(content, name)
    columns = _columns(found.head, name)
    ignored = [head for index, head in enumerate(found.head) if index not in columns.values()]
    lines = [each if isinstance(each, BadLine) else _entry(each, columns) for each in found.lines]
    return RosterFile("csv", lines, ignored)


def _columns(head: Sequence[str], name: str) -> dict[str, int]:
    columns: dict[str, int] = {}
    for index, written in enumerate(head):
        word = re.sub(r"[\W_]", "", written.casefold().replace("é", "e"))
        for meaning, words in SYNONYMS.items():
            if word not in words:
                continue
            if meaning in columns:
                raise BadRoster(f"{name}: columns {columns[meaning] + 1} and {index + 1} both are the {meaning}")
            columns[meaning] = index
    if not any(meaning in columns for meaning in NAMED_BY):
        raise BadRoster(f"{name}: the first line has to name columns, one of them email, source_id or learner_id")
    return columns


def _entry(line: Line, columns: Mapping[str, int]) -> Entry | BadLine | Skipped:
    said = {meaning: line.cells[index] for meaning, index in columns.items()}
    if said.get("role", "").casefold() not in STUDENTS:
        return Skipped(line.number, "only learners are enrolled: staff have roles")
    gone = leaves(said.get("status", ""))
    if gone is None:
        return BadLine(line=line.number, field="status", problem="is no word that says who enters or leaves")
    if not any(said.get(meaning) for meaning in NAMED_BY):
        return BadLine(line=line.number, field="", problem="says of no person who it is")
    whole = " ".join(part for part in (said.get("given_name", ""), said.get("family_name", "")) if part)
    name = said.get("display_name") or whole
    ids = said.get("learner_id", ""), said.get("source_id", ""), said.get("email", "")
    return Entry(line.number, *ids, name, gone)
