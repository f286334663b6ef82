"""Says what became of the calls of a recorded session."""

import sys
from pathlib import Path

from pystrix.ami.calls import replay
from pystrix.testing import Transcript


def main(path):
    for call in replay(Transcript.load(path)):
        outcome = call.outcome.value if call.outcome else "open"
        sys.stdout.write(f"{call.id}: {outcome}, {call.duration:.1f} s, {call.end}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
