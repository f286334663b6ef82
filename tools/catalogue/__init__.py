"""Makes `pystrix.ami.actions` and `pystrix.ami.events` from the documentation of an Asterisk.

``python -m tools.catalogue`` writes them; with ``--check`` it only tells whether they are as it
would write them. What carries over are names: of actions, events and headers, of what is required
and of values. The words, and what the documentation does not know, stand in the tables beside.
"""
