"""A person’s own page about how they sign in: password, second step, passkeys, spare codes, where, and what happened."""
