"""Who did what for others, and who has looked at what of theirs: never a value, never a name."""
