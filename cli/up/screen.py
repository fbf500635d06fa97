"""
What `campus up` prints: a spinner during the start, then one page; or one sentence and the end of a log.
"""

import shutil
import sys
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from adapters.embedded import StartFailed
from adapters.settings import DEFAULT_DATA_DIR
from cli import dev
from cli.console import fail, say
from cli.dev import page_url
from cli.up.examples import Examples
from cli.up.inbox import InboxServer
from cli.up.paysim import CARD, PaysimServer
from cli.up.plan import Plan

NAME_WIDTH = 23  # columns
DEV_LOGIN = {
    True: "on: POST /v1/dev/login gives any user's token without a password (CAMPUS_DEV_LOGIN=false: off)",
    False: "off",
}
LOUD = {True: "bold yellow", False: ""}


class StartTimes:
    """How long each step of the start took."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.taken: list[tuple[str, float]] = []
        self._console = Console(stderr=True)

    @contextmanager
    def step(self, name: str, *, spinner: bool = True) -> Iterator[None]:
        """Time the block as *name*; without *spinner* if the step shows its own progress."""
        began = time.monotonic()
        with self._console.status(f"starting: {name} …") if spinner else nullcontext():
            yield
        self.taken.append((name, time.monotonic() - began))

    async def timed(self, name: str, work: Awaitable[None]) -> None:
        """Time *work* that runs beside other work."""
        began = time.monotonic()
        await work
        self.taken.append((name, time.monotonic() - began))


def welcome(plan: Plan, steps: StartTimes, examples: Examples) -> None:
    """Print what runs where, what to try next, and at last where the page is and who can sign in."""
    settings = plan.settings
    took = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps.taken)
    lines = [
        Text(f"campus {settings.name}: ready after {time.monotonic() - steps.began:.1f} s", "bold"),
        Text(f"  {took}", "dim"),
        Text(),
        *_rows([*addresses(settings.api_url, examples), *_paying(plan), *_mails(plan)]),
        Text(f"  {'development login':<{NAME_WIDTH}}{DEV_LOGIN[settings.dev_login]}", LOUD[settings.dev_login]),
        Text(),
        Text("try next, in a second terminal:", "bold"),
        *(Text(f"  {line}") for line in suggestions(plan, examples)),
        Text(),
        Text.assemble(("open in a browser:  ", "bold"), (page_url(settings), "bold cyan")),
    ]
    if settings.dev_login and examples.has_sample_people:
        found = dev.collect(settings, settings.clock().now())
        lines += [Text(), *dev.lines(found, command(plan, "dev code"))]
    Console().print(Text("\n").join(lines), soft_wrap=True)  # long lines stay whole, to be copied


def filling(plan: Plan) -> None:
    """Say that the campus answers already, while it is filled."""
    say(f"the campus answers at {page_url(plan.settings)}, and is being filled with courses and people")


def addresses(api: str, examples: Examples) -> list[tuple[str, str]]:
    """URLs to look at, with the dashboard of a run if there is one."""
    found = [("API", f"{api}/docs"), ("health", f"{api}/readyz")]
    if examples.run_id:
        found.append(("a run's dashboard", f"{api}/v1/runs/{examples.run_id}/dashboard"))
    return found


def _paying(plan: Plan) -> list[tuple[str, str]]:
    """Where paysim is, and the card that pays there."""
    found = [server.url for server in plan.servers if isinstance(server, PaysimServer)]
    return [row for url in found for row in (("paysim (no real money)", url), ("test card", CARD))]


def _mails(plan: Plan) -> list[tuple[str, str]]:
    """Where the mails are that the campus sends, if they go nowhere."""
    return [("mails (none leaves)", server.url) for server in plan.servers if isinstance(server, InboxServer)]


def suggestions(plan: Plan, examples: Examples) -> list[str]:
    """Commands for a second terminal; one orders a product, if there is a learner who could buy one."""
    token = f"$({command(plan, 'token')})"
    found = [
        f'curl -H "Authorization: Bearer {token}" {plan.settings.api_url}/v1/overview',
        command(plan, "import oulad ../shared/data/anonymisedData.zip"),
    ]
    if examples.product_id and examples.learner_id:
        token = f"$({command(plan, f'token --as {examples.learner_id}')})"
        order = f'{{"product_id": "{examples.product_id}", "currency": "{examples.currency}"}}'
        found.append(
            f'curl -H "Authorization: Bearer {token}" -H "Content-Type: application/json" '
            f"{plan.settings.api_url}/v1/orders -d '{order}'  # buy: open its checkout_url (docs/howto/payments.md)"
        )
    return found


def command(plan: Plan, arguments: str) -> str:
    """The line that calls `campus` for this campus from the current directory."""
    installed = shutil.which("campus")
    called = sys.argv[0] if sys.argv[0].endswith("/campus") and installed != sys.argv[0] else "campus"
    here = Path.cwd() / DEFAULT_DATA_DIR == plan.settings.data_dir
    return f"{called} {arguments}" if here else f"{called} {arguments} --data {plan.settings.data_dir}"


def _rows(rows: list[tuple[str, str]]) -> list[Text]:
    return [*(Text.assemble(f"  {name:<{NAME_WIDTH}}", text) for name, text in rows), Text()]


def failure(failed: BaseException) -> None:
    """Print which child did not start, and the end of its log."""
    fail(str(failed))
    if isinstance(failed, StartFailed):
        for line in failed.last_lines:
            say(f"  [dim]{escape(line)}[/]")
        say(f"full log: {failed.log}")
