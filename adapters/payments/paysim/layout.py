"""
How paysim's pages look: plain HTML that needs no script.
"""

from collections.abc import Sequence
from html import escape

CSS = """
:root { color-scheme: light; --ink: #1a1f36; --soft: #5a6178; --line: #d5dae3; --blue: #0b5fc2; --bad: #a3123a }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: #f5f7fa;
  overflow-wrap: anywhere }
main { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; display: grid; gap: 2rem }
section { min-width: 0 } section > :first-child { margin-top: 0 } section > :last-child { margin-bottom: 0 }
@media (min-width: 50rem) { main.two { max-width: 60rem; grid-template-columns: 1fr 1fr; gap: 4rem; padding-top: 3rem }
  main.two .sheet { grid-column: 2; grid-row: 1 / span 2 } }
.cards td:first-child { white-space: nowrap }
h1 { font-size: 1.15rem; margin: 0 } h2 { font-size: 1rem; margin: 0 0 .75rem }
.mode { display: inline-block; background: #ffe8a3; border-radius: .3rem; padding: 0 .5rem; font-size: .8rem }
.total { font-size: 2.25rem; font-weight: 650; margin: .25rem 0 1.5rem }
table { width: 100%; border-collapse: collapse } caption { text-align: left; font-weight: 600; padding-bottom: .4rem }
th, td { text-align: left; padding: .45rem .5rem .45rem 0; border-bottom: 1px solid var(--line); font-weight: 400;
  vertical-align: top; overflow-wrap: normal } td:first-child { overflow-wrap: anywhere }
h1 + table { margin-top: 1rem }
td.amount, th.amount { text-align: right; font-variant-numeric: tabular-nums; padding: .45rem 0 .45rem .5rem;
  white-space: nowrap }
tfoot td, tfoot th { font-weight: 650; border: 0 }
.sheet { align-self: start; background: #fff; border: 1px solid var(--line); border-radius: .6rem; padding: 1.5rem }
label { display: block; font-size: .9rem; margin: 0 0 .9rem }
input { display: block; width: 100%; font: inherit; padding: .55rem .65rem; border: 1px solid #8f97ab;
  border-radius: .4rem }
input:focus, button:focus, a:focus { outline: 3px solid #7cb4ff; outline-offset: 1px }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; align-items: end }
button { font: inherit; font-weight: 600; width: 100%; padding: .7rem; border: 0; border-radius: .4rem; color: #fff;
  background: var(--blue); cursor: pointer; margin-bottom: .6rem }
button.second { background: #fff; color: var(--ink); border: 1px solid #8f97ab }
.alert { border-left: .3rem solid var(--bad); background: #fdecf1; color: var(--bad); padding: .6rem .8rem;
  margin: 0 0 1rem }
.soft { color: var(--soft); font-size: .9rem } code { white-space: nowrap; font-size: .9rem }
a { color: var(--blue) }
"""


def page(title: str, body: str, *, two_columns: bool = False) -> str:
    """A whole page around *body*."""
    columns = ' class="two"' if two_columns else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head>"
        f"<body><main{columns}>{body}</main></body></html>"
    )


def table(
    caption: str,
    head: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    foot: tuple[str, ...] = (),
    *,
    amounts: bool = True,
) -> str:
    """A table of texts, the last column being an amount if it has *amounts*."""
    last = ' class="amount"' if amounts else ""

    def line(cells: tuple[str, ...], tag: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        first = "".join(f"<{tag}{scope}>{escape(cell)}</{tag}>" for cell in cells[:-1])
        return f"<tr>{first}<{tag}{scope}{last}>{escape(cells[-1])}</{tag}></tr>"

    body = "".join(line(row, "td") for row in rows)
    end = f"<tfoot>{line(foot, 'td')}</tfoot>" if foot else ""
    top = f"<caption>{escape(caption)}</caption><thead>{line(head, 'th')}</thead>"
    return f"<table>{top}<tbody>{body}</tbody>{end}</table>"


def alert(message: str) -> str:
    """A message that a screen reader speaks at once."""
    return f'<p class="alert" role="alert" id="error">{escape(message)}</p>' if message else ""


def field(name: str, label: str, value: str = "", **attributes: str) -> str:
    """A labelled input."""
    more = "".join(f' {key}="{escape(text, quote=True)}"' for key, text in attributes.items())
    return f'<label>{escape(label)}<input name="{name}" value="{escape(value, quote=True)}" required{more}></label>'
