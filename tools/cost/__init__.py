"""What the protocols cost, counted and not timed: the same on every machine, busy or not.

A few loops run through the pure parts of the library, and the operations of Python's bytecode and
the calls of functions in C that one turn takes are compared with `baseline.json`, by version of
Python. Both are counted: work that moves into C shows as calls.
"""
