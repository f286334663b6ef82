"""The servers that are measured: which file of ``servers/`` each is, and what has to be there."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import BASE, Kind

HERE = Path(__file__).parent
ROOT = HERE.parent
NODE_MODULES = HERE / "build" / "node_modules"
OUR_PYTHON = ".venv/bin/python"
VERSIONS = """
import importlib.metadata, json, platform, sys
found = {name: importlib.metadata.version(name) for name in sys.argv[1:]}
print(json.dumps({"Python": platform.python_version(), **found}))
"""


class Contender(NamedTuple):
    """A server that is measured."""

    name: str
    kind: Kind
    program: str
    """What runs it: ``node``, or a Python relative to the root."""
    file: str
    arguments: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    """Whose versions are told."""
    processes: int = 1

    @property
    def command(self) -> list[str]:
        """The command that starts it."""
        program = self.program if self.program == "node" else str(ROOT / self.program)
        return [program, str(HERE / "servers" / self.file), *self.arguments]

    def why_not(self) -> str | None:
        """Tell why it cannot be measured here; None if it can."""
        if self.program == "node":
            if shutil.which("node") is None:
                return "no node"
            if not (NODE_MODULES / self.packages[0]).is_dir():
                return f"npm did not install {self.packages[0]}"
        elif not (ROOT / self.program).exists():
            return f"no {self.program}: `make bench` makes it"
        return None

    def versions(self) -> dict[str, str]:
        """Tell what it runs on."""
        if self.program == "node":
            return _node_versions(self.packages)
        return _python_versions(self.program, self.packages)


@functools.cache
def _python_versions(program: str, packages: tuple[str, ...]) -> dict[str, str]:
    command = [str(ROOT / program), "-c", VERSIONS, *packages]
    found: dict[str, str] = json.loads(subprocess.check_output(command))
    return found


@functools.cache
def _node_versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {"node": subprocess.check_output(["node", "--version"], text=True).strip("v\n")}
    for package in packages:
        about = (NODE_MODULES / package / "package.json").read_text(encoding="utf-8")
        found[package] = json.loads(about)["version"]
    return found


def _python(
    name: str,
    kind: Kind,
    file: str,
    *,
    venv: str = OUR_PYTHON,
    packages: tuple[str, ...] = (),
    loops: tuple[str, ...] = ("",),
) -> list[Contender]:
    """Name a server in Python, once for each loop."""
    made = []
    for loop in loops:
        named = f"{name}, {loop}" if loop else name
        on = (loop,) if loop else ()
        made.append(Contender(named, kind, venv, file, on, (*packages, *on)))
    return made


BOTH = ("", "uvloop")
CONTENDERS = (
    *_python("pystrix on threads", "ours", "pystrix_threads.py", packages=("pystrix",)),
    *_python("pystrix on asyncio", "ours", "pystrix_asyncio.py", packages=("pystrix",), loops=BOTH),
    Contender(
        "pystrix on asyncio, uvloop, 2 processes",
        "ours",
        OUR_PYTHON,
        "pystrix_asyncio.py",
        ("uvloop", "2"),
        ("pystrix", "uvloop"),
        processes=2,
    ),
    *_python(
        BASE,
        "library",
        "pystrix_1_3.py",
        venv=".venv-bench-pystrix/bin/python",
        packages=("pystrix",),
    ),
    *_python(
        "panoramisk",
        "library",
        "panoramisk_server.py",
        venv=".venv-bench-panoramisk/bin/python",
        packages=("panoramisk",),
        loops=BOTH,
    ),
    *_python(
        "aioagi-ik",
        "library",
        "aioagi_server.py",
        venv=".venv-bench-aioagi/bin/python",
        packages=("aioagi-ik", "aiohttp"),
        loops=BOTH,
    ),
    Contender("ding-dong", "library", "node", "ding_dong.js", packages=("ding-dong",)),
    *_python("limit: thread per call", "limit", "limit_threads.py"),
    *_python("limit: bare protocol", "limit", "limit_protocol.py", loops=BOTH),
    *_python("limit: bare await", "limit", "limit_await.py", loops=BOTH),
)


def chosen(only: list[str] | None) -> list[Contender]:
    """Give the servers to measure; a whole name means that one alone, a part all that have it.

    Raises:
        ValueError: If a text is in no name.
    """
    if only is None:
        return list(CONTENDERS)
    names = [contender.name for contender in CONTENDERS]
    wanted: set[str] = set()
    for text in only:
        found = [text] if text in names else [name for name in names if text in name]
        if not found:
            raise ValueError(f"no server is named {text!r}; there are: {'; '.join(names)}")
        wanted.update(found)
    return [contender for contender in CONTENDERS if contender.name in wanted]
