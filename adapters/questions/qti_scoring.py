"""What a QTI item says is right and what it is worth: correct responses, mappings, the usual response processing."""

from dataclasses import dataclass, field
from fractions import Fraction

from adapters.questions.found import NotTaken
from adapters.questions.normal import close, snapped
from adapters.questions.qti_tree import attribute, kind, of, one, within
from adapters.questions.xml import Element, text_in
from domain.questions import BadNumber, exact, written

TAKEN = {
    *("responsecondition", "responseif", "responseelse", "responseelseif", "match", "variable", "correct", "equal"),
    *("setoutcomevalue", "basevalue", "mapresponse", "isnull", "not", "and", "or", "sum", "stringmatch", "null"),
}
"""The elements of response processing of which the readers know the meaning."""


@dataclass
class Declared:
    """
    A response declaration.

    Attributes:
        correct: the correct values, in their order.
        mapping: what each value is worth.
        case_sensitive: whether any value of the mapping is compared with its case.
    """

    cardinality: str
    base_type: str
    correct: list[str] = field(default_factory=list)
    mapping: dict[str, Fraction] = field(default_factory=dict)
    case_sensitive: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the response is a number."""
        return self.base_type in ("float", "integer")


def value_of(text: str, what: str) -> Fraction:
    """A number of a file."""
    try:
        return exact(text.strip().replace("E", "e").replace("e+", "e").lstrip("+"))
    except BadNumber as error:
        raise NotTaken(f"{what}: {error.sentence}") from None


def share(part: Fraction, whole: Fraction) -> str:
    """A share, whose rounded decimals mean a fraction."""
    return written(snapped(part / whole)) if whole else "0"


def declarations(item: Element) -> dict[str, Declared]:
    """The response declarations of an item, by their identifiers."""
    return {attribute(each, "identifier"): _declared(each) for each in of(item, "responsedeclaration")}


def _declared(element: Element) -> Declared:
    declared = Declared(attribute(element, "cardinality", "single"), attribute(element, "basetype", "identifier"))
    correct, mapping = one(element, "correctresponse"), one(element, "mapping")
    if correct is not None:
        declared.correct = [" ".join(text_in(each).split()) for each in of(correct, "value")]
    if mapping is not None:
        for entry in of(mapping, "mapentry"):
            value = value_of(attribute(entry, "mappedvalue", "0"), "mapped-value")
            declared.mapping[" ".join(attribute(entry, "mapkey").split())] = value
            declared.case_sensitive |= attribute(entry, "casesensitive", "true") == "true"
        if (
            value_of(attribute(mapping, "defaultvalue", "0"), "default-value") != 0
            and declared.base_type != "directedPair"
        ):
            raise NotTaken("its mapping has a default value")
    return declared


@dataclass(frozen=True)
class Scoring:
    """
    How an item is scored.

    Attributes:
        maps: by the mapping, not by the correct response.
        points: what the correct response is worth.
    """

    maps: bool
    points: Fraction

    def near(self, points: Fraction) -> Fraction:
        """Points that were added up from rounded parts: those that the item declares, where these are equal."""
        return self.points if abs(points - self.points) <= self.points / 10_000 else points


def scoring_of(item: Element) -> Scoring:
    """
    Read the response processing of an item.

    Raises:
        NotTaken: it is more than a template, a match with the correct response or a mapping.
    """
    most = next((each for each in of(item, "outcomedeclaration") if attribute(each, "identifier") == "MAXSCORE"), None)
    points = Fraction(1)
    if most is not None and text_in(most).strip():
        points = close(value_of(text_in(most), "MAXSCORE")) or points
    processing = one(item, "responseprocessing")
    if processing is None:
        return Scoring(False, points)
    template = attribute(processing, "template").rpartition("/")[2].lower().removesuffix(".xml")
    if template:
        if template.endswith("map_response"):
            return Scoring(True, points)
        if template.endswith("match_correct"):
            return Scoring(False, points)
        raise NotTaken(f"its response processing follows the template {template[:40]!r}, which is not taken")
    for each in within(processing, *_others(processing)):
        raise NotTaken(f"its response processing has <{kind(each)}>, which is not taken")
    worth = [
        value_of(text_in(value), "SCORE")
        for outcome in within(processing, "setoutcomevalue")
        if attribute(outcome, "identifier") == "SCORE"
        for value in of(outcome, "basevalue")
    ]
    best = max(worth, default=Fraction(0))
    maps = any(True for _ in within(processing, "mapresponse"))
    return Scoring(maps, close(best) or points)


def _others(processing: Element) -> set[str]:
    return {kind(each) for each in processing.iter()} - TAKEN - {"responseprocessing"}


def tolerances(item: Element, identifier: str) -> list[tuple[Fraction, Fraction, Fraction]]:
    """The values with which a response is compared: value, tolerance and points, in their order."""
    found: list[tuple[Fraction, Fraction, Fraction]] = []
    for equal in within(item, "equal"):
        named = [attribute(each, "identifier") for each in of(equal, "variable")]
        values = [value_of(text_in(each), "value") for each in of(equal, "basevalue")]
        if named != [identifier] or len(values) != 1:
            continue
        mode = attribute(equal, "tolerancemode", "exact")
        if mode not in ("exact", "absolute", "relative"):
            raise NotTaken(f"the tolerance mode {mode[:20]!r} is not known")
        numbers = [value_of(each, "tolerance") for each in attribute(equal, "tolerance", "0").split()]
        if len(set(numbers)) > 1:
            raise NotTaken("its tolerance is another one above than below")
        tolerance = numbers[0] if numbers and mode != "exact" else Fraction(0)
        if mode == "relative":
            tolerance *= abs(values[0]) / 100
        points = _points_of(equal)
        found.append((values[0], tolerance, points))
    return found


def _points_of(condition: Element) -> Fraction:
    branch = condition.getparent()
    for outcome in () if branch is None else of(branch, "setoutcomevalue"):
        for value in of(outcome, "basevalue") if attribute(outcome, "identifier").startswith("SCORE") else ():
            return value_of(text_in(value), "SCORE")
    return Fraction(1)
