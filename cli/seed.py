"""`campus seed`: a small synthetic campus, for trying things out (`campus up` seeds an empty one by itself)."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import LARGEST, DataDir, Json, answer

if TYPE_CHECKING:
    from rich.console import RenderableType

app = typer.Typer(add_completion=False)


@app.command()
def seed(
    learners: Annotated[int, typer.Option(min=1, max=20_000, help="How many learners.")] = 300,
    number: Annotated[
        int, typer.Option("--seed", min=0, max=LARGEST, help="The same number makes the same histories.")
    ] = 7,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Fill a campus with a small synthetic population; a second time changes nothing."""
    import uvloop

    from adapters.settings import Settings
    from cli.console import progress
    from workers.seeding import SAMPLE_LOGINS, Seeded, make_sample_people
    from workers.seeding import seed as sow

    settings = Settings.load(data)

    async def all_of_it() -> Seeded:
        seeded = await sow(settings, learners, number, progress)
        await make_sample_people(settings)
        return seeded

    seeded = uvloop.run(all_of_it())
    outcome = {**seeded._asdict(), "seconds": round(seeded.seconds, 3), "logins": list(SAMPLE_LOGINS)}
    answer(outcome, as_json=as_json, table=lambda: render(outcome))


def render(outcome: dict[str, Any]) -> "RenderableType":
    """Say what there is now."""
    from rich.text import Text

    if not outcome["facts"]:
        return Text("nothing to do: the campus has its synthetic population")
    return Text(
        f"{outcome['learners']:,} learners: {outcome['commands']:,} commands, {outcome['facts']:,} facts "
        f"in {outcome['seconds']:.1f} s; log in as {', '.join(outcome['logins'])}"
    )
