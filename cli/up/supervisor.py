"""
The supervisor: starts children, restarts those that die or live without doing their work, stops them in order.

A server restarts on the same port with the same data, so its clients only have to connect again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from adapters.embedded import Child, StartFailed
from adapters.tasks import cancel_and_wait
from cli.console import say

FIRST_PAUSE = 0.2  # seconds before a dead child is restarted; doubled every time
LONGEST_PAUSE = 3.0  # seconds: trouble that has passed is over within five
LOOK_INTERVAL, MOST_LOOKS = 1.0, 2  # seconds, and the looks in a row that find no work done before a restart
FIRST_REST, LONGEST_REST = 60.0, 240.0  # seconds before the next such restart, doubled while they do not help
STEADY = 10.0  # seconds of life after which a child counts as healthy again

Start = Callable[[], Awaitable[Child]]
Works = Callable[[], Awaitable[bool]]


@dataclass
class ManagedProcess:
    """A process that the supervisor keeps running: how to start it, whether it does its work, and its present child."""

    name: str
    start: Start
    works: Works | None = None
    child: Child | None = None
    pause: float = FIRST_PAUSE

    async def fill(self) -> Child:
        """Start a child."""
        self.child = await self.start()
        return self.child


class Supervisor:
    """Keeps its processes running until `stop()`."""

    def __init__(self, on_change: Callable[[dict[str, int]], None]) -> None:
        self._posts: dict[str, ManagedProcess] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._on_change = on_change

    @property
    def pids(self) -> dict[str, int]:
        """The pid of every running process, by name."""
        return {post.name: post.child.pid for post in self._posts.values() if post.child}

    async def add(self, name: str, start: Start, works: Works | None = None) -> None:
        """Start a process. It is restarted from `watch()` on; until then the caller looks at `dead()`."""
        post = self._posts[name] = ManagedProcess(name, start, works)
        await post.fill()
        self._on_change(self.pids)

    def watch(self) -> None:
        """From now on, restart every process that dies."""
        for post in self._posts.values():
            self._watches[post.name] = asyncio.create_task(self._keep(post), name=f"keep {post.name}")
            if post.works is not None:
                looking = self._look_after(post, post.works)
                self._watches[f"look after {post.name}"] = asyncio.create_task(looking)

    def dead(self) -> Child | None:
        """A child that has ended, if any."""
        children = (post.child for post in self._posts.values() if post.child)
        return next((child for child in children if child.exit_code is not None), None)

    async def stop(self, order: Sequence[Sequence[str]]) -> None:
        """Stop all processes, one group of names of *order* after the other."""
        await cancel_and_wait(self._watches.values())
        for names in order:
            await asyncio.gather(*(self._stop(self._posts[name]) for name in names if name in self._posts))

    def kill(self) -> None:
        """Kill all processes."""
        for post in self._posts.values():
            if post.child:
                post.child.kill()

    async def _keep(self, post: ManagedProcess) -> None:
        """Restart the process each time it ends, after a pause unless it ended to load changed code."""
        while True:
            await self._ended(post)
            say(f"{post.name} has ended; starting it again in {post.pause:.1f} s")
            await asyncio.sleep(post.pause)
            post.pause = min(post.pause * 2, LONGEST_PAUSE)
            try:
                await post.fill()
                self._on_change(self.pids)
            except (StartFailed, OSError) as failure:  # such as a full disk: try again later
                post.child = None
                say(str(failure))

    async def _look_after(self, post: ManagedProcess, works: Works) -> None:
        """End a child that lives and does no work, so that it is restarted; seldom if that does not help."""
        failed, rest, rested_at = 0, FIRST_REST, 0.0
        while True:
            await asyncio.sleep(LOOK_INTERVAL)
            failed = 0 if post.child is None or await works() else failed + 1
            if time.monotonic() < rested_at:
                continue
            if failed < MOST_LOOKS:
                rest = rest if failed else FIRST_REST
            elif post.child is not None:
                say(f"{post.name} runs and does not do its work: starting it again, and next in {rest:.0f} s at most")
                await post.child.stop()
                failed, rested_at, rest = 0, time.monotonic() + rest, min(2 * rest, LONGEST_REST)

    async def _ended(self, post: ManagedProcess) -> None:
        if post.child is None:
            return
        try:
            async with asyncio.timeout(STEADY):
                await post.child.wait()
        except TimeoutError:
            post.pause = FIRST_PAUSE
            await post.child.wait()

    async def _stop(self, post: ManagedProcess) -> None:
        if post.child and post.child.exit_code is None:
            await post.child.stop()
            say(f"{post.name} stopped")
