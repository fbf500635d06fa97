"""Commands, deadlines and jobs get the present time from one clock."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
READS_TIME = re.compile(r"datetime\.(now|utcnow|today)\(|time\.time\(")
BY_THE_CLOCK = (
    *("domain/**/*.py", "commands/**/*.py", "projections/**/*.py", "adapters/command_bus/*.py"),
    *(
        "api/*.py",
        "api/http/dispatch.py",
        "workers/dispatcher.py",
        "workers/dispatching/*.py",
        "workers/reactions/*.py",
    ),
    *("workers/reactor.py", "workers/reacting/*.py"),
)
EXCEPT = {"commands/clock.py", "api/dev_login.py"}
"""The clock itself, and the life of tokens, which goes by the machine."""


def test_nothing_else_reads_the_time() -> None:
    """What decides about the campus asks the clock, so that a test that moves it moves everything."""
    files = {path for pattern in BY_THE_CLOCK for path in ROOT.glob(pattern)}
    assert len(files) > 40
    found = {str(path.relative_to(ROOT)) for path in files if READS_TIME.search(path.read_text())}
    assert found <= EXCEPT
