"""The invented community."""
