"""Sending what waits in the outbox: whether it still stands, what it says, and handing it to the mail server."""
