"""Who has looked at what is mine, and why: every member reads it of themselves, and of nobody else."""
