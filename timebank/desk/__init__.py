"""The coordinator's desk: what waits for a person who looks after others."""
