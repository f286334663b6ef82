"""Variables and dialplan functions of the channel. They all work on a dead channel."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, ClassVar, Final

from pystrix.agi._action import Acknowledged
from pystrix.agi._wire import decode, encode_command, to_text
from pystrix.agi.core._results import PlainAction, optional

if TYPE_CHECKING:
    from pystrix.agi._wire import Response

__all__ = ["GetExactVariable", "GetFullVariable", "GetVariable", "SetVariable"]


_COLON: Final = "\x1f"
"""What stands for a colon where one would be misread."""
_EXACT = re.compile(r"(?s)1 (\d+) (\d+) (.*)")
"""A 1 that shows that there are the functions, how many fields there are, the value."""


class _ReadAction(PlainAction["str | None"]):
    """Base of the commands that read a variable."""

    # A value may read "hangup", and no number stands for a hang-up.
    check_hangup: ClassVar[bool] = False

    def process_response(self, response: Response) -> str | None:
        """Give the value, None if there is none."""
        value, data = response.items["result"]
        return data if value == "1" else None


class GetVariable(_ReadAction):
    """Read a variable or function.

    Asterisk: GET VARIABLE. It cuts values at 1,023 bytes; a value with a line feed behind a
    closing parenthesis may come short. `GetExactVariable` does neither.

    Args:
        variable: Its name: ``"EXTEN"``, ``"CALLERID(num)"``.

    Returns:
        The value, ``""`` if set and empty, None if it is not set.
    """

    def __init__(self, variable: str) -> None:
        self.wire: bytes = encode_command("GET VARIABLE", (variable,))


class GetFullVariable(_ReadAction):
    """Evaluate an expression of variables and functions.

    Asterisk: GET FULL VARIABLE. It has no limit of length; what is not set is ``""``.

    Args:
        variable: The expression: ``"${EXTEN}@${CONTEXT}"``. Text without ``${}`` comes back as
            it is.
        channel: The name of another channel; None for the own one.

    Returns:
        The value, None if there is no such channel.
    """

    def __init__(self, variable: str, channel: str | None = None) -> None:
        self.wire: bytes = encode_command("GET FULL VARIABLE", (variable, *optional(channel)))


class GetExactVariable(_ReadAction):
    """Read a variable or function exactly, whatever bytes it holds and however long it is.

    Replies are not escaped, so the end of a value with line feeds cannot always be seen. This
    has Asterisk encode it: GET FULL VARIABLE with its function BASE64_ENCODE.

    A colon behind a closing parenthesis would end what that function is given, so STRREPLACE puts
    the control character 0x1F in place of each colon. FIELDQTY tells how many of both there are;
    for a function, which may do something each time it is read, it is not asked.

    Args:
        variable: Its name: ``"EXTEN"``, ``"SHELL(ls)"``.
        channel: The name of another channel; None for the own one.

    Returns:
        The value, ``""`` if it is not set, None if there is no such channel. Of a function, 0x1F
        in the value is given as a colon.

    Raises:
        AGIAppError: If Asterisk cannot encode (its modules func_base64 and func_strings are not
            loaded), or a variable holds both a colon and 0x1F.
    """

    def __init__(self, variable: str, channel: str | None = None) -> None:
        name = to_text(variable)
        value = f"${{STRREPLACE({name},:,{_COLON})}}"
        counts = "1 0" if "(" in name else f"${{FIELDQTY({name},:)}} ${{FIELDQTY({name},{_COLON})}}"
        # LEN is of the module of the other two: without it an empty value could not be told.
        expression = f"${{BASE64_ENCODE(${{LEN(x)}} {counts} {value})}}"
        self.wire: bytes = encode_command("GET FULL VARIABLE", (expression, *optional(channel)))

    def process_response(self, response: Response) -> str | None:
        """Give the value."""
        encoded = super().process_response(response)
        if encoded is None:
            return None
        try:
            text = decode(base64.b64decode(encoded, validate=True))
        except (binascii.Error, ValueError) as error:
            raise self.failed(response, f"not base64: {encoded:.60}") from error
        match = _EXACT.fullmatch(text)
        if match is None:
            raise self.failed(
                response, "Asterisk lacks BASE64_ENCODE, or STRREPLACE, FIELDQTY and LEN"
            )
        has_colons, has_stand_ins = int(match[1]) > 1, int(match[2]) > 1
        if has_colons and has_stand_ins:
            raise self.failed(response, "a value with colons and 0x1F cannot be read exactly")
        return match[3] if has_stand_ins else match[3].replace(_COLON, ":")


class SetVariable(Acknowledged):
    """Set a variable or function.

    Asterisk: SET VARIABLE. The value arrives as it is, ``${X}`` is not expanded; an unknown
    function is not reported.

    Args:
        name: Its name. ``__X`` makes X inherited by channels that this one calls.
        value: The value.

    Returns:
        The reply.
    """

    def __init__(self, name: str, value: object) -> None:
        self.wire: bytes = encode_command("SET VARIABLE", (name, value), keep=False)
