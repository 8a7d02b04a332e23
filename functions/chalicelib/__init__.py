"""The Lambda handlers, which parse requests, call ``mcos`` and answer."""
