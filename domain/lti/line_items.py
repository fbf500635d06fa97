"""
Line items that a tool makes itself (AGS 2.0, scope `lineitem`): columns of results on a run, beside those of its units.

Each belongs to a unit of the tool. What a course consists of stays with its editors: such a line item has results that
the tool sends and reads back, and counts for no grade.
"""

import msgspec

from domain.aggregate import Aggregate, event, stream_id
from domain.lti.errors import BadLineItem, NoLineItem, TooManyLineItems
from domain.lti.score import points_in

MOST_ITEMS = 200  # of a tool on a run
LONGEST_TEXT = 256  # characters


class ToolItem(msgspec.Struct, frozen=True):
    """
    What a tool says of a line item.

    Attributes:
        unit_id: the unit of the tool to which it belongs: the resource link.
        maximum: points of all, as decimal text.
        resource_id: how the tool calls what is scored.
        tag: what the tool says of it.
    """

    unit_id: str
    label: str
    maximum: str
    resource_id: str
    tag: str

    def check(self) -> None:
        """Refuse what can be no line item; raises BadLineItem."""
        if not self.label.strip():
            raise BadLineItem(why="label is empty")
        for name, text in (("label", self.label), ("resourceId", self.resource_id), ("tag", self.tag)):
            if len(text) > LONGEST_TEXT or "\0" in text:
                raise BadLineItem(why=f"{name} has at most {LONGEST_TEXT} characters, and none that is NUL")
        if not points_in(self.maximum, "scoreMaximum", BadLineItem):
            raise BadLineItem(why="scoreMaximum is 0")


def items_stream(run_id: str, tool_id: str) -> str:
    """The stream of the line items that a tool has made on a run."""
    return stream_id("lti_items", run_id, tool_id)


class ToolItems(Aggregate):
    """The line items that one tool has made on one run."""

    category = "lti_items"
    ids = ("run_id", "tool_id")

    class Added(Aggregate.Event):
        TOPIC = "lti_items.item_added"
        item_id: str
        item: ToolItem

    class Changed(Aggregate.Event):
        TOPIC = "lti_items.item_changed"
        item_id: str
        old: ToolItem
        new: ToolItem

    class Removed(Aggregate.Event):
        TOPIC = "lti_items.item_removed"
        item_id: str
        item: ToolItem

    def initial_state(self) -> None:
        self.items: dict[str, ToolItem] = {}

    def item(self, item_id: str) -> ToolItem:
        """The line item of this id; raises NoLineItem."""
        if item_id not in self.items:
            raise NoLineItem(tool_id=self.id_of("tool_id"), run_id=self.id_of("run_id"), unit_id=item_id)
        return self.items[item_id]

    def add(self, item_id: str, item: ToolItem) -> None:
        """
        Add a line item; the same once more changes nothing.

        Raises:
            BadLineItem: it can be none.
            TooManyLineItems: there are as many as there may be.
        """
        item.check()
        if self.items.get(item_id) == item:
            return
        if len(self.items) >= MOST_ITEMS:
            raise TooManyLineItems(tool_id=self.id_of("tool_id"), run_id=self.id_of("run_id"), most=MOST_ITEMS)
        self._added(item_id=item_id, item=item)

    @event(Added)
    def _added(self, item_id: str, item: ToolItem) -> None:
        self.items[item_id] = item

    def change(self, item_id: str, item: ToolItem) -> None:
        """
        Say something else of a line item, which stays with its unit; the same changes nothing.

        Raises:
            NoLineItem, BadLineItem.
        """
        old = self.item(item_id)
        item.check()
        if item.unit_id != old.unit_id:
            raise BadLineItem(why=f"resourceLinkId stays {old.unit_id}")
        if item != old:
            self._changed(item_id=item_id, old=old, new=item)

    @event(Changed)
    def _changed(self, item_id: str, old: ToolItem, new: ToolItem) -> None:
        self.items[item_id] = new

    def remove(self, item_id: str) -> None:
        """Take no scores for a line item any more; the facts of its results stay. Raises NoLineItem."""
        self._removed(item_id=item_id, item=self.item(item_id))

    @event(Removed)
    def _removed(self, item_id: str, item: ToolItem) -> None:
        self.items.pop(item_id, None)
