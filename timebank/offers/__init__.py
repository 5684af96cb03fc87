"""Offers and asks, as one plain list."""
