"""Does the code at hand differ from the code that a generation was built by? By what it says and by what it is."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cli.projections.options import typed

if TYPE_CHECKING:
    from adapters.postgres.store.generations import Generation
    from projections.engine.projection import Projection

Change = Literal["none", "code", "version", "both"]


def change(projection: "Projection", generation: "Generation") -> Change:
    """What differs: the source, the version that its author gives it, or both."""
    from projections.engine.fingerprint import code_digest

    code, version = generation.code != code_digest(projection), generation.version != projection.version
    if code and version:
        return "both"
    return "code" if code else "version" if version else "none"


def in_words(projection: "Projection", generation: "Generation") -> str:
    """The same for people."""
    which = f"generation {generation.number}"
    match change(projection, generation):
        case "none":
            return f"the code is that of {which}"
        case "code":
            return (
                f"the code is not that of {which}, but its version is the same ({projection.version}): if rows come out"
                " otherwise, raise `version`, or a projector goes on with the old rows by the new rule"
            )
        case _:
            return f"the code is version {projection.version}, {which} was built by version {generation.version}"


def to_do(
    projection: "Projection",
    generations: "Iterable[Generation]",
    served: "Generation",
    data: Path | None = None,
    *,
    followed: bool,
) -> str | None:
    """
    What has to be done about the generation that is *served* if it is not of the code at hand; None if nothing.

    A projector follows what is served only if its code has the same version: one that was started before the code was
    changed still does.

    Args:
        generations: all of the projection; one that is complete and of the code at hand need only be promoted.
        followed: whether any projector follows what is served.
    """
    what = change(projection, served)
    if what == "none":
        return None
    commands = "rebuild", "promote"
    if any(each.status == "ready" and change(projection, each) == "none" for each in generations):
        commands = "diff", "promote"
    first, promote = (f"`{typed(f'{command} {projection.name}', data)}`" for command in commands)
    if what == "code":
        return f"{in_words(projection, served)}; then {first} and {promote}"
    state = (
        f"is followed by a projector that still has version {served.version} of the code"
        if followed
        else f"stands still, since it was built by version {served.version} of the code"
    )
    return (
        f"generation {served.number} {state}; here is version {projection.version}. Serve the new rule by {first} and"
        f" {promote}"
    )
