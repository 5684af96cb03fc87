"""Tell someone: a worry in one's own words, sealed at once, for named people who have no part in it."""
