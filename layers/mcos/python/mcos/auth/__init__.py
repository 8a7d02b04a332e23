"""Who calls: passwords, tokens, and which tokens are revoked."""
