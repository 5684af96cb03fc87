"""Weighty acts: what no one person may do alone. One asks, another one looks at it and says yes or no."""
