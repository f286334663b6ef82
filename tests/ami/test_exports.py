"""What `pystrix.ami` shows, and what its pure modules keep away from."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import pystrix
from tests.sources import PACKAGE, WAITING, defined_by, imports_of, module_of, relative, tree_of

SOURCES = sorted((PACKAGE / "ami").rglob("*.py"))
PUBLIC = [module_of(path) for path in SOURCES if "._" not in module_of(path)]
SHELLS = {
    "pystrix.ami",
    "pystrix.ami._async_calls",
    "pystrix.ami._async_connection",
    "pystrix.ami._async_events",
    "pystrix.ami._async_link",
    "pystrix.ami._async_socket",
    "pystrix.ami._connection",
    "pystrix.ami._delivery",
    "pystrix.ami._dispatcher",
    "pystrix.ami._listeners",
    "pystrix.ami._reconnector",
    "pystrix.ami._sockets",
    "pystrix.ami._timeouts",
    "pystrix.ami.aio",
    "pystrix.ami.ami",
    "pystrix.ami.calls",
    "pystrix.ami.manager",
}
"""The modules that wait; all others are pure."""
PURE = [path for path in SOURCES if module_of(path) not in SHELLS]
MODULES = {module_of(path) for path in SOURCES}
DOORS = {"pystrix.ami", "pystrix.ami.ami"}
"""Those that show what others define."""
INTERNAL = {
    "pystrix.ami.aio": {"CHANNELS_SECONDS", "QUEUE_SIZE"},
    "pystrix.ami.calls": {"QUEUE_SIZE"},
    "pystrix.ami.manager": {"PING_SECONDS", "QUEUE_SIZE"},
}


@pytest.mark.parametrize("name", PUBLIC)
def test_all(name: str) -> None:
    """What `__all__` lists is there, once; what a module defines is in it."""
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [item for item in module.__all__ if not hasattr(module, item)] == []
    tree = tree_of(Path(module.__file__ or ""))
    names = defined_by(tree)
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pystrix")
        for alias in node.names
    }
    own = names | imported if name in DOORS else names
    public = {item for item in own if not item.startswith("_")} - INTERNAL.get(name, set())
    assert public - set(module.__all__) == set()
    assert set(module.__all__) - names - imported == set()


@pytest.mark.parametrize("path", PURE, ids=relative)
def test_pure_modules_wait_for_nothing(path: Path) -> None:
    """A pure module imports nothing that waits, nor a module of pystrix that does."""
    for module, name in imports_of(tree_of(path)):
        assert module.partition(".")[0] not in WAITING, module
        assert (module, name) != ("time", "sleep")
        whole = f"{module}.{name}"  # of a package, a module
        assert (whole if whole in MODULES else module) not in SHELLS, module
        assert not module.startswith("pystrix.agi"), module


@pytest.mark.parametrize("path", PURE, ids=relative)
def test_pure_modules_do_not_sleep(path: Path) -> None:
    """A pure module does not sleep, print, or open files."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute):
            assert node.attr != "sleep"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "sleep"}


@pytest.mark.parametrize("name", sorted(SHELLS - {"pystrix.ami", "pystrix.ami.ami"}))
def test_shells_are_there(name: str) -> None:
    """The list of this file names modules that exist and wait."""
    path = PACKAGE.parent / Path(*name.split(".")).with_suffix(".py")
    assert WAITING & {module.partition(".")[0] for module, _ in imports_of(tree_of(path))}


def test_package_has_it_when_it_is_asked_for() -> None:
    """`pystrix.ami` is imported late; what is no part of the package is an error."""
    assert pystrix.__getattr__("ami") is pystrix.ami
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        pystrix.__getattr__("nothing")
