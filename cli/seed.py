"""
`campus seed`: a synthetic population for trying things out, or the sample campus, with which `campus up` fills an empty
one by itself.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import LARGEST, DataDir, Json, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

    from adapters.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def seed(
    *,
    sample: Annotated[
        bool, typer.Option("--sample", help="The sample campus: courses with text, and people who can sign in.")
    ] = False,
    learners: Annotated[int, typer.Option(min=1, max=20_000, help="How many synthetic learners.")] = 300,
    number: Annotated[
        int, typer.Option("--seed", min=0, max=LARGEST, help="The same number makes the same histories.")
    ] = 7,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Fill a campus with a synthetic population, or with the sample campus; a second time changes nothing."""
    from adapters.gc_tuning import disable_for_batch
    from adapters.settings import Settings

    settings = Settings.load(data)
    disable_for_batch()
    outcome = _sample(settings) if sample else _population(settings, learners, number)
    answer(outcome, as_json=as_json, table=lambda: render(outcome))


def _sample(settings: "Settings") -> dict[str, Any]:
    import uvloop

    from cli.console import progress
    from workers.seeding.sample import seed_sample

    seeded = uvloop.run(seed_sample(settings, progress))
    return {**seeded._asdict(), "seconds": round(seeded.seconds, 3)}


def _population(settings: "Settings", learners: int, number: int) -> dict[str, Any]:
    import uvloop

    from cli.console import progress
    from workers.seeding import SAMPLE_LOGINS, Seeded, make_sample_people
    from workers.seeding import seed as sow

    async def all_of_it() -> Seeded:
        seeded = await sow(settings, learners, number, progress)
        await make_sample_people(settings)
        return seeded

    seeded = uvloop.run(all_of_it())
    return {**seeded._asdict(), "seconds": round(seeded.seconds, 3), "logins": list(SAMPLE_LOGINS)}


def render(outcome: dict[str, Any]) -> "RenderableType":
    """Say what there is now."""
    from rich.text import Text

    if not outcome["facts"]:
        return Text("nothing to do: the campus has what it was to be seeded with")
    facts = f"{outcome['commands']:,} commands, {outcome['facts']:,} facts in {outcome['seconds']:.1f} s"
    if "people" in outcome:
        return Text(f"{outcome['courses']} courses, {outcome['people']} people: {facts}; see campus dev people")
    return Text(f"{outcome['learners']:,} learners: {facts}; log in as {', '.join(outcome['logins'])}")
