"""Authentication: passwords, tokens and their revocation."""
