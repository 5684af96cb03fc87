"""The best round by trying every possible one. It knows nothing of prices, paths or blossoms."""

from collections.abc import Sequence
from functools import cache

from matching import Person, Scheme
from matching.checks import broken_rules
from matching.scoring import fit, stay_points, waiting_points
from tests.matching.pools import ON

Value = tuple[int, int]


def points_of(people: Sequence[Person], scheme: Scheme) -> dict[tuple[int, int], int]:
    """The points of every pair that breaks no rule, by position; the rules as the independent check reads them."""
    found = {}
    for i, one in enumerate(people):
        for j, other in enumerate(people):
            if i == j or (scheme.shape == "symmetric" and i > j):
                continue
            if any(broken_rules(one, other, scheme, on=ON)):
                continue
            suited = fit(one.answers, other.answers, scheme)
            if suited >= scheme.round.minimum_fit:
                waited = waiting_points(one, scheme, on=ON)
                waited += waiting_points(other, scheme, on=ON) if scheme.shape == "symmetric" else 0
                found[i, j] = suited + waited + stay_points(one.answers, other.answers, scheme)
    return found


def best_value(people: Sequence[Person], scheme: Scheme) -> Value:
    """(people first ? pairs : 0, points) of the best round; with several places among equals people, not pairs, come first."""
    points = points_of(people, scheme)
    counted = 1 if scheme.round.most_people_first else 0
    most = scheme.round.places_most
    places = tuple(person.capacity if most is None else min(person.capacity, most) for person in people)
    if scheme.shape == "symmetric" and max(places, default=0) > 1:
        return _best_with_several(points, places, counted)
    if scheme.shape == "symmetric":
        return _best_pairs(points, len(people), counted)
    return _best_places(points, places, counted, both_ways=scheme.round.both_ways)


def _best_pairs(points: dict[tuple[int, int], int], people: int, counted: int) -> Value:
    @cache
    def best(left: frozenset[int]) -> Value:
        if not left:
            return 0, 0
        one = min(left)
        rest = left - {one}
        value = best(rest)
        for other in rest:
            if (one, other) in points:
                count, total = best(rest - {other})
                value = max(value, (count + counted, total + points[one, other]))
        return value

    return best(frozenset(range(people)))


def _best_with_several(points: dict[tuple[int, int], int], places: tuple[int, ...], counted: int) -> Value:
    pairs = sorted(points)

    @cache
    def best(number: int, free: tuple[int, ...]) -> Value:
        if number == len(pairs):
            return 0, 0
        value = best(number + 1, free)
        one, other = pairs[number]
        if free[one] and free[other]:
            fewer = tuple(left - (person in (one, other)) for person, left in enumerate(free))
            count, total = best(number + 1, fewer)
            newly = sum(free[person] == places[person] for person in (one, other))
            value = max(value, (count + counted * newly, total + points[one, other]))
        return value

    return best(0, places)


def _best_places(
    points: dict[tuple[int, int], int], places: tuple[int, ...], counted: int, *, both_ways: bool
) -> Value:
    reversible = {ends for ends in points if (ends[1], ends[0]) in points} if not both_ways else set()

    @cache
    def best(one: int, free: tuple[int, ...], used: frozenset[tuple[int, int]]) -> Value:
        if one == len(places):
            return 0, 0
        value = best(one + 1, free, used)
        for other, places_left in enumerate(free):
            if places_left and (one, other) in points and (other, one) not in used:
                fewer = (*free[:other], places_left - 1, *free[other + 1 :])
                count, total = best(one + 1, fewer, used | ({(one, other)} & reversible))
                value = max(value, (count + counted, total + points[one, other]))
        return value

    return best(0, places, frozenset())
