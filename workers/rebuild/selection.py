"""Default generations: the live one, and the newest `ready` one built by the running code."""

from collections.abc import Iterable

from adapters.postgres.store.generations import Generation
from projections.engine.fingerprint import code_digest
from projections.engine.projection import Projection
from workers.rebuild.lock import RebuildError


def same_code(generation: Generation, projection: Projection) -> bool:
    """Whether a generation was begun by the running code, or by the same rule file."""
    now = projection.version, code_digest(projection), projection.segments
    return (generation.version, generation.code, generation.segments) == now


def live_generation(generations: Iterable[Generation], projection: Projection) -> Generation:
    """The live generation; raises RebuildError if there is none."""
    live = next((each for each in generations if each.status == "live"), None)
    if live is None:
        raise RebuildError(f"{projection.name} has no generation that is live")
    return live


def default_candidate(generations: Iterable[Generation], projection: Projection) -> Generation:
    """
    The newest generation that is ready and built by the running code, or by the projection's rule file.

    One of other code is of an earlier rule, or of one not deployed yet; it is neither served nor compared unless named.

    Raises:
        RebuildError: there is none.
    """
    name = projection.name
    ready = [each for each in generations if each.status == "ready"]
    if not ready:
        raise RebuildError(f"no generation of {name} is ready: `campus projections rebuild {name}` builds one")
    of_this_code = [each for each in ready if same_code(each, projection)]
    if of_this_code:
        return of_this_code[-1]
    number, version = ready[-1].number, ready[-1].version
    if version != projection.version:
        built = f"built by version {version} of its code, this is version {projection.version}"
    else:
        built = "built by other code of the same version"
    raise RebuildError(
        f"generation {number} of {name} is ready, but was {built}: deploy the code that built it, rebuild with this"
        f" code, or name it (`promote --generation {number}`, `diff --to {number}`)"
    )
