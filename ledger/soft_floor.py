"""A scheme's soft floor: when its owner is told kindly that they received a good deal. It never refuses (L5)."""


def is_prompted(*, before: int, after: int, soft_floor: int | None) -> bool:
    """Whether a balance that went from `before` to `after` minutes came below the scheme's floor just now.

    Once, on the way down: whoever is below already, or on the way up, is left in peace. None: the scheme has no floor.
    """
    if soft_floor is None:
        return False
    if type(soft_floor) is not int or soft_floor > 0:
        raise ValueError("a soft floor is whole minutes, zero or below")
    return after < soft_floor <= before
