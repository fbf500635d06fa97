"""An exam of many learners while API and workers are killed: nothing that was acknowledged is lost, all are graded."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.settings import Settings
from benchmarks.exam import Sitting, Trouble, sit_exam
from tests.support.campus_up import RunningCampus, kill, running_campus
from tests.support.polling import until

PROCESSES = ("api", "reactor", "dispatcher", "relay", "projector")
SEED = int(os.environ.get("CAMPUSLOG_CHAOS_SEED", "20261122"))
LEARNERS = int(os.environ.get("CAMPUSLOG_EXAM_LEARNERS", "500"))
SECONDS = int(os.environ.get("CAMPUSLOG_EXAM_SECONDS", "60"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningCampus]:
    """A campus of its own, as `campus up` starts it."""
    with running_campus(tmp_path / "exam") as campus:
        yield campus


async def acknowledged(sitting: Sitting, answers: int) -> None:
    """Wait until so many answers were acknowledged."""
    await until(lambda: len(sitting.acknowledged) >= answers)


def kills(running: RunningCampus) -> Trouble:
    """Each process is killed twice while answers are saved, and at the end those that submit and grade once more."""

    async def trouble(sitting: Sitting) -> None:
        chance, victims = random.Random(SEED), [*PROCESSES, *PROCESSES]
        chance.shuffle(victims)
        each = LEARNERS * SECONDS // 5 // (2 * len(victims))  # answers between two, for half of the time
        for number, victim in enumerate(victims, 1):
            await acknowledged(sitting, number * each)
            await kill(running, victim)
        await until(lambda: len(sitting.deadlines) == LEARNERS)
        for victim in ("dispatcher", "reactor", "api"):
            await kill(running, victim)

    return trouble


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.timeout(1_800)
async def test_an_exam_with_kills(running: RunningCampus) -> None:
    """They start within ten seconds, save every five, submit in the last one; the server submits for a third."""
    settings = Settings.load(data_dir=running.data_dir)
    findings = await sit_exam(settings, LEARNERS, SECONDS, kills(running))
    assert (findings.lost, findings.doubled, findings.graded) == (0, 0, LEARNERS), findings
    assert findings.by_server >= LEARNERS // 3
    assert findings.saves > LEARNERS * SECONDS // 5 // 2, "too few answers were acknowledged to say anything"
