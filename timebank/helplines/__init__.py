"""Numbers to call or text when somebody cannot wait, by nation, each with the day on which it was last checked."""
