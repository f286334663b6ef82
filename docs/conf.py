"""Configuration of the documentation."""

from typing import TYPE_CHECKING

import pystrix

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "pystrix"
author = "The pystrix contributors"
copyright = "2026, the pystrix contributors"  # noqa: A001 - Sphinx's name
version = release = pystrix.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
exclude_patterns = ["_build"]
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_default_options = {"members": True, "undoc-members": False}


def restore_colon(
    _app: object, what: str, _name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    """Undo that napoleon takes what stands before the colon of an attribute for its type."""
    if what in {"attribute", "property"} and any(line.startswith(":type: ") for line in lines):
        kind = next(line for line in lines if line.startswith(":type: "))
        lines.remove(kind)
        lines[0] = f"{kind.removeprefix(':type: ')}: {lines[0]}"


def setup(app: "Sphinx") -> None:
    """Have Sphinx call what is here."""
    app.connect("autodoc-process-docstring", restore_colon, priority=900)  # behind napoleon
