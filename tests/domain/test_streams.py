"""What the id of a stream says is declared by its aggregate, and the partition that follows from it never changes."""

import pytest

from domain.aggregate import Aggregate
from domain.registry import AGGREGATES, BY_CATEGORY
from domain.streams import UnknownId, id_of, id_or_none, ids_of, is_reference, key_of, named_id, named_ids, partition_of
from tests.support.given import STREAMS


@pytest.mark.parametrize(
    ("stream", "key", "partition"),
    [
        ("course-AAA", "course-AAA", 2),
        ("course_draft-AAA", "course_draft-AAA", 8),
        ("run-AAA-2013J", "run-AAA-2013J", 59),
        ("admission-28400:AAA-2013J", "28400", 38),
        ("enrollment-28400:AAA-2013J", "28400", 38),
        ("seats-AAA-2013J", "seats-AAA-2013J", 56),
        ("progress-28400:AAA-2013J", "28400", 38),
        ("appeal-28400:AAA-2013J", "28400", 38),
        ("cohort-AAA-2013J:spring", "AAA-2013J", 34),
        ("rebase-AAA-2013J", "rebase-AAA-2013J", 10),
        ("viewing-28400:AAA-2013J:film", "28400", 38),
        (
            "issued_credential-6f2d5f0e-2c0b-5a55-9c67-6c5a0b0c6d3e",
            "issued_credential-6f2d5f0e-2c0b-5a55-9c67-6c5a0b0c6d3e",
            35,
        ),
        ("quiz-1752", "quiz-1752", 15),
        ("attempt-28400:1752:1", "28400", 38),
        ("allowance-28400:1752", "28400", 38),
        ("product-algebra", "product-algebra", 11),
        ("offers-AAA", "offers-AAA", 24),
        ("coupon-SPRING", "coupon-SPRING", 46),
        ("order-28400:o1", "28400", 38),
        ("payment-28400:o1.1", "28400", 38),
        ("refund-28400:o1.r1", "28400", 38),
        ("dispute-28400:dp_1", "28400", 38),
        ("subscription-28400:s1", "28400", 38),
        ("entitlement-28400:o1.1", "28400", 38),
        ("provider-evt_1", "provider-evt_1", 51),
        ("payout-po_1", "payout-po_1", 6),
        ("receipts-2026", "receipts-2026", 7),
        ("checkpoint-main", "checkpoint-main", 52),
        ("import-oulad:1", "import-oulad:1", 20),
        ("projection-gradebook", "projection-gradebook", 20),
        ("record-28400:2026-02-14T18", "28400", 38),
        ("books-main", "books-main", 36),
        ("user-28400", "28400", 38),
        ("credentials-28400", "28400", 38),
        ("role-28400", "28400", 38),
        ("break_glass-28400:ada", "28400", 38),
        ("refund_claim-28400:o1", "28400", 38),
        ("names-algebra-2026:ada:2026-02-14", "names-algebra-2026:ada:2026-02-14", 3),
        ("analysis-28400:2026-02-14T18", "28400", 38),
        ("saved_query-28400:5f1c5f1c", "28400", 38),
        (
            "job-0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f:give_back",
            "job-0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f:give_back",
            11,
        ),
        (
            "reaction-0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f:grade_by_key",
            "reaction-0199c7f0-a1b2-7c3d-8e4f-5a6b7c8d9e0f:grade_by_key",
            12,
        ),
        ("bulk-5f1c5f1c", "bulk-5f1c5f1c", 61),
        ("announcement-a1", "announcement-a1", 26),
        ("setting-main", "setting-main", 45),
        ("webhook-w1", "webhook-w1", 17),
        ("client-service-reports", "service-reports", 52),
        ("lti_tool-tool-equations", "lti_tool-tool-equations", 20),
        ("lti_items-AAA-2013J:tool-equations", "lti_items-AAA-2013J:tool-equations", 41),
        ("lti_result-28400:AAA-2013J:lab", "28400", 38),
        ("notification-28400:5f3cbe0d7b0f4a3c9d2e1f0a8b7c6d5e", "28400", 38),
        ("inbox-28400", "28400", 38),
        ("notification_settings-28400", "28400", 38),
        ("digest-28400:2026-03-29", "28400", 38),
        ("mailbox-28400", "28400", 38),
        ("session-28400:s1", "28400", 38),
        ("token-28400:t1", "28400", 38),
        ("question_bank-algebra", "algebra", 22),
        ("question-algebra:q1", "algebra", 22),
        ("topics-AAA-2013J", "AAA-2013J", 34),
        ("thread-0d9c7f0a", "0d9c7f0a", 45),
        ("post-0d9c7f0a:2", "0d9c7f0a", 45),
        ("text-28400:0d9c7f0a:2", "28400", 38),
        ("vote-28400:0d9c7f0a:2", "28400", 38),
        ("reading-28400:0d9c7f0a", "28400", 38),
        ("moderation-0d9c7f0a:2", "0d9c7f0a", 45),
        ("report-28400:0d9c7f0a:2", "28400", 38),
        ("notice-28400:0d9c7f0a:2", "28400", 38),
        ("staff_message-m1", "staff_message-m1", 57),
        ("reminders-28400:AAA-2013J", "28400", 38),
        ("notice_round-0d9c7f0a.2", "notice_round-0d9c7f0a.2", 36),
        ("conduct-28400:AAA-2013J", "28400", 38),
        ("forum_rules-AAA-2013J", "forum_rules-AAA-2013J", 4),
        ("word_list-campus:campus", "word_list-campus:campus", 35),
        ("shelf-AAA:7", "shelf-AAA:7", 18),
    ],
)
def test_a_stored_partition_is_for_ever(stream: str, key: str, partition: int) -> None:
    """Every category has the key and the partition that are in logs by now; an unknown one is keyed by stream."""
    assert (key_of(stream), partition_of(stream)) == (key, partition)


def test_every_category_is_pinned() -> None:
    """The list above is complete: a new aggregate adds its line."""
    pinned = test_a_stored_partition_is_for_ever.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {stream.partition("-")[0] for stream, _, _ in pinned} >= BY_CATEGORY.keys()


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_ids_have_names(aggregate: type[Aggregate]) -> None:
    """A stream has as many ids as its aggregate names, each found by its name."""
    stream = STREAMS[aggregate.category]
    ids = ids_of(stream)
    assert tuple(ids) == aggregate.ids
    assert f"{aggregate.category}-{':'.join(ids.values())}" == stream
    assert [aggregate.blank(stream).id_of(name) for name in ids] == list(ids.values())
    assert named_ids(*reversed(aggregate.ids))(stream) == tuple(reversed([*ids.values()]))
    assert [named_id(name)(stream) for name in ids] == [id_or_none(stream, name) for name in ids] == list(ids.values())


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_the_key_is_the_first_id(aggregate: type[Aggregate]) -> None:
    """So that an index finds the streams of a key by how their ids begin; a reference aggregate is keyed by nothing."""
    assert aggregate.keyed_by in (None, aggregate.ids[0])
    assert aggregate.keyed_by is None or aggregate.scope == "keyed"
    assert is_reference(STREAMS[aggregate.category]) == (aggregate.scope == "reference")


@pytest.mark.parametrize("stream", ["enrollment-7", "enrollment-7:AAA:1", "shelf-AAA:7", "nonsense"])
def test_ids_without_names_are_refused(stream: str) -> None:
    """A stream of an unknown category, or with too few or too many ids, has no id of any name."""
    with pytest.raises(UnknownId):
        id_of(stream, "run_id")


def test_a_missing_id_is_none_where_that_is_asked_for() -> None:
    """An export keeps a fact whatever its stream is called."""
    assert id_or_none("enrollment-7", "learner_id") == "7"
    assert id_or_none("enrollment-7", "run_id") is None
    assert id_or_none("enrollment-:AAA", "learner_id") is None
    assert id_or_none("seats-AAA", "learner_id") is None
    assert id_or_none("shelf-7", "learner_id") is None
