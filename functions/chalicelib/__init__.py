"""The Lambda handlers. Thin: parse, call mcos, answer."""
