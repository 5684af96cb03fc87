"""Signing in. The word account is kept for the ledger; a cookie is a sign-in."""
