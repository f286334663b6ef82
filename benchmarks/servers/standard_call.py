"""The lines of the standard call, for the servers that parse nothing."""

import itertools

CALLS = itertools.count(1)
FIRST = (b"ANSWER\n", b'STREAM FILE "demo-thanks" "12" "0"\n')
VARIABLES = "".join(
    f'SET VARIABLE "V{number}" "%(caller)06u"\nGET VARIABLE "V{number}"\n' for number in range(4)
)


def lines():
    """Give the lines of one call; the values of its variables are other ones than the last call's.

    The other servers take them from the environment, which is not parsed here.
    """
    variables = VARIABLES % {"caller": next(CALLS)}
    return [*FIRST, *variables.encode().splitlines(keepends=True), b"HANGUP\n"]
