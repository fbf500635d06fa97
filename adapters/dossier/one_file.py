"""`verify.py`: the modules of adapters/dossier/verifier as one file that can be read and run alone."""

import ast
from collections import defaultdict
from functools import cache
from importlib.resources import files

PACKAGE = "adapters.dossier.verifier"
PARTS = ("ed25519", "mldsa", "notes", "leaves", "page_check", "checks", "command")
HEAD = "checks"  # whose docstring is that of the file
FUTURE = "__future__"


@cache
def verifier() -> bytes:
    """The text of the file; the same for the same code."""
    texts = {name: files(PACKAGE).joinpath(f"{name}.py").read_text("utf-8") for name in PARTS}
    plain: set[str] = set()
    named: dict[str, set[str]] = defaultdict(set)
    bodies = []
    for name, text in texts.items():
        module = ast.parse(text)
        lines = text.splitlines()
        for node in module.body[:]:
            names = {each.name for each in node.names} if isinstance(node, ast.Import | ast.ImportFrom) else set()
            if isinstance(node, ast.Import):
                plain |= names
            elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith((PACKAGE, FUTURE)):
                named[node.module or ""] |= names
            if isinstance(node, ast.Import | ast.ImportFrom) or node is module.body[0]:
                lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or 0) - node.lineno + 1)
        title = (ast.get_docstring(module) or "").splitlines()[0] if name != HEAD else "The checks."
        bodies.append(f"# --- {title}\n\n" + "\n".join(lines).strip("\n"))
    head = f'"""\n{ast.get_docstring(ast.parse(texts[HEAD]))}\n"""\n\nfrom {FUTURE} import annotations\n'
    imports = [f"import {name}" for name in sorted(plain)]
    imports += [f"from {name} import {', '.join(sorted(each))}" for name, each in sorted(named.items())]
    return "\n".join([head, *imports, "\n\n" + "\n\n\n".join(bodies), ""]).encode()
