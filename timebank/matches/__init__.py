"""A matching run: gather people, call the engine, keep what it proposed and why."""
