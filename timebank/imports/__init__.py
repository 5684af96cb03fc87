"""Bringing people and hours in from other systems, once, and taking an import back."""
