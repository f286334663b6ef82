"""Configuration of the documentation."""

import pystrix

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
