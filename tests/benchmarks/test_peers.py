"""`campus bench peers` counts what it appends and reads, leaves out what is not installed, and judges by the ratios."""

import shutil
from pathlib import Path

import pytest

from adapters.settings import Settings
from benchmarks.peers import MEASUREMENTS, _conclude
from benchmarks.peers.library import LibraryPeer
from benchmarks.peers.on_node import PACKAGES, NodePeer
from benchmarks.peers.ours import OurPeer
from benchmarks.peers.peer import STREAM_LENGTH, Bench, Measurement, Missing
from tests.support.appends import opened


@pytest.mark.parametrize("kind", [OurPeer, LibraryPeer])
async def test_each_measurement_has_a_rate(
    settings: Settings, tmp_path: Path, kind: type[OurPeer] | type[LibraryPeer]
) -> None:
    """Appends with and without a condition, a stream and the whole log; 512 writers are as 32."""
    peer = await kind.open(Bench(settings, tmp_path, tmp_path))
    for measurement in MEASUREMENTS:
        if measurement.writers < 512:
            assert await peer.rate(measurement, 0.01) > 0
    await peer.close()
    if kind is OurPeer:
        async with opened(settings) as log:
            assert await log.head() >= STREAM_LENGTH + 2 * (1 + 32)


@pytest.mark.parametrize("name", PACKAGES)
async def test_a_peer_that_is_not_installed_is_left_out(settings: Settings, tmp_path: Path, name: str) -> None:
    """The sentence says what to install."""
    sentence = "npm install" if shutil.which("node") else "Node is not installed"
    with pytest.raises(Missing, match=sentence):
        await NodePeer.open(name, Bench(settings, tmp_path, tmp_path))


def test_goals_are_for_32_writers() -> None:
    """The median of the ratios, round by round; a peer that was left out has none."""
    found = {measurement: {"ours": [10.0, 20.0, 30.0], "umadb": [10.0, 8.0, 10.0]} for measurement in MEASUREMENTS}
    findings = _conclude(found, {"emmett": "it is not installed"})
    assert [(goal.peer, goal.ratio, goal.met) for goal in findings.goals] == [("umadb", 2.5, True)]
    assert findings.rates[Measurement("append", 32).name] == {"ours": 20.0, "umadb": 10.0}
