"""OneRoster 1.1 and 1.2 CSV packages (1EdTech): manifest.csv, users.csv, enrollments.csv and more in one ZIP file."""

from collections.abc import Iterator, Mapping, Sequence

from adapters.csv_lines import BadLine
from adapters.roster.entries import BadRoster, Entry, RosterFile, Skipped, leaves
from adapters.roster.package import files_of
from adapters.roster.tables import Line, table

VERSIONS = ("1.1", "1.2")
NEEDED = {
    "manifest.csv": ("propertyName", "value"),
    "users.csv": ("sourcedId", "email"),
    "enrollments.csv": ("sourcedId", "classSourcedId", "userSourcedId", "role"),
    "classes.csv": ("sourcedId", "classCode"),
}
"""The columns that are needed of each file that is read; the standard has more."""

Rows = Sequence[tuple[int, Mapping[str, str]]]


def read_package(content: bytes, run_id: str, class_id: str = "") -> RosterFile:
    """
    The learners of one class of a package.

    Args:
        run_id: the class is the one of this id or code, if there is one.
        class_id: the id or code of the class; empty for the only one, or that of the run.

    Raises:
        BadRoster: it is no such package, is damaged or made to do harm, or the class is not known.
    """
    files = files_of(content, NEEDED)
    version = _version(files)
    users = {row["sourcedId"]: row for _, row in _good(_rows(files, "users.csv"))}
    enrollments = _rows(files, "enrollments.csv")
    chosen = _class(files, enrollments, run_id, class_id)
    lines = [each if isinstance(each, BadLine) else _entry(*each, users) for each in _of_class(enrollments, chosen)]
    return RosterFile(f"oneroster-{version}", lines)


def _version(files: Mapping[str, bytes]) -> str:
    if "manifest.csv" not in files:
        raise BadRoster("the package has no manifest.csv at the top: it is no OneRoster package")
    said = {row["propertyName"]: row["value"] for _, row in _good(_rows(files, "manifest.csv"))}
    version = said.get("oneroster.version", "")
    if version not in VERSIONS:
        raise BadRoster(f"manifest.csv says oneroster.version {version[:20]!r}: read are {' and '.join(VERSIONS)}")
    absent = [name for name in ("users", "enrollments") if said.get(f"file.{name}", "absent") == "absent"]
    if absent:
        raise BadRoster(f"manifest.csv says that {absent[0]}.csv is absent, and there is no roster without it")
    return version


def _rows(files: Mapping[str, bytes], name: str) -> list[tuple[int, Mapping[str, str]] | BadLine]:
    if name not in files:
        raise BadRoster(f"the package has no {name}")
    found = table(files[name], name)
    missing = [column for column in NEEDED[name] if column not in found.head]
    if missing:
        raise BadRoster(f"{name} has no column {missing[0]}")
    return [each if isinstance(each, BadLine) else _row(each, found.head) for each in found.lines]


def _row(line: Line, head: Sequence[str]) -> tuple[int, Mapping[str, str]]:
    return line.number, dict(zip(head, line.cells, strict=True))


def _good(rows: Sequence[tuple[int, Mapping[str, str]] | BadLine]) -> Rows:
    return [each for each in rows if not isinstance(each, BadLine)]


def _class(
    files: Mapping[str, bytes],
    enrollments: Sequence[tuple[int, Mapping[str, str]] | BadLine],
    run_id: str,
    class_id: str,
) -> str:
    """The sourcedId of the class whose learners are meant."""
    classes = dict.fromkeys(row["classSourcedId"] for _, row in _good(enrollments))
    by_code = dict.fromkeys(classes, "")
    if "classes.csv" in files:
        by_code |= {row["sourcedId"]: row["classCode"] for _, row in _good(_rows(files, "classes.csv"))}
    wanted = class_id or run_id
    found = [sourced for sourced, code in by_code.items() if wanted in (sourced, code)]
    if len(found) == 1:
        return found[0]
    if class_id or len(classes) != 1:
        some = ", ".join([*classes][:10]) or "none"
        raise BadRoster(
            f"the package has {len(classes)} classes ({some}), and not one that is {wanted}: name one of them"
        )
    return next(iter(classes))


def _of_class(
    enrollments: Sequence[tuple[int, Mapping[str, str]] | BadLine], chosen: str
) -> Iterator[tuple[int, Mapping[str, str]] | BadLine]:
    for each in enrollments:
        if isinstance(each, BadLine) or each[1]["classSourcedId"] == chosen:
            yield each


def _entry(
    line: int, enrollment: Mapping[str, str], users: Mapping[str, Mapping[str, str]]
) -> Entry | BadLine | Skipped:
    if enrollment["role"] != "student":
        return Skipped(line, "only students are enrolled: staff have roles")
    user = users.get(enrollment["userSourcedId"])
    if user is None:
        return BadLine(line=line, field="userSourcedId", problem="is not in users.csv")
    gone = [leaves(each.get("status", "")) for each in (enrollment, user)]
    if None in gone:
        return BadLine(line=line, field="status", problem="is neither active nor tobedeleted")
    disabled = user.get("enabledUser", "").casefold() == "false"
    parts = (user.get("givenName", ""), user.get("familyName", ""))
    name = " ".join(part for part in parts if part)
    return Entry(line, "", enrollment["userSourcedId"], user["email"], name, any(gone) or disabled)
