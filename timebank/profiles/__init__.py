"""What a person tells about themselves, in their own words: every answer is optional, and they decide what it is used for."""
