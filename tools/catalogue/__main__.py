"""``python -m tools.catalogue [--check] [--documentation core-en_US.xml]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from tools.catalogue.documentation import Documentation
from tools.catalogue.model import Catalogue
from tools.catalogue.writing import write_catalogue

PACKAGE: Final = Path(__file__).parents[2] / "src" / "pystrix" / "ami"
FOLDERS: Final = ("actions", "events")
DOCUMENTATION: Final = "documentation/core-en_US.xml"


def find_differences(documentation: Path, package: Path = PACKAGE) -> list[str]:
    """Tell which files are not as they would be written.

    Args:
        documentation: The ``core-en_US.xml`` of an Asterisk.
        package: The folder of `pystrix.ami`.
    """
    wanted = write_catalogue(Catalogue(Documentation(documentation)))
    found = {
        f"{folder}/{path.name}": path.read_text("utf-8")
        for folder in FOLDERS
        for path in (package / folder).glob("*.py")
    }
    names = wanted.keys() | found.keys()
    return sorted(name for name in names if wanted.get(name) != found.get(name))


def write_files(documentation: Path, package: Path = PACKAGE) -> None:
    """Write the files, and remove those that are no part of them any more."""
    wanted = write_catalogue(Catalogue(Documentation(documentation)))
    for folder in FOLDERS:
        (package / folder).mkdir(exist_ok=True)
        for path in (package / folder).glob("*.py"):
            if f"{folder}/{path.name}" not in wanted:
                path.unlink()
    for name, text in wanted.items():
        (package / name).write_text(text, encoding="utf-8")


def main() -> int:
    """Do as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tools.catalogue")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what differs")
    parser.add_argument(
        "--documentation",
        type=Path,
        help="the core-en_US.xml to read; that of the Asterisk the tests use if not given",
    )
    arguments = parser.parse_args()
    documentation = arguments.documentation or _find_documentation()
    if not arguments.check:
        write_files(documentation)
        return 0
    differences = find_differences(documentation)
    for name in differences:
        sys.stderr.write(f"{name} is not as python -m tools.catalogue writes it\n")
    return 1 if differences else 0


def _find_documentation() -> Path:
    from tests.asterisk.provision import find_or_provision  # noqa: PLC0415 - only without a path

    installation = find_or_provision()
    return installation.root / installation.data.lstrip("/") / DOCUMENTATION


if __name__ == "__main__":
    sys.exit(main())
