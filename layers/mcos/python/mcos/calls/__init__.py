"""The users' calls, one module each, named as in the API.

Each takes plain values of a caller who is known to be ``account``, and raises ``mcos.errors``.
"""
