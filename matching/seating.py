"""The kernel of `matching.assign`: people to places, with a price on everybody. Whole numbers, exact, in two stages.

People stand left and take one seat at most; whoever guides stands right and has seats.

The auction finds prices that are nearly right (Bertsekas 1988; from both sides Bertsekas and Castañon 1992, "A forward/reverse
auction algorithm for asymmetric assignment problems"). Each person in turn names what their best place could cost before
another were better, and a step more; a full place goes to the higher bids, and its price is the lowest bid that holds a
seat. Then each place with a free seat and a price comes down until somebody gains by coming, or to nothing. In every round
the step is smaller; a round in which the bidding finds no end is the last, for as little would come of a smaller step.
While people bid, prices only rise. So who bids again looks at the few arcs that were best for them last time, and at all
only where one that was not among those may be second best by now (the "third best" of Bertsekas and Castañon 1992).

The repair makes them right (Kuhn 1955, Munkres 1957; in the form of shortest paths Edmonds and Karp 1972, Tomizawa 1971).
Whoever does not sit at the best for them stands up. Then nothing is wrong but this: some without a seat would still gain by
one, and some places with a free seat have a price. Each of them starts one search (`matching.paths`) that sets it right for
good. As the auction left everybody within a step of the best, the searches are short.

In the end no arc is worth more than its two prices together, a taken arc is worth exactly that, who is left out has the
price 0, and so has a place with a free seat. These are the conditions of linear programming duality: the prices prove the
answer, and `matching.assign.prove` looks.

Compiled, a number is 64 bits wide: weights stay below 2^60, so that no sum overflows.
"""

from typing import Any, NamedTuple

import numpy as np

from matching.compiling import IS_COMPILED, compiled

FEW_PLACES = 1 << 16
NOBODY = -1
FAR = 2**62
# Tried on markets of 500 to 100,000 people, random and made of people's traits, with few seats, just enough and plenty.
BIDS_EACH = 60
STEP_DOWN = 4
# So many of the best arcs are kept in mind from one bid of a person to the next.
KEPT = 6


class Market(NamedTuple):
    """Arcs and seats, who holds what, the prices, and room to work in. Arrays; when interpreted, lists.

    The arcs of person i are first[i] up to first[i + 1]; those of place j are place_arc[place_first[j]] and so on. The
    seats of place j are seat_first[j] up to seat_first[j + 1], of which the first filled[j] are taken.
    """

    first: Any
    left: Any
    right: Any
    weight: Any
    place_first: Any
    place_arc: Any
    seat_first: Any
    seat_right: Any
    seat_holder: Any
    seat_bid: Any
    filled: Any
    seat_of: Any
    arc_of: Any
    left_price: Any
    right_price: Any
    heap_far: Any
    heap_right: Any
    right_far: Any
    by_arc: Any
    reached: Any
    settled: Any
    kept_arc: Any
    kept_gain: Any
    rest: Any


def make_market(left: Any, right: Any, weight: Any, people: int, seats: Any, prices: Any = 0) -> Market:
    """`left`, `right`, `weight`: one per arc, sorted by left, then right; `seats`, `prices`: one per place. All int64 arrays.

    A place without seats asks for what its best arc is worth, so that nobody wants it.
    """
    places, arcs = len(seats), len(right)
    # numpy sorts numbers of 16 bits by their digits, which is several times as quick.
    place_arc = np.argsort(right.astype(np.uint16) if places < FEW_PLACES else right, kind="stable")
    seat_first = np.concatenate([[0], np.cumsum(seats)]).astype(np.int64)
    asked = np.where(seats > 0, prices, 0)
    if (seats == 0).any():
        shut = seats[right] == 0
        np.maximum.at(asked, right[shut], weight[shut])

    def numbers(size: int, value: int) -> Any:
        return np.full(size, value, dtype=np.int64) if value else np.zeros(size, dtype=np.int64)

    market = Market(
        first=np.searchsorted(left, np.arange(people + 1)),
        left=left,
        right=right,
        weight=weight,
        place_first=np.concatenate([[0], np.cumsum(np.bincount(right, minlength=places))]).astype(np.int64),
        place_arc=place_arc,
        seat_first=seat_first,
        seat_right=np.repeat(np.arange(places), seats),
        seat_holder=numbers(int(seat_first[-1]), NOBODY),
        seat_bid=numbers(int(seat_first[-1]), 0),
        filled=numbers(places, 0),
        seat_of=numbers(people, NOBODY),
        arc_of=numbers(people, NOBODY),
        left_price=numbers(people, 0),
        right_price=asked,
        heap_far=numbers(arcs + 1, 0),
        heap_right=numbers(arcs + 1, 0),
        right_far=numbers(places, FAR),
        by_arc=numbers(places, NOBODY),
        reached=numbers(places, 0),
        settled=numbers(places, 0),
        kept_arc=numbers(people * KEPT, NOBODY),
        kept_gain=numbers(KEPT + 1, 0),
        rest=numbers(people, FAR),
    )
    return Market(*map(quick_to_read, market))


def quick_to_read(column: Any) -> Any:
    """Plain Python reads lists three times as fast as arrays."""
    return column if IS_COMPILED else column.tolist()


@compiled
def auction(market: Market, step: int) -> None:
    """Rounds from both sides, each with a smaller step."""
    while True:
        has_ended = _bid(market, step)
        _ask(market, step)
        if step < STEP_DOWN or not has_ended:
            return
        step //= STEP_DOWN
        stand_up(market, step)


@compiled
def _bid(market: Market, step: int) -> bool:
    """Whoever has no seat bids in turn, and then whoever they outbid. Whether the bidding came to an end."""
    people = len(market.seat_of)
    for person in range(people):
        market.rest[person] = FAR
    bids = BIDS_EACH * people
    for turn in range(people):
        person = turn if market.seat_of[turn] == NOBODY else NOBODY
        while person != NOBODY and bids > 0:
            bids -= 1
            best, arc, second = _two_best_to_bid(market, person)
            person = NOBODY if best == 0 else _take_seat(market, person, arc, best - second + step)
    return bids > 0


@compiled
def _two_best_to_bid(market: Market, person: int) -> tuple[int, int, int]:
    """The same as `_two_best`, from the arcs kept in mind where they tell; `rest` is the most that others gained then."""
    rest = market.rest[person]
    if rest != FAR:
        best, best_arc, second = 0, 0, 0
        for kept in range(person * KEPT, person * KEPT + KEPT):
            arc = market.kept_arc[kept]
            if arc == NOBODY:
                break
            gain = market.weight[arc] - market.right_price[market.right[arc]]
            if gain > best:
                best, best_arc, second = gain, arc, best
            elif gain > second:
                second = gain
        if second >= rest:
            return best, best_arc, second
    return _look_anew(market, person)


@compiled
def _look_anew(market: Market, person: int) -> tuple[int, int, int]:
    """The same as `_two_best`; keeps the best arcs in mind, best first, and what the best of the others gains."""
    arcs, gains, first = market.kept_arc, market.kept_gain, person * KEPT
    for place in range(KEPT):
        gains[place] = 0
        arcs[first + place] = NOBODY
    gains[KEPT] = 0
    for arc in range(market.first[person], market.first[person + 1]):
        gain = market.weight[arc] - market.right_price[market.right[arc]]
        if gain > gains[KEPT]:
            gains[KEPT] = min(gain, gains[KEPT - 1])
            place = KEPT if gain <= gains[KEPT - 1] else KEPT - 1
            while 0 < place < KEPT and gain > gains[place - 1]:
                gains[place], arcs[first + place] = gains[place - 1], arcs[first + place - 1]
                place -= 1
            if place < KEPT:
                gains[place], arcs[first + place] = gain, arc
    market.rest[person] = gains[KEPT]
    return gains[0], arcs[first], gains[1]


@compiled
def _two_best(market: Market, person: int) -> tuple[int, int, int]:
    """What the best arc gains at today's prices, which it is, and what the second best gains; 0 where nothing gains."""
    best, best_arc, second = 0, 0, 0
    for arc in range(market.first[person], market.first[person + 1]):
        gain = market.weight[arc] - market.right_price[market.right[arc]]
        if gain > best:
            best, best_arc, second = gain, arc, best
        elif gain > second:
            second = gain
    return best, best_arc, second


@compiled
def _take_seat(market: Market, person: int, arc: int, more: int) -> int:
    """Who has to bid again, when `person` bids so much more than the price, at least 1: who held the seat with the lowest bid."""
    j = market.right[arc]
    bid = market.right_price[j] + more
    here, end = market.seat_first[j], market.seat_first[j + 1]
    outbid = NOBODY
    if market.filled[j] == end - here:
        outbid = market.seat_holder[_lowest(market, here, end)]
        leave(market, outbid)
    sit(market, person, arc)
    market.seat_bid[market.seat_of[person]] = bid
    if market.filled[j] == end - here:
        market.right_price[j] = max(market.right_price[j], market.seat_bid[_lowest(market, here, end)])
    return outbid


@compiled
def _lowest(market: Market, here: int, end: int) -> int:
    """The seat with the lowest bid, the first of several."""
    lowest = here
    for seat in range(here + 1, end):
        if market.seat_bid[seat] < market.seat_bid[lowest]:
            lowest = seat
    return lowest


@compiled
def _ask(market: Market, step: int) -> None:
    """Places with a free seat and a price ask in turn, and then whichever lost somebody to them."""
    asks = BIDS_EACH * len(market.filled)
    for turn in range(len(market.filled)):
        j = turn
        while j != NOBODY and asks > 0:
            lost = NOBODY
            while asks > 0 and market.right_price[j] > 0 and has_room(market, j):
                asks -= 1
                best, arc, second = _two_best_people(market, j)
                market.right_price[j] = min(market.right_price[j], max(0, second - step))
                if best <= market.right_price[j]:
                    break
                person = market.left[arc]
                if market.seat_of[person] != NOBODY:
                    lost = market.seat_right[market.seat_of[person]]
                    leave(market, person)
                sit(market, person, arc)
                market.seat_bid[market.seat_of[person]] = best
            j = lost


@compiled
def _two_best_people(market: Market, j: int) -> tuple[int, int, int]:
    """At what price the most willing person who sits elsewhere would come, by which arc, and the next most willing."""
    best, best_arc, second = 0, 0, 0
    for number in range(market.place_first[j], market.place_first[j + 1]):
        arc = market.place_arc[number]
        person = market.left[arc]
        seat = market.seat_of[person]
        worth = market.weight[arc]
        if seat != NOBODY:
            other = market.seat_right[seat]
            worth -= market.weight[market.arc_of[person]] - market.right_price[other]
            if other == j:
                worth = 0
        if worth > best:
            best, best_arc, second = worth, arc, best
        elif worth > second:
            second = worth
    return best, best_arc, second


@compiled
def has_room(market: Market, j: int) -> bool:
    is_free: bool = market.filled[j] < market.seat_first[j + 1] - market.seat_first[j]
    return is_free


@compiled
def stand_up(market: Market, within: int) -> None:
    """Everybody's price is the most they could gain; who has less than that by more than `within` stands up."""
    for person in range(len(market.seat_of)):
        gain, _, _ = _two_best(market, person)
        market.left_price[person] = gain
        if market.seat_of[person] != NOBODY:
            arc = market.arc_of[person]
            if market.weight[arc] - market.right_price[market.right[arc]] + within < gain:
                leave(market, person)


@compiled
def sit(market: Market, person: int, arc: int) -> None:
    """On the first free seat at the end of an arc."""
    j = market.right[arc]
    seat = market.seat_first[j] + market.filled[j]
    market.filled[j] += 1
    market.seat_holder[seat] = person
    market.seat_of[person] = seat
    market.arc_of[person] = arc


@compiled
def sit_where_there_is_room(market: Market, arcs: Any) -> None:
    """Of somebody each, on the places at the ends of these arcs, in this order."""
    for arc in arcs:
        if has_room(market, market.right[arc]):
            sit(market, market.left[arc], arc)


@compiled
def leave(market: Market, person: int) -> None:
    """Whoever has the last taken seat moves up, so that the taken ones stay together."""
    seat = market.seat_of[person]
    j = market.seat_right[seat]
    market.filled[j] -= 1
    last = market.seat_first[j] + market.filled[j]
    moved = market.seat_holder[last]
    market.seat_holder[seat] = moved
    market.seat_bid[seat] = market.seat_bid[last]
    market.seat_of[moved] = seat
    market.seat_of[person] = NOBODY
