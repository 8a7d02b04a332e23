"""Rules of AWS's services that the emulator does not keep, kept before it.

``refusal_of`` tells from a request alone whether AWS would refuse it. ``InRules`` stands before the
emulator with it, and the tests that run in one process ask it before each call. docs/aws.md has the
rules, with AWS's pages.
"""

from .asked import Asked
from .limits import Refusal, is_regional, refusal_of, refusal_of_reply
from .middleware import InRules

__all__ = ["Asked", "InRules", "Refusal", "is_regional", "refusal_of", "refusal_of_reply"]
