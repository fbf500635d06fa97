"""Formulas of question files are TeX in the text; what cannot be written so is refused with the reason."""

import pytest

from adapters.questions.formulas import with_formulas
from adapters.questions.found import NotTaken
from adapters.questions.reading import read_questions
from tests.adapters.questions.test_reading import FILES

ITEM = (FILES / "examples.qti21.xml").read_text()
NAMESPACE = 'xmlns="http://www.w3.org/1998/Math/MathML"'


def text_with(math: str) -> str:
    """The text of an item with a formula, or why it is refused."""
    read = read_questions(ITEM.replace("Look at the text.", f"Solve {math} now.").encode())
    if read.refused:
        return read.refused[0].reason
    return read.found[0].question.text.partition("</p>")[0].removeprefix("<p>")


@pytest.mark.parametrize(
    ("math", "tex"),
    [
        ("<msup><mi>x</mi><mn>2</mn></msup><mo>=</mo><mn>4</mn>", "{x}^{2}=4"),
        ("<mfrac><mn>1</mn><msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt></mfrac>", r"\frac{1}{\sqrt{a+b}}"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", r"\sqrt[3]{x}"),
        ("<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><mi>sin</mi>", r"{∑}_{i}^{n}\mathrm{sin}"),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr></mtable>",
            r"\begin{matrix}1 &amp; 0\end{matrix}",
        ),
        ("<mtext>50% of {x}</mtext>", r"\text{50\% of \{x\}}"),
        (
            '<semantics><mi>y</mi><annotation encoding="application/x-tex">y_1 &lt; 2</annotation></semantics>',
            "y_1 &lt; 2",
        ),
    ],
)
def test_mathml_is_tex_in_the_text(math: str, tex: str) -> None:
    """With a prefix or without one; the text around it stays."""
    assert text_with(f"<math {NAMESPACE}>{math}</math>") == f"Solve \\({tex}\\) now."
    prefixed = math.replace("</", "<//").replace("<", "<m:").replace("<m://", "</m:")
    wrapped = f'<m:math xmlns:m="http://www.w3.org/1998/Math/MathML">{prefixed}</m:math>'
    assert text_with(wrapped) == f"Solve \\({tex}\\) now."


@pytest.mark.parametrize(
    ("math", "reason"),
    [
        ("<maction><mi>x</mi></maction>", "it has a formula with <maction>, which is not read"),
        ("<mfrac><mi>x</mi></mfrac>", "it has a formula with <mfrac>, which is not read"),
        ("", "it has a formula that cannot be written as TeX"),
        ("<mrow>" * 60 + "<mi>x</mi>" + "</mrow>" * 60, "it has a formula that is nested more than 50 deep"),
        ("<mtext>\\)</mtext>" * 2_000, "it has a formula that cannot be written as TeX"),
    ],
)
def test_formulas_that_are_refused(math: str, reason: str) -> None:
    """The question is, with the reason; nothing of the formula is lost in silence."""
    assert text_with(f"<math {NAMESPACE}>{math}</math>") == reason


def test_equation_images_of_canvas() -> None:
    """Their TeX stands in an attribute, perhaps encoded as in an address; other pictures stay what they are."""
    image = '<img class="equation_image" src="/equation_images/x" data-equation-content="\\frac{a}{b} &lt; 1">'
    assert with_formulas(f"<p>Is {image}?</p>") == "<p>Is \\(\\frac{a}{b} &lt; 1\\)?</p>"
    assert with_formulas("<img data-equation-content='x%5E2'/>") == "\\(x^2\\)"
    assert with_formulas('<img src="a.png">') == '<img src="a.png">'
    with pytest.raises(NotTaken):
        with_formulas('<img data-equation-content="">')
