"""Rules of pace, of lists of words, and of silence and notes about a person."""

from datetime import UTC, datetime, timedelta

from domain.forum import RemovalGround
from domain.forum.conduct import BadSilence, Conduct, NoteNotFound, PersonSilenced
from domain.forum.moderation_errors import BadWords
from domain.forum.pace_errors import BadPace, BadWordList
from domain.forum.rules import MOST_MINUTES, MOST_POSTS, MOST_SECONDS, MOST_STANDING, ForumRules, Newcomers
from domain.forum.thread import Thread
from domain.forum.word_list import LONGEST_WORD, MOST_WORDS, WordAction, WordList
from tests.support.given import fact, given

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NO = {"old_posts": 0, "old_minutes": 0, "old_standing": 0}
LIMITED = fact(ForumRules.NewcomersLimited, **NO, new_posts=3, new_minutes=60, new_standing=5)
BAD = {"posts": MOST_POSTS, "minutes": MOST_MINUTES, "standing": MOST_STANDING, "seconds": MOST_SECONDS}


def test_newcomers_are_limited_and_not_any_more() -> None:
    """The same once more changes nothing; a limit that means nothing is refused."""
    limit = Newcomers(3, 60, 5)
    given(ForumRules).when(lambda it: it.limit_newcomers(limit)).then(LIMITED)
    given(ForumRules, LIMITED).when(lambda it: it.limit_newcomers(limit)).then()
    given(ForumRules, LIMITED).when(lambda it: it.limit_newcomers(None)).then(
        fact(
            ForumRules.NewcomersLimited,
            old_posts=3,
            old_minutes=60,
            old_standing=5,
            new_posts=0,
            new_minutes=0,
            new_standing=0,
        )
    )
    for wrong in (Newcomers(0, 60, 5), Newcomers(3, 0, 5), Newcomers(3, 60, 51)):
        given(ForumRules).when(lambda it, wrong=wrong: it.limit_newcomers(wrong)).refused(BadPace, **BAD)  # type: ignore[misc]


def test_a_forum_and_a_thread_are_slowed_down() -> None:
    """By seconds between two posts, and not any more by 0."""
    slowed = fact(ForumRules.Slowed, old=0, new=30)
    given(ForumRules).when(lambda it: it.slow_down(30)).then(slowed)
    given(ForumRules, slowed).when(lambda it: it.slow_down(30)).then()
    given(ForumRules).when(lambda it: it.slow_down(-1)).refused(BadPace, **BAD)
    of_thread = fact(Thread.Slowed, old=0, new=30)
    given(Thread).when(lambda it: it.slow_down(30)).then(of_thread)
    given(Thread, of_thread).when(lambda it: it.slow_down(0)).then(fact(Thread.Slowed, old=30, new=0))


def test_entries_of_a_list_have_letters_and_an_end() -> None:
    """What is typed twice, or with other spaces, is one entry; the same list once more changes nothing."""
    changed = fact(WordList.Changed, action="flag", added=["fool", "cheap pills"], removed=[])
    stream = "word_list-run:algebra-1"
    given(WordList, stream=stream).when(
        lambda it: it.set_words(WordAction.FLAG, ["fool", " cheap   pills", "fool", " "])
    ).then(changed)
    given(WordList, changed, stream=stream).when(
        lambda it: it.set_words(WordAction.FLAG, ["cheap pills", "fool"])
    ).then()
    given(WordList, changed, stream=stream).when(lambda it: it.set_words(WordAction.FLAG, ["fool"])).then(
        fact(WordList.Changed, action="flag", added=[], removed=["cheap pills"])
    )
    for wrong in (["…"], ["x" * 65], [f"w{number}" for number in range(MOST_WORDS + 1)]):
        given(WordList, stream=stream).when(
            lambda it, wrong=wrong: it.set_words(WordAction.FLAG, wrong)  # type: ignore[misc]
        ).refused(BadWordList, most=MOST_WORDS, longest=LONGEST_WORD)


def test_a_person_is_silent_for_a_time() -> None:
    """Until then, and within a year; it is moved and ended by the staff, or over by itself."""
    until = AT + timedelta(days=7)
    said = fact(Conduct.Silenced, old_until=None, new_until=until, ground="rude", words="Cool down.")
    given(Conduct).when(lambda it: it.silence(until, RemovalGround.RUDE, "Cool down.", at=AT)).then(said)
    given(Conduct, said).when(lambda it: it.silence(until, RemovalGround.RUDE, "Again.", at=AT)).then()
    given(Conduct, said).when(lambda it: it.must_speak(AT)).refused(
        PersonSilenced, run_id="algebra-1", until=until.isoformat()
    )
    given(Conduct, said).when(lambda it: it.must_speak(until)).then()
    given(Conduct, said).when(lambda it: it.end_silence(at=AT)).then(fact(Conduct.SilenceEnded, until=until))
    given(Conduct, said).when(lambda it: it.end_silence(at=until)).then()
    for wrong in (AT, AT + timedelta(days=367)):
        given(Conduct).when(
            lambda it, wrong=wrong: it.silence(wrong, RemovalGround.RUDE, "", at=AT)  # type: ignore[misc]
        ).refused(BadSilence, days=366)


def test_the_staff_note_something_about_a_person() -> None:
    """Notes are numbered, and one that is removed stays so."""
    noted = fact(Conduct.Noted, note_no=1, words="Was asked twice.")
    given(Conduct).when(lambda it: it.note(" Was asked twice. ")).then(noted)
    given(Conduct).when(lambda it: it.note(" ")).refused(BadWords, most=2_000)
    removed = fact(Conduct.NoteRemoved, note_no=1)
    given(Conduct, noted).when(lambda it: it.remove_note(1)).then(removed)
    given(Conduct, noted, removed).when(lambda it: it.remove_note(1)).then()
    given(Conduct, noted).when(lambda it: it.remove_note(2)).refused(
        NoteNotFound, note_no=2, learner_id="ann", run_id="algebra-1"
    )
