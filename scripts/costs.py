"""
What tests cost in processor time, by module, test and fixture: of pytest and all that it has started, servers included.

    .venv/bin/python -m pytest -p scripts.costs -n 0 tests/workers

Time by the clock says how busy a machine is. A control group of Linux counts the time of all its processes, also of
those that have ended; to make one takes root. A fixture has what it took until its first use began.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

PLACES = {"/sys/fs/cgroup/cpuacct": ("cpuacct.usage", 1e9), "/sys/fs/cgroup": ("cpu.stat", 1e6)}
"""Where groups are made, by version of the kernel's interface; the file that counts, and its units in a second."""
MOST = 30  # lines of a table


class Costs:
    """Counts for one process of pytest."""

    def __init__(self) -> None:
        place = next((place for place in PLACES if Path(place).is_dir()), "")
        self._group = Path(place) / f"tests-{os.getpid()}"
        try:
            self._group.mkdir()
            (self._group / "cgroup.procs").write_text(str(os.getpid()))
        except OSError as error:
            raise pytest.UsageError(f"no control group to count in: {error}") from error
        self._file, self._units = PLACES[place]
        self.spent: dict[str, defaultdict[str, float]] = {
            kind: defaultdict(float) for kind in ("modules", "tests", "fixtures")
        }

    def now(self) -> float:
        """Seconds of a processor until now."""
        found = (self._group / self._file).read_text().split()
        return int(found[0] if len(found) == 1 else found[found.index("usage_usec") + 1]) / self._units

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Iterator[None]:
        """Count a fixture."""
        before = self.now()
        try:
            return (yield)
        finally:
            self.spent["fixtures"][f"{fixturedef.argname} of {fixturedef.baseid or 'a plugin'}"] += self.now() - before

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Count a test with its fixtures."""
        before = self.now()
        try:
            return (yield)
        finally:
            self.spent["tests"][item.nodeid] += (spent := self.now() - before)
            self.spent["modules"][item.nodeid.partition("::")[0]] += spent

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the dearest."""
        terminalreporter.section(f"{self.now():.1f} seconds of a processor")
        for line in table(self.spent):
            terminalreporter.write_line(line)

    def pytest_unconfigure(self) -> None:
        """Leave the group, and remove it."""
        with suppress(OSError):  # something that a test has started lives on
            (self._group.parent / "cgroup.procs").write_text(str(os.getpid()))
            self._group.rmdir()


def table(spent: Mapping[str, Mapping[str, float]]) -> Iterable[str]:
    """The dearest of each kind, with seconds."""
    for kind, costs in spent.items():
        yield f"{kind}:"
        dearest = sorted(costs.items(), key=lambda each: -each[1])[:MOST]
        yield from (f"{seconds:9.2f}  {name}" for name, seconds in dearest)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.pluginmanager.register(Costs())
