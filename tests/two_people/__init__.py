"""Weighty acts take two people."""
