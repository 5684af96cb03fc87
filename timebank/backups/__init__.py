"""A copy of everything in one file, and bringing it back."""
