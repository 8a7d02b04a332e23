"""What ends a page of a scrub before its end: the run stays at the page's beginning."""


class Waits(Exception):
    """The run cannot go on just now."""


class Wrong(Exception):
    """The run must stop until an operator has looked."""
