"""A member's own statement: every hour given and received, in the order it was recorded. Nobody else sees it."""
