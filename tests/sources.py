"""The source files of the package, and what they import and define."""

from __future__ import annotations

import ast
from pathlib import Path

import pystrix

PACKAGE = Path(pystrix.__file__).parent
WAITING = {
    "_thread",
    "asyncio",
    "concurrent",
    "http",
    "multiprocessing",
    "queue",
    "sched",
    "select",
    "selectors",
    "signal",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "threading",
}
"""What waits, or belongs to it: a pure module imports none of it."""


def tree_of(path: Path) -> ast.Module:
    """Parse a source file."""
    return ast.parse(path.read_text("utf-8"), str(path))


def relative(path: Path) -> str:
    """Name a source file in a test's id."""
    return str(path.relative_to(PACKAGE))


def defined_by(tree: ast.Module) -> set[str]:
    """List what a module defines, type variables apart."""
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
                pass
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case _:
                pass
    return names


def imports_of(tree: ast.Module) -> list[tuple[str, str]]:
    """List what a module imports, anywhere in it: the module and the name, ``""`` for all of it."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found += [(node.module or "", alias.name) for alias in node.names]
    return found


def module_of(path: Path) -> str:
    """Name the module of a source file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
