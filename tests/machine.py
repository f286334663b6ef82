"""What not every machine has."""

from __future__ import annotations

import socket
from typing import Final

import pytest


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


NEEDS_IPV6: Final = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
"""A test that listens on IPv6: containers often have none."""
