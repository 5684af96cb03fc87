""" "Let’s check this hour": one entry is looked at together, and nothing else stops."""
