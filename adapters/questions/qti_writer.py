"""QTI 3, written: a package of items with the standard interactions, mappings and response conditions."""

import io
import zipfile
from fractions import Fraction
from typing import Any

import lxml.html
from lxml import etree

from adapters.questions.found import NotTaken
from adapters.questions.percent import decimal
from adapters.questions.qti_tree import FORMAT
from adapters.questions.xml import Element
from domain.questions import Key, Question, exact
from domain.questions.checks import GAP
from domain.questions.key import (
    ClozeKey,
    EssayKey,
    FileUploadKey,
    GapKey,
    MatchingKey,
    MultipleChoiceKey,
    NumericKey,
    OrderingKey,
    ShortTextKey,
    SingleChoiceKey,
    TrueFalseKey,
)
from domain.questions.question import Cloze, Essay, FileUpload, Matching, MultipleChoice, Option, Ordering, SingleChoice
from domain.questions.sections import Label

NS = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
PACKAGING = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
WRITTEN_AT = (1980, 1, 1, 0, 0, 0)  # the earliest time of a zip file, so that equal questions make equal packages


def _default(namespace: str) -> Any:
    """The map of namespaces in which one needs no prefix; the stubs have no type for it."""
    return {None: namespace}


def package(items: list[tuple[str, Element]]) -> bytes:
    """A package of items, by their identifiers."""
    manifest = etree.Element(f"{{{PACKAGING}}}manifest", {"identifier": "campuslog"}, nsmap=_default(PACKAGING))
    metadata = etree.SubElement(manifest, f"{{{PACKAGING}}}metadata")
    etree.SubElement(metadata, f"{{{PACKAGING}}}schema").text = "QTI Package"
    etree.SubElement(metadata, f"{{{PACKAGING}}}schemaversion").text = "3.0.0"
    etree.SubElement(manifest, f"{{{PACKAGING}}}organizations")
    resources = etree.SubElement(manifest, f"{{{PACKAGING}}}resources")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, item in items:
            href = f"items/{name}.xml"
            about = {"identifier": name, "type": "imsqti_item_xmlv3p0", "href": href}
            resource = etree.SubElement(resources, f"{{{PACKAGING}}}resource", about)
            etree.SubElement(resource, f"{{{PACKAGING}}}file", {"href": href})
            file.writestr(zipfile.ZipInfo(href, WRITTEN_AT), _bytes(item), zipfile.ZIP_DEFLATED)
        file.writestr(zipfile.ZipInfo("imsmanifest.xml", WRITTEN_AT), _bytes(manifest), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _bytes(element: Element) -> bytes:
    return etree.tostring(element, encoding="UTF-8", xml_declaration=True)


def qti_of(label: Label, question: Question, key: Key) -> Element:
    """One question as an item; raises NotTaken."""
    try:
        return _Item(label, question, key).element
    except ValueError:
        raise NotTaken("a text has a character that XML has not") from None


class _Item:
    """An item in the making: its elements, in the order that the schema wants."""

    def __init__(self, label: Label, question: Question, key: Key) -> None:
        self.question, self.key, self.points = question, key, exact(question.points)
        self.element = etree.Element(
            f"{{{NS}}}qti-assessment-item",
            {"identifier": question.question_id, "title": label.title, "adaptive": "false", "time-dependent": "false"},
            nsmap=_default(NS),
        )
        self.body = etree.Element(f"{{{NS}}}qti-item-body", {FORMAT: str(question.format)})
        if label.category:
            self.body.set("data-campuslog-category", label.category)
        if label.tags:
            self.body.set("data-campuslog-tags", "\n".join(label.tags))
        if question.hint_penalty != "0":
            self.body.set("data-campuslog-hint-penalty", question.hint_penalty)
        self.processing = etree.Element(f"{{{NS}}}qti-response-processing")
        self.outcomes: list[str] = []
        for hint in question.hints:
            self.html(self.add(self.body, "rubric-block", use="hint", view="candidate"), hint)
        self.text = self.add(self.body, "div", **{"data-campuslog-text": ""})
        if not isinstance(question, Cloze):
            self.html(self.text, question.text)
        self.ask()
        self.outcome("SCORE", "0")
        for name in self.outcomes:
            self.outcome(name, "0")
        self.outcome("MAXSCORE", decimal(self.points))
        self.element.append(self.body)
        if len(self.processing):
            self.element.append(self.processing)
        self.feedback()

    def add(self, parent: Element, name: str, text: str = "", **attributes: str) -> Element:
        """Add an element of QTI, or of HTML."""
        tag = name if name in ("div", "p") else f"qti-{name}"
        element = etree.SubElement(
            parent, f"{{{NS}}}{tag}", {key.replace("_", "-"): value for key, value in attributes.items()}
        )
        element.text = text or None
        return element

    def html(self, element: Element, text: str) -> None:
        """Fill an element with a text of the question."""
        if self.question.format != "html":
            element.text = text
            return
        fragment = lxml.html.fragment_fromstring(text, create_parent="div")
        element.text = fragment.text
        for each in list(fragment):
            for part in each.iter():
                part.tag = f"{{{NS}}}{part.tag}"
            element.append(each)

    def outcome(self, name: str, value: str) -> None:
        """Declare an outcome."""
        declared = self.add(
            self.element, "outcome-declaration", identifier=name, cardinality="single", base_type="float"
        )
        self.add(self.add(declared, "default-value"), "value", value)

    def response(
        self, correct: list[str], worth: dict[str, Fraction], *, name: str = "RESPONSE", **declared: str
    ) -> Element:
        """Declare a response, with what is correct and what each value is worth."""
        response = self.add(self.element, "response-declaration", identifier=name, **declared)
        if correct:
            values = self.add(response, "correct-response")
            for each in correct:
                self.add(values, "value", each)
        if worth:
            most = decimal(sum((value for value in worth.values() if value > 0), Fraction(0)))
            bounds = {"lower_bound": "0", "upper_bound": most} if declared["cardinality"] == "multiple" else {}
            mapping = self.add(response, "mapping", default_value="0", **bounds)
            for value, points in worth.items():
                self.add(mapping, "map-entry", map_key=value, mapped_value=decimal(points))
        return response

    def map(self, name: str = "RESPONSE", score: str = "SCORE") -> None:
        """Score by the mapping."""
        outcome = self.add(self.processing, "set-outcome-value", identifier=score)
        self.add(outcome, "map-response", identifier=name)

    def match(self) -> None:
        """Give all points for the correct response."""
        condition = self.add(self.add(self.processing, "response-condition"), "response-if")
        same = self.add(condition, "match")
        self.add(same, "variable", identifier="RESPONSE")
        self.add(same, "correct", identifier="RESPONSE")
        self.give(condition, self.points)

    def give(self, condition: Element, points: Fraction, score: str = "SCORE") -> None:
        """Set the score within a condition."""
        outcome = self.add(condition, "set-outcome-value", identifier=score)
        self.add(outcome, "base-value", decimal(points), base_type="float")

    def ask(self) -> None:
        """Add the interactions, their declarations and the response processing."""
        match self.question, self.key:
            case (SingleChoice(), SingleChoiceKey()) | (MultipleChoice(), MultipleChoiceKey()):
                self.choice(self.question, self.key)  # type: ignore[arg-type]
            case _, TrueFalseKey():
                self.true_false(self.key)
            case _, NumericKey() | ShortTextKey():
                self.add(self.add(self.body, "p"), "text-entry-interaction", response_identifier="RESPONSE")
                self.entry(self.key, "RESPONSE", "SCORE", self.points)
            case Ordering(), OrderingKey(rule="all_or_nothing"):
                self.order(self.question, self.key)
            case Matching(), MatchingKey():
                self.matching(self.question, self.key)
            case Cloze(), ClozeKey():
                self.cloze(self.question, self.key)
            case ((Essay() | FileUpload()), (EssayKey() | FileUploadKey())) if not self.key.rubric:
                self.by_person(self.question, self.key.guidance)
            case _:
                raise NotTaken("QTI 3 has no such rule for partial credit, or no rubric, that other programs know")

    def options(self, interaction: Element, options: list[Option], name: str = "simple-choice", **more: str) -> None:
        """Add what can be chosen."""
        for each in options:
            fixed = {"fixed": "true"} if each.fixed else {}
            self.html(self.add(interaction, name, identifier=each.option_id, **fixed, **more), each.text)

    def choice(self, question: SingleChoice | MultipleChoice, key: SingleChoiceKey | MultipleChoiceKey) -> None:
        """One option or several."""
        single = isinstance(key, SingleChoiceKey)
        if isinstance(key, MultipleChoiceKey) and key.rule not in ("shares", "all_or_nothing"):
            raise NotTaken("QTI 3 has no such rule for partial credit that other programs know")
        worth = {each: exact(share) * self.points for each, share in key.shares.items()}
        if isinstance(question, MultipleChoice) and isinstance(key, MultipleChoiceKey):
            right, most, least = key.right, question.max_choices or 0, question.min_choices
        else:
            right, most, least = [each for each in worth if worth[each] == self.points][:1], 1, 0
        self.response(right, worth, cardinality="single" if single else "multiple", base_type="identifier")
        interaction = self.add(
            self.body,
            "choice-interaction",
            response_identifier="RESPONSE",
            max_choices=str(most),
            shuffle="true" if question.shuffle else "false",
            min_choices=str(least),
        )
        self.options(interaction, question.options)
        if worth:
            self.map()
        else:
            self.match()

    def true_false(self, key: TrueFalseKey) -> None:
        """True or false, in this order."""
        right = "true" if key.right else "false"
        self.response([right], {}, cardinality="single", base_type="identifier")
        interaction = self.add(self.body, "choice-interaction", response_identifier="RESPONSE", max_choices="1")
        for name, text in (("true", "True"), ("false", "False")):
            self.add(interaction, "simple-choice", text, identifier=name)
        self.match()

    def entry(self, key: NumericKey | ShortTextKey, name: str, score: str, points: Fraction) -> None:
        """What is typed."""
        if isinstance(key, ShortTextKey):
            if key.wildcards or key.spaces != "collapse" or any(each.feedback for each in key.accepted):
                raise NotTaken("QTI 3 has no wildcards, no rules for spaces, and no feedback to one form of an answer")
            worth = {each.text: exact(each.share) * points for each in key.accepted}
            response = self.response([key.accepted[0].text], worth, name=name, cardinality="single", base_type="string")
            for entry in response.iter(f"{{{NS}}}qti-map-entry"):
                entry.set("case-sensitive", "true" if key.case_sensitive else "false")
            self.map(name, score)
            return
        if key.units or any(each.feedback for each in key.answers):
            raise NotTaken("QTI 3 has no units, and no feedback to one value")
        self.response([key.answers[0].value], {}, name=name, cardinality="single", base_type="float")
        condition = self.add(self.processing, "response-condition")
        for place, each in enumerate(key.answers):
            branch = self.add(condition, "response-else-if" if place else "response-if")
            bounds = {"tolerance_mode": "absolute", "tolerance": f"{each.tolerance} {each.tolerance}"}
            equal = self.add(branch, "equal", **bounds)
            self.add(equal, "variable", identifier=name)
            self.add(equal, "base-value", each.value, base_type="float")
            self.give(branch, exact(each.share) * points, score)

    def order(self, question: Ordering, key: OrderingKey) -> None:
        """The whole order."""
        self.response(key.order, {}, cardinality="ordered", base_type="identifier")
        interaction = self.add(self.body, "order-interaction", response_identifier="RESPONSE", shuffle="true")
        self.options(interaction, question.options)
        self.match()

    def matching(self, question: Matching, key: MatchingKey) -> None:
        """Pairs, each worth the same, or all together."""
        pairs = [f"{prompt} {choice}" for prompt, choice in key.pairs.items()]
        each = self.points / len(pairs)
        worth = dict.fromkeys(pairs, each) if key.rule == "each_pair" else {}
        self.response(pairs, worth, cardinality="multiple", base_type="directedPair")
        interaction = self.add(
            self.body,
            "match-interaction",
            response_identifier="RESPONSE",
            max_associations=str(len(question.prompts)),
            shuffle="true" if question.shuffle else "false",
        )
        prompts, choices = (self.add(interaction, "simple-match-set") for _ in range(2))
        self.options(prompts, question.prompts, "simple-associable-choice", match_max="1")
        self.options(choices, question.choices, "simple-associable-choice", match_max="0" if question.reuse else "1")
        if worth:
            self.map()
        else:
            self.match()

    def cloze(self, question: Cloze, key: ClozeKey) -> None:
        """A text with places to fill in, each with a score of its own."""
        self.html(self.text, question.text)
        gaps = {gap.question_id: gap for gap in question.gaps}
        for element in list(self.text.iter()):
            for attribute in ("text", "tail"):
                self.place(element, attribute, gaps, key.gaps)
        outcome = self.add(self.processing, "set-outcome-value", identifier="SCORE")
        whole = self.add(outcome, "sum")
        for name in self.outcomes:
            self.add(whole, "variable", identifier=name)

    def place(self, element: Element, attribute: str, gaps: dict[str, Any], keys: dict[str, GapKey]) -> None:
        """Put interactions where the gaps are in the text of an element, or after it."""
        text = getattr(element, attribute) or ""
        if (attribute == "tail" and element is self.text) or GAP.search(text) is None:
            return
        first, *parts = GAP.split(text)
        setattr(element, attribute, first)
        above = element.getparent()
        parent, at = (element, 0) if attribute == "text" or above is None else (above, above.index(element) + 1)
        for gap_id, after in zip(parts[::2], parts[1::2], strict=True):
            interaction = self.gap(gaps[gap_id], keys[gap_id])
            interaction.tail = after
            parent.insert(at, interaction)
            at += 1

    def gap(self, gap: Any, key: GapKey) -> Element:
        """One place to fill in."""
        name, score, points = gap.question_id, f"SCORE_{gap.question_id}", exact(gap.points)
        self.outcomes.append(score)
        holder = etree.Element("holder")
        if isinstance(key, SingleChoiceKey):
            worth = {each: exact(share) * points for each, share in key.shares.items()}
            if key.feedback:
                raise NotTaken("QTI 3 has no feedback to an option of a gap")
            right = [each for each in worth if worth[each] == points][:1]
            self.response(right, worth, name=name, cardinality="single", base_type="identifier")
            shuffle = "true" if gap.shuffle else "false"
            interaction = self.add(holder, "inline-choice-interaction", response_identifier=name, shuffle=shuffle)
            self.options(interaction, gap.options, "inline-choice")
            self.map(name, score)
            return interaction
        self.entry(key, name, score, points)
        return self.add(holder, "text-entry-interaction", response_identifier=name)

    def by_person(self, question: Essay | FileUpload, guidance: str) -> None:
        """What a person grades."""
        if guidance:
            self.html(self.add(self.body, "rubric-block", use="scoring", view="scorer"), guidance)
        if isinstance(question, FileUpload):
            limits = {"max-files": question.max_files, "max-bytes": question.max_bytes}
            self.response([], {}, cardinality="single", base_type="file")
            interaction = self.add(self.body, "upload-interaction", response_identifier="RESPONSE")
            if question.accept:
                interaction.set("type", " ".join(question.accept))
        else:
            limits = {"min-words": question.min_words, "max-words": question.max_words}  # type: ignore[dict-item]
            self.response([], {}, cardinality="single", base_type="string")
            lines = str(question.lines)
            interaction = self.add(
                self.body, "extended-text-interaction", response_identifier="RESPONSE", expected_lines=lines
            )
        for name, limit in limits.items():
            if limit is not None:
                interaction.set(f"data-campuslog-{name}", str(limit))

    def feedback(self) -> None:
        """Add what is said about the response, by the ids that marking uses."""
        said = {
            "general": self.key.general,
            "right": self.key.when_right,
            "partly": self.key.when_partly,
            "wrong": self.key.when_wrong,
        }
        if isinstance(self.key, SingleChoiceKey | MultipleChoiceKey):
            said |= {f"option.{option_id}": text for option_id, text in self.key.feedback.items()}
        for name, text in said.items():
            if text:
                where = {"outcome_identifier": "FEEDBACK", "identifier": name, "show_hide": "show"}
                self.html(self.add(self.add(self.element, "modal-feedback", **where), "content-body"), text)
