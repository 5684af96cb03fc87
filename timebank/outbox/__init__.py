"""What is to be told by mail: whether somebody wants it, where to, and what waits to go. No words and no names are in it."""
