"""The numbered migrations, on both databases."""
