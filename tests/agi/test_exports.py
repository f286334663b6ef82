"""What the package shows, and what its pure modules keep away from."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import pystrix
from pystrix import agi
from tests.sources import PACKAGE, WAITING, defined_by, imports_of, module_of, relative, tree_of

ROOT = Path(__file__).parents[2]

PUBLIC = [
    "pystrix",
    "pystrix.agi",
    "pystrix.agi.agi",
    "pystrix.agi.agi_core",
    "pystrix.agi.aio",
    "pystrix.agi.asyncagi",
    "pystrix.agi.audio",
    "pystrix.agi.core",
    "pystrix.agi.core.constants",
    "pystrix.agi.environment",
    "pystrix.agi.errors",
    "pystrix.agi.fastagi",
    "pystrix.agi.routing",
    "pystrix.agi.stdio",
]
DOORS = {
    "pystrix",
    "pystrix.agi",
    "pystrix.agi.agi",
    "pystrix.agi.agi_core",
    "pystrix.agi.core",
}
"""Those that show what others define."""

INTERNAL = {
    "pystrix.agi.aio": {"FAILURE_SECONDS"},  # an internal limit
    "pystrix.agi.asyncagi": {"FAILURE_SECONDS"},
    "pystrix.agi.audio": {"FRAMES_PER_SECOND", "Frames", "find_format"},  # shared with asyncio
    "pystrix.agi.environment": {"ends_without_arguments", "is_as_sent"},  # shared with the protocol
    "pystrix.agi.errors": {"is_hangup"},  # shared by what hears of the end of a call
    "pystrix.agi.fastagi": {"FAILURE_SECONDS"},
}
PURE = sorted(
    [
        PACKAGE / "_errors.py",
        *(
            PACKAGE / "agi" / f"{name}.py"
            for name in (
                "_action",
                "_asyncagi_protocol",
                "_asyncagi_links",
                "_dialogue",
                "_facts",
                "_incoming",
                "_limits",
                "_protocol",
                "_wire",
            )
        ),
        *(PACKAGE / "agi" / f"{name}.py" for name in ("environment", "errors", "routing")),
        *(PACKAGE / "agi" / "core").glob("*.py"),
    ]
)
SOURCES = sorted(PACKAGE.rglob("*.py"))
ACTIONS = {
    name
    for name in agi.core.__all__
    if inspect.isclass(kind := getattr(agi.core, name)) and issubclass(kind, agi.Action)
}


# Names.


def test_every_public_module_is_tested() -> None:
    """The list of this file has every module whose name is public."""
    others = ("pystrix.ami", "pystrix.cli", "pystrix.testing")  # have tests of their own
    modules = {module_of(path) for path in SOURCES}
    public = {name for name in modules if "._" not in name and not name.startswith(others)}
    public.discard("pystrix.__main__")
    assert public == set(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_all_exists(name: str) -> None:
    """What `__all__` lists is there, once."""
    module = importlib.import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [item for item in module.__all__ if not hasattr(module, item)] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_complete(name: str) -> None:
    """What a module defines, and what the doors import from the others, is in `__all__`."""
    module = importlib.import_module(name)
    tree = tree_of(Path(module.__file__ or ""))
    names = defined_by(tree)
    lazy = [each for node in tree.body if isinstance(node, ast.If) for each in node.body]
    imported = {
        alias.asname or alias.name
        for node in [*tree.body, *lazy]
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pystrix")
        for alias in node.names
    }
    own = names | imported if name in DOORS else names
    public = {item for item in own if not item.startswith("_")} - INTERNAL.get(name, set())
    assert public - set(module.__all__) == set()
    assert set(module.__all__) - names - imported == set()


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_star_imports(path: Path) -> None:
    """Each name says where it comes from."""
    assert [module for module, name in imports_of(tree_of(path)) if name == "*"] == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_module_docstring(path: Path) -> None:
    """Each module says what it is for."""
    assert ast.get_docstring(tree_of(path))


def test_core_shows_every_action() -> None:
    """Each class of an action in the modules of core is in `pystrix.agi.core`."""
    defined: set[str] = set()
    for path in (PACKAGE / "agi" / "core").glob("_[a-z]*.py"):
        module = importlib.import_module(module_of(path))
        defined |= set(getattr(module, "__all__", ()))
    assert defined <= set(agi.core.__all__)
    assert "StreamFile" in defined
    assert defined >= ACTIONS


def test_the_type_of_every_result_is_checked() -> None:
    """The file for the type checkers has a line of each class of an action."""
    tree = tree_of(ROOT / "tests" / "typing" / "check_results.py")
    checked = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert ACTIONS - checked == set()


# Purity.


@pytest.mark.parametrize("path", PURE, ids=relative)
def test_pure_modules_wait_for_nothing(path: Path) -> None:
    """A pure module imports nothing that waits, nor a module of pystrix that does."""
    pure = {module_of(path) for path in PURE} | {"pystrix.agi"}
    for module, name in imports_of(tree_of(path)):
        assert module.partition(".")[0] not in WAITING, module
        assert (module, name) != ("time", "sleep")
        if module.startswith("pystrix"):
            assert module in pure - {"pystrix.agi"}, module


@pytest.mark.parametrize("path", PURE, ids=relative)
def test_pure_modules_do_not_sleep(path: Path) -> None:
    """A pure module does not sleep, print, or open files."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute):
            assert node.attr != "sleep"
        if isinstance(node, ast.Name):
            assert node.id not in {"open", "print", "input", "sleep"}


def test_the_check_of_purity_works() -> None:
    """The shells fail it."""
    found = imports_of(tree_of(PACKAGE / "agi" / "_session.py"))
    assert WAITING & {module for module, _ in found}


# The package.


@pytest.mark.parametrize("name", ["pystrix.agi", "pystrix.agi.aio"])
def test_what_is_not_there(name: str) -> None:
    """A module that gives some names when they are asked for does not give others."""
    module = importlib.import_module(name)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = module.Nothing


def test_import_needs_nothing_else() -> None:
    """The package imports without any other package, and without a word."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pystrix;"
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(PACKAGE.parent)],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    assert set(done.stdout.split()) - {"__main__"} == {"pystrix"}
    assert done.stderr == ""


def test_ami_is_imported_when_it_is_asked_for() -> None:
    """A program for AGI does not wait for it, and a program for AMI need not import it."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pystrix;"
        "print('pystrix.ami' in sys.modules, pystrix.ami.Manager.__name__,"
        "hasattr(pystrix, 'nothing'))"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-S", "-W", "error", "-c", program, str(PACKAGE.parent)],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.split() == ["False", "Manager", "False"]


def test_version_is_in_one_place() -> None:
    """The version is that of `pystrix.__version__`, wherever it is asked for."""
    assert pystrix.__version__ == pystrix.VERSION
    assert pystrix.VERSION.split(".")[0].isdigit()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert "version" not in project["project"]
    where = ROOT / project["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{pystrix.__version__}"' in where.read_text("utf-8")
    assert project["project"]["dependencies"] == []


def test_the_version_is_written_once() -> None:
    """No other source file has the version in it."""
    files = [path for path in SOURCES if pystrix.__version__ in path.read_text("utf-8")]
    assert [relative(path) for path in files] == ["__init__.py"]


def test_package_is_typed() -> None:
    """Type checkers of programs read our annotations."""
    assert (PACKAGE / "py.typed").is_file()


def test_names_of_1x() -> None:
    """The names that programs of 1.x reach from the package are there."""
    assert isinstance(pystrix.COPYRIGHT, str)
    assert pystrix.agi.FastAGIServer.__module__ == "pystrix.agi.fastagi"
    assert pystrix.agi.FastAGI.__module__ == "pystrix.agi.fastagi"
    assert inspect.isclass(pystrix.agi.core.StreamFile)
