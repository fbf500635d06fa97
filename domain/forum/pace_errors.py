"""What can be wrong with how often, or in which words, a person posts."""

from domain.errors import Conflict, Rejected


class TooManyPosts(Conflict):
    """Who is new on a run posts so often in a while and no more."""

    code = "too_many_posts"
    template = (
        "who is new in the forum of run {run_id} posts {posts} times in {minutes} minutes: post again in {wait} seconds"
    )


class SlowMode(Conflict):
    """The staff have slowed the thread, or the forum of the run, down."""

    code = "slow_mode"
    template = "{seconds} seconds lie between two posts of a person here: post again in {wait} seconds"


class WordRefused(Rejected):
    """The text has a word of a list."""

    code = "word_refused"
    template = 'the text has a word that is not posted here: "{word}"'


class BadPace(Rejected):
    """A limit that means nothing, or too much."""

    code = "bad_pace"
    template = (
        "newcomers post 1 to {posts} times in 1 to {minutes} minutes until 1 to {standing} posts stand, and 0 to"
        " {seconds} seconds lie between two posts"
    )


class BadWordList(Rejected):
    """A list that is too long, or an entry without a letter or digit."""

    code = "bad_word_list"
    template = "a list has at most {most} words or phrases of 1 to {longest} characters, each with a letter or a digit"
