"""`campus reactions …`: what should have followed from a fact and did not, and what to do about it."""

import typer

from cli.reactions.commands import dismiss, failed, list_dismissed, retry

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(failed)
app.command()(retry)
app.command()(dismiss)
app.command("dismissed")(list_dismissed)


@app.callback()
def reactions() -> None:
    """
    Show the reactions that were refused or have failed; try them again, or dismiss them.

    A reaction is the command that follows from a fact, such as `complete_passed_course`. One that a rule refuses for
    now is tried again by itself when its learner, run or course changes; one that fails in our code, with growing
    pauses of up to an hour and after a deploy. One that can never pass is listed until it is dismissed.
    """
