"""The notary: a tree over every fact, signed; it dies at every step, and refuses to sign another log than before."""

import asyncio
import base64
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.command_bus.bus import Bus
from adapters.postgres.log.postgres_log import PostgresLog
from adapters.proofs import files
from adapters.proofs.files import ProofFiles
from adapters.settings import Settings
from cli.up.plan import variables
from commands.admin import ResolveDispute
from commands.log import Context
from domain.proofs.note import read_note
from tests.support.campus_up import campus
from tests.support.polling import guard, until
from tests.support.proofs import assert_tree_of_the_log, beside, notarising, signed_up_to, tamper, tree_of
from tests.support.roles import as_process
from tests.support.workers import writer
from workers import notary


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notary that has refused looks again at once, and batches are small."""
    monkeypatch.setattr(notary, "REFUSED_PAUSE", 0.05)
    monkeypatch.setattr(notary, "RETRY_PAUSE", 0.05)
    monkeypatch.setattr(notary, "BATCH", 50)
    monkeypatch.setattr(notary, "MOST_UNKEPT", 90)


class Died(BaseException):
    """What ends a notary in the middle of its work, as a kill would; it survives every Exception."""


async def test_every_fact_is_under_a_signed_checkpoint(settings: Settings, tmp_path: Path) -> None:
    """Facts of before and of while it runs are in the tree; another notary goes on with it under the same name."""
    async with writer(settings) as facts:
        await facts.record_many(700)
        async with notarising(beside(settings, tmp_path)):
            await signed_up_to(settings, 700)
            await facts.record_many(100)
            first = await signed_up_to(settings, 800)
        await assert_tree_of_the_log(settings, tmp_path)
        await facts.record_many(40)
        async with notarising(beside(settings, tmp_path)):
            second = await signed_up_to(settings, 840)
    assert await assert_tree_of_the_log(settings, tmp_path) == second
    assert first.origin == second.origin
    assert first.origin.startswith(f"campuslog.invalid/{settings.name}/")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("step", "count"),
    [("begin_tree", 1), *((step, n) for step in ("keep_tiles", "publish", "replace_durably") for n in (1, 2))],
)
async def test_a_notary_dies_at_every_step(  # noqa: PLR0917 - fixtures and parameters
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, count: int, when: str
) -> None:
    """Whatever it was doing, the next one makes the same tree, and signs nothing that does not continue the other."""
    where: Any = files if step == "replace_durably" else notary
    left = [count]

    def dies(*arguments: Any) -> Any:
        left[0] -= 1
        if left[0] or when == "after":
            result = original(*arguments)
            return _then_die(result) if not left[0] else result
        raise Died

    original: Callable[..., Any] = getattr(where, step)
    async with writer(settings) as facts:
        await facts.record_many(300)
        with monkeypatch.context() as patched:
            patched.setattr(where, step, dies)
            running = beside(settings, tmp_path)
            async with guard():
                with pytest.raises(Died):
                    await notary.Notary(as_process(running, "relay")).run()
        before = ProofFiles(running).checkpoint()
        await facts.record_many(40)
        async with notarising(running):
            after = await signed_up_to(settings, 340)
    assert before is None or before.partition("\n")[0] == after.origin
    await assert_tree_of_the_log(settings, tmp_path)


def _then_die(result: Any) -> Any:
    if not hasattr(result, "__await__"):
        raise Died

    async def finish() -> None:
        await result
        raise Died

    return finish()


async def test_tiles_that_are_gone_are_made_again(settings: Settings, tmp_path: Path) -> None:
    """The tiles are never the truth: emptied, cut or changed, they become what the log says."""
    running = beside(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(600)
    async with notarising(running):
        signed = await signed_up_to(settings, 600)
    for statement in (
        "DELETE FROM proof_tiles",
        "DELETE FROM proof_tree",
        "DELETE FROM proof_tiles WHERE level = 0 AND number = 2",
        "UPDATE proof_tiles SET hashes = set_byte(hashes, 5, 255 - get_byte(hashes, 5)) WHERE level = 1",
        "UPDATE proof_tree SET size = 512",
    ):
        tamper(settings, statement)
        async with notarising(running) as again:
            await until(lambda again=again: again.position == 600)  # type: ignore[misc]
        assert await assert_tree_of_the_log(settings, tmp_path) == signed


async def test_a_log_that_went_back_is_not_signed(settings: Settings, tmp_path: Path) -> None:
    """The last facts are gone, with their tiles and checkpoint: nothing is signed, also not once there are others."""
    running = beside(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(300)
        async with notarising(running):
            await signed_up_to(settings, 300)
        yesterday = await tree_of(settings)
        await facts.record_many(40)
        async with notarising(running):
            await signed_up_to(settings, 340)
    assert yesterday is not None
    signed = ProofFiles(running).checkpoint()
    tamper(
        settings,
        "DELETE FROM events WHERE position > 300",
        "UPDATE log_head SET position = 300",
        f"UPDATE proof_tree SET size = 300, checkpoint = '{yesterday.checkpoint}'",
        "UPDATE proof_tiles SET hashes = substr(hashes, 1, 44 * 32) WHERE (level, number) = (0, 1)",
    )
    assert "Refused: the log went back: it ends at position 300, and a checkpoint was signed for 340" in await refused(
        running
    )
    async with writer(settings) as facts:
        for number in range(60):
            await facts.record((f"another-{number}", "click", 1))
    assert "they are others" in await refused(running)
    assert ProofFiles(running).checkpoint() == signed

    nothing = ResolveDispute("campuslog.invalid/another/tree", "of another tree")
    await give_up(settings, nothing)
    assert "they are others" in await refused(running)
    await give_up(settings, ResolveDispute(yesterday.origin, "a backup was put back"))
    async with notarising(running):
        await another_tree(settings, yesterday.origin)
        await signed_up_to(settings, 362)
    await assert_tree_of_the_log(settings, tmp_path)
    assert (ProofFiles(running).directory / f"checkpoint.{yesterday.origin[-16:]}").read_text() == signed
    async with notarising(running) as again:
        await until(lambda: again.position == 362)
    assert ProofFiles(running).checkpoint() != signed


async def another_tree(settings: Settings, origin: str) -> None:
    """Wait until readers are shown another tree than this one."""

    async def is_shown() -> bool:
        tree = await tree_of(settings)
        return tree is not None and tree.origin != origin

    await until(is_shown)


async def give_up(settings: Settings, command: ResolveDispute) -> None:
    """What `campus proofs resolve` records."""
    log = await PostgresLog.open(settings)
    await Bus(log).handle(command, Context("operator"))
    await log.close()


@pytest.mark.parametrize("step", ["begin_tree", "put_aside", "replace_durably"])
async def test_it_dies_while_another_tree_begins(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """After a dispute was resolved: the next one completes that, and signs one tree."""
    running = beside(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(300)
    async with notarising(running):
        first = await signed_up_to(settings, 300)
    tamper(settings, "DELETE FROM events WHERE position > 200", "UPDATE log_head SET position = 200")
    await give_up(settings, ResolveDispute(first.origin, "a backup was put back"))
    where: Any = {"begin_tree": notary, "put_aside": ProofFiles, "replace_durably": files}[step]
    original: Callable[..., Any] = getattr(where, step)

    def dies(*arguments: Any) -> Any:
        return _then_die(original(*arguments))

    with monkeypatch.context() as patched:
        patched.setattr(where, step, dies)
        async with guard():
            with pytest.raises(Died):
                await notary.Notary(as_process(running, "relay")).run()
    async with notarising(running):
        await another_tree(settings, first.origin)
        await signed_up_to(settings, 201)
    await assert_tree_of_the_log(settings, tmp_path)


@pytest.mark.slow
@pytest.mark.processes
async def test_the_commands(settings: Settings, tmp_path: Path) -> None:
    """`campus proofs resolve` only while the notary refuses; `keys` replaces a key with an overlap."""
    running = beside(settings, tmp_path)
    env = variables(running)
    async with writer(settings) as facts:
        await facts.record_many(30)
    stop = asyncio.Event()
    task = asyncio.create_task(notary.run(as_process(running, "relay"), stop))
    first = await signed_up_to(settings, 30)
    refused = await asyncio.to_thread(campus, "proofs", "resolve", "--reason", "none", env=env)
    assert (refused.returncode, "nothing to resolve" in refused.stderr) == (1, True)
    early = await asyncio.to_thread(campus, "proofs", "keys", "--add", env=env)
    assert len(early.stdout.splitlines()) == 2
    refused = await asyncio.to_thread(campus, "proofs", "keys", "--retire", env=env)
    assert (refused.returncode, "not signed by the newest key yet" in refused.stderr) == (1, True)
    async with writer(settings) as facts:
        await facts.record(("ann", "click", 1))
    await signed_up_to(settings, 31)
    retired = await asyncio.to_thread(campus, "proofs", "keys", "--retire", env=env)
    assert retired.stdout.splitlines() == early.stdout.splitlines()[:1]

    tamper(settings, "UPDATE events SET data = data || ' ' WHERE position = 31")
    stop.set()
    await task
    stop.clear()
    task = asyncio.create_task(notary.run(as_process(running, "relay"), stop))
    resolved: list[str] = []

    async def is_resolved() -> bool:
        done = await asyncio.to_thread(campus, "proofs", "resolve", "--reason", "a test", env=env)
        resolved.append(done.stdout + done.stderr)
        return done.returncode == 0

    await until(is_resolved)
    assert f"{first.origin} is given up at position 32" in resolved[-1]
    await another_tree(settings, first.origin)
    await signed_up_to(settings, 32)
    stop.set()
    await task


async def refused(settings: Settings) -> str:
    """What a notary that refuses says."""
    async with notarising(settings) as refusing:
        await until(lambda: bool(refusing.state().trouble))
    return refusing.state().trouble


async def test_a_log_that_was_rewritten_is_not_signed(settings: Settings, tmp_path: Path) -> None:
    """A fact under the last tile was changed: a notary that starts sees it."""
    running = beside(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(300)
    async with notarising(running):
        await signed_up_to(settings, 300)
    tamper(settings, "UPDATE events SET data = data || ' ' WHERE position = 290")
    assert "they are others" in await refused(running)
    tamper(settings, "DELETE FROM events WHERE position = 290")
    assert "no fact for each position" in await refused(running)


async def test_keys(settings: Settings, tmp_path: Path) -> None:
    """A key is made at the first start, for its owner only; two sign while one replaces the other; none is lost."""
    running = beside(settings, tmp_path)
    async with writer(settings) as facts:
        await facts.record_many(20)
    kept = ProofFiles(running)
    async with notarising(running):
        await signed_up_to(settings, 20)
    assert stat.S_IMODE((kept.directory / files.KEYS).stat().st_mode) == 0o600
    (first,) = kept.seeds()
    kept.add_key()

    async def is_shown(signatures: int) -> bool:
        tree = await tree_of(settings)
        return tree is not None and len(read_note(tree.checkpoint).signatures) == signatures

    async with notarising(running):
        await until(lambda: is_shown(2))
    assert len(kept.seeds()) == 2
    assert kept.retire_keys() == 1
    async with notarising(running):
        await until(lambda: is_shown(1))
    await assert_tree_of_the_log(settings, tmp_path)

    replaced = running.model_copy(update={"proof_keys": base64.b64encode(first).decode()})
    assert "not signed by a key that is here" in await refused(replaced)
    assert "CAMPUS_PROOF_KEYS has no keys" in await refused(running.model_copy(update={"proof_keys": "abc"}))
    both = ",".join(base64.b64encode(seed).decode() for seed in [first, *kept.seeds()])
    async with notarising(running.model_copy(update={"proof_keys": both})) as known:
        await until(lambda: known.position == 20)
