""" "Not with this person": chosen wherever somebody is named to me, at once, and told to nobody."""
