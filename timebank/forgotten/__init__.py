"""A new password for whoever forgot theirs, by a link that goes to their own mail address."""
