"""How somebody may be reached: by mail, if they want that, and what the people who look after them have to know before."""
