"""``python -m pystrix`` is the command ``pystrix``."""

from pystrix.cli import main

if __name__ == "__main__":
    main()
