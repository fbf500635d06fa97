"""The player of a replay in a terminal: forward, back, to a time, to the next change of a field."""

import json
from datetime import datetime
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Input, Static

from campuslog.errors import BadTime
from campuslog.positions import bound
from cli.replay.lines import changes_of, differing, head_of, timeline
from cli.replay.tape import Documents, Tape, differences, next_change, number_at

GO, FIND = "a position, a time or a day", "a field, such as best_bp or courses/0/percent"


class Player(App[None]):
    """
    Plays a tape.

    Attributes:
        number: the step that is shown; -1 is before the first.
    """

    CSS = "#head { text-style: bold; } #changes { height: auto; max-height: 50%; } #documents { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("right,n", "step(1)", "forward"),
        ("left,p", "step(-1)", "back"),
        ("down", "scroll(10)", "down"),
        ("up", "scroll(-10)", "up"),
        ("home", "go_to(-1)", "begin"),
        ("end", "go_to(1000000000)", "end"),
        ("t", "ask('go')", "to a time"),
        ("f", "ask('find')", "next change of a field"),
        ("q", "quit", "quit"),
    ]

    def __init__(self, tape: Tape, changed: Tape | None = None) -> None:
        super().__init__()
        self.number = -1
        self._tape, self._changed = tape, changed
        self._frames = timeline(tape, changed)
        self._asked = ""

    def compose(self) -> ComposeResult:
        """The fact, what it changed, and the documents after it."""
        yield Static(id="head")
        yield VerticalScroll(Static(id="changed"), id="changes", can_focus=False)
        yield VerticalScroll(Static(id="shown"), id="documents", can_focus=False)
        yield Footer()

    def on_mount(self) -> None:
        """Begin before the first step."""
        self._show()

    def action_step(self, by: int) -> None:
        """Go so many steps on, or back."""
        self.action_go_to(self.number + by)

    def action_go_to(self, number: int) -> None:
        """Go to a step."""
        self.number = max(-1, min(number, len(self._frames) - 1))
        self._show()

    def action_scroll(self, by: int) -> None:
        """Scroll the documents by so many lines."""
        self.query_one("#documents", VerticalScroll).scroll_relative(y=by, animate=False)

    async def action_ask(self, what: str) -> None:
        """Ask for a time, or a field, below."""
        if not self.query(Input):
            self._asked = what
            field = Input(placeholder=GO if what == "go" else FIND)
            await self.mount(field, before=self.query_one(Footer))
            field.focus()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go where was asked for."""
        await event.input.remove()
        if self._asked == "find":
            found = next_change(self._frames, self.number, event.value)
            if found is None:
                self.notify(f"nothing changes {event.value} after this")
            else:
                self.action_go_to(found)
            return
        try:
            self.action_go_to(number_at(self._frames, moment_of(event.value)))
        except BadTime as error:
            self.notify(str(error), severity="error")

    def _show(self) -> None:
        step = f"{self.number + 1:,} of {len(self._frames):,}"
        if self.number < 0:
            head, changes, position = "before the first fact", [""], 0
        else:
            frame = self._frames[self.number]
            position = frame.fact.position
            head, changes = head_of(frame), list(changes_of(frame, self._tape.as_of(position - 1)))
        documents = self._tape.as_of(position)
        if self._changed is not None:
            other = self._changed.as_of(position)
            changes += [differing(each) for each in differences(documents, other)] or ["  both rules agree"]
        self.query_one("#head", Static).update(Content(f"{step}   {head}"))
        self.query_one("#changed", Static).update(Content("\n".join(changes)))
        self.query_one("#shown", Static).update(Content(_text(documents)))


def moment_of(text: str) -> int | datetime:
    """
    A position, or a time; a day is its end.

    Raises:
        BadTime: it is neither.
    """
    found = bound(int(text) if text.isascii() and text.isdigit() else text, "the time", end=True)
    moment = found.time if found.position is None else found.position
    if moment is None:
        raise BadTime("give a position, a time or a day")
    return moment


def _text(documents: Documents) -> str:
    parts = [f"{name}\n{json.dumps(documents[name], indent=2, ensure_ascii=False)}" for name in sorted(documents)]
    return "\n".join(parts) or "no documents yet"
