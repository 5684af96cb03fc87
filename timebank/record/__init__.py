"""What we keep about a person: the register of it, all of it for themselves, leaving, and being forgotten."""
