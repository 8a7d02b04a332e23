"""The Lambda handlers: one module a call or worker, named as it. Thin: parse, call mcos, answer."""
