"""The rescue without AWS: every object by name, from what one backend alone holds.

It needs nothing but Python; encrypted journals need the package ``pyrage`` as well. It reads a
backend and never writes to it or deletes from it.
"""
