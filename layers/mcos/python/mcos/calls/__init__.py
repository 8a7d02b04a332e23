"""The users' calls, one module each, named as in the API.

Each takes plain values, trusts that the caller is ``account``, and raises ``mcos.errors``.
"""
