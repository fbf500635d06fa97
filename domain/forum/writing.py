"""What a person has written in a post, on a stream of that person: sealed, and gone with the person's key."""

from domain.aggregate import Aggregate, event, stream_id
from domain.forum.errors import BadText, BadTitle
from domain.personal import PersonalKey, Words, read_words

LONGEST_TITLE = 200  # characters
LONGEST_TEXT = 20_000  # characters


def writing_stream(learner_id: str, thread_id: str, post_no: int) -> str:
    """The stream of what a person says in a post."""
    return stream_id("text", learner_id, thread_id, str(post_no))


class Writing(Aggregate):
    """
    Title and text of one post, in versions; only the first post of a thread has a title.

    Attributes:
        edits: how often it was changed.
    """

    category = "text"
    ids = ("learner_id", "thread_id", "post_no")
    keyed_by = "learner_id"

    class Written(Aggregate.Event):
        TOPIC = "text.written"
        title: Words
        text: Words

    class Edited(Aggregate.Event):
        """Both as they are from then on."""

        TOPIC = "text.edited"
        title: Words
        text: Words

    def initial_state(self) -> None:
        self.title = ""
        self.text = ""
        self.edits = 0

    def write(self, title: str, text: str) -> None:
        """Say something for the first time."""
        title, text = self._checked(title, text)
        self._written(title=title, text=text)

    @event(Written)
    def _written(self, title: str, text: str) -> None:
        self.title, self.text = title, text

    def edit(self, title: str, text: str, key: PersonalKey | None) -> None:
        """Say something else; the same once more changes nothing. *key* opens what was said."""
        title, text = self._checked(title, text)
        said = (self.title, self.text) if key is None else (read_words(self.title, key), read_words(self.text, key))
        if (title, text) != said:
            self._edited(title=title, text=text)

    @event(Edited)
    def _edited(self, title: str, text: str) -> None:
        self.title, self.text, self.edits = title, text, self.edits + 1

    def _checked(self, title: str, text: str) -> tuple[str, str]:
        title, text = title.strip(), text.strip()
        if len(title) > LONGEST_TITLE or (bool(title) != (self.id_of("post_no") == "1")):
            raise BadTitle(most=LONGEST_TITLE)
        if not 1 <= len(text) <= LONGEST_TEXT:
            raise BadText(most=LONGEST_TEXT)
        return title, text
