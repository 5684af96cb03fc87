"""Logging hours. Sending a log makes a hold in the ledger; whoever logged it, the other side confirms."""
