"""The response that a key takes for right, to be shown to a learner when the policy allows it."""

from domain.questions.key import (
    ClozeKey,
    GapKey,
    Key,
    MatchingKey,
    MultipleChoiceKey,
    NumericKey,
    OrderingKey,
    ShortTextKey,
    SingleChoiceKey,
    TrueFalseKey,
)
from domain.questions.numbers import exact, written
from domain.questions.response import (
    ClozeResponse,
    GapResponse,
    MatchingResponse,
    MultipleChoiceResponse,
    NumericResponse,
    OrderingResponse,
    Response,
    ShortTextResponse,
    SingleChoiceResponse,
    TrueFalseResponse,
)
from domain.questions.texts import without_wildcards


def right_response(key: Key) -> Response | None:  # noqa: PLR0911 - one for each kind
    """The first response that earns all points; None where a person grades."""
    match key:
        case SingleChoiceKey() | NumericKey() | ShortTextKey():
            return _of_gap(key)
        case MultipleChoiceKey():
            return MultipleChoiceResponse(option_ids=list(key.right))
        case TrueFalseKey():
            return TrueFalseResponse(answer=key.right)
        case OrderingKey():
            return OrderingResponse(order=list(key.order))
        case MatchingKey():
            return MatchingResponse(pairs=dict(key.pairs))
        case ClozeKey():
            return ClozeResponse(gaps={gap_id: _of_gap(of_gap) for gap_id, of_gap in key.gaps.items()})
    return None


def _of_gap(key: GapKey) -> GapResponse:
    match key:
        case SingleChoiceKey():
            return SingleChoiceResponse(option_id=next(each for each, share in key.shares.items() if exact(share) == 1))
        case NumericKey():
            value = next(exact(each.value) for each in key.answers if exact(each.share) == 1)
            unit, of_base = next(iter(key.units.items()), ("", "1"))
            return NumericResponse(value=written(value * exact(of_base)), unit=unit)
        case ShortTextKey():
            form = next(each.text for each in key.accepted if exact(each.share) == 1)
            return ShortTextResponse(text=without_wildcards(form) if key.wildcards else form)
