"""The architecture, held by tests: each of these fails when a rule of the house is broken."""
