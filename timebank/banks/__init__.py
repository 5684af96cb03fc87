"""Running an installation: serving it, bringing its database up to date, opening banks, naming the first coordinator."""
