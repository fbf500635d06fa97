"""Does the code on disk differ from the code that built a generation? By its version and by its digest."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cli.projections.options import typed

if TYPE_CHECKING:
    from adapters.postgres.store.generations import Generation
    from projections.engine.projection import Projection

CodeChange = Literal["none", "code", "version", "both"]
RESTART = "start one, or restart the campus if it was started before this code was deployed"


def change(projection: "Projection", generation: "Generation") -> CodeChange:
    """What differs: the source, the version that its author gives it, or both."""
    from projections.engine.fingerprint import code_digest

    code, version = generation.code != code_digest(projection), generation.version != projection.version
    if code and version:
        return "both"
    return "code" if code else "version" if version else "none"


def in_words(projection: "Projection", generation: "Generation") -> str:
    """The same for people."""
    which, code = f"generation {generation.number}", "code" if projection.rule_file is None else "rule file"
    match change(projection, generation):
        case "none":
            return f"the {code} is that of {which}"
        case "code":
            return (
                f"the {code} is not that of {which}, but its version is the same ({projection.version}): if rows come"
                " out otherwise, raise `version`, or a projector goes on with the old rows by the new rule"
            )
        case _:
            return f"the {code} is version {projection.version}, {which} was built by version {generation.version}"


def to_do(
    projection: "Projection",
    generations: "Iterable[Generation]",
    served: "Generation",
    data: Path | None = None,
    *,
    followed: bool,
) -> str | None:
    """
    What to do if the live generation and the code on disk do not go together; None if they do.

    A projector follows a generation only if the code with which it was started has the same version.

    Args:
        generations: all of the projection; one that is complete and of the code on disk need only be promoted, and one
            that was served before the live one be rolled back to.
        served: the live one.
        followed: whether any projector follows it.
    """
    from adapters.postgres.store.generations import served_before

    what = change(projection, served)
    if what == "none":
        return None if followed else f"no projector follows generation {served.number}: {RESTART}"
    built = list(generations)
    commands = ["rebuild", "promote"]
    if any(each.status == "ready" and change(projection, each) == "none" for each in built):
        commands = ["diff", "promote"]
    elif (before := served_before(built)) and change(projection, before) == "none":
        commands = ["rollback"]
    to_type = " and ".join(f"`{typed(f'{command} {projection.name}', data)}`" for command in commands)
    if what == "code":
        return f"{in_words(projection, served)}; then {to_type}"
    state = (
        f"is followed by a projector that was started with version {served.version} of the code"
        if followed
        else f"stands still, since version {served.version} of the code built it"
    )
    then = ", then restart the campus" if followed else ""
    return (
        f"generation {served.number} {state}; the code on disk is version {projection.version}. Serve the rule of this"
        f" code: {to_type}{then}"
    )
