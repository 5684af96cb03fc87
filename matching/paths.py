"""The two searches that set a market right (`matching.seating` says when): shortest paths in what people lose by moving.

From somebody without a seat who would gain by one: to a free seat, to somebody who is dropped, or to staying out.
From a place with a free seat and a price: to somebody without a seat, or to a place that keeps a free seat for nothing.

Both count in slack, by how much an arc falls short of its two prices, which is never negative; so Dijkstra's order (1959)
holds, and both end as soon as nothing nearer is left. Prices then move by how much nearer than the end each place was.
"""

from matching.compiling import compiled
from matching.seating import FAR, NOBODY, Market, has_room, leave, sit, stand_up


@compiled
def repair(market: Market) -> None:
    """From any prices of places, none negative, and any seating, to the best seating there is and prices that prove it."""
    stand_up(market, 0)
    for person in range(len(market.seat_of)):
        if market.seat_of[person] == NOBODY and market.left_price[person] > 0:
            _seek(market, person)
    for j in range(len(market.filled)):
        while market.right_price[j] > 0 and has_room(market, j):
            _offer(market, j)


@compiled
def lift(market: Market, each: int) -> None:
    """Prices to start from when every arc is worth `each` more than those of a market that has been repaired.

    Where somebody could move on so that in the end a free seat is taken, another person can be seated: there everybody's own
    price rises, of itself, by what they are worth more. Elsewhere the seats are all taken and stay so: there the places' do
    (König 1931: the two kinds together cover every arc once). So nothing is left to mend but what concerns free seats.
    """
    reached, looked = 0, 0
    for j in range(len(market.filled)):
        if has_room(market, j):
            market.right_far[j] = 0
            market.reached[reached] = j
            reached += 1
    while looked < reached:
        j = market.reached[looked]
        looked += 1
        for number in range(market.place_first[j], market.place_first[j + 1]):
            seat = market.seat_of[market.left[market.place_arc[number]]]
            if seat != NOBODY and market.right_far[market.seat_right[seat]] == FAR:
                market.right_far[market.seat_right[seat]] = 0
                market.reached[reached] = market.seat_right[seat]
                reached += 1
    for j in range(len(market.filled)):
        if market.right_far[j] == FAR:
            market.right_price[j] += each
        market.right_far[j] = FAR


@compiled
def _seek(market: Market, root: int) -> None:
    """A seat for `root`, or none if that is best; afterwards either they sit or their price is 0."""
    nearest, dropped, settled = market.left_price[root], root, 0
    nearest, free, waiting, reached = _ask_around(market, root, 0, nearest, NOBODY, 0, 0)
    while waiting > 0 and market.heap_far[0] < nearest:
        far, j = market.heap_far[0], market.heap_right[0]
        waiting = _pop(market, waiting)
        if far > market.right_far[j]:
            continue
        market.settled[settled] = j
        settled += 1
        here = market.seat_first[j]
        for seat in range(here, here + market.filled[j]):
            holder = market.seat_holder[seat]
            if far + market.left_price[holder] < nearest:
                nearest, dropped, free = far + market.left_price[holder], holder, NOBODY
            nearest, free, waiting, reached = _ask_around(market, holder, far, nearest, free, waiting, reached)
    market.left_price[root] -= nearest
    _reprice(market, nearest, settled, reached, 1)
    if free != NOBODY:
        _move_up(market, root, NOBODY, free)
    elif dropped != root:
        _move_up(market, root, dropped, NOBODY)


@compiled
def _ask_around(
    market: Market, person: int, far: int, nearest: int, free: int, waiting: int, reached: int
) -> tuple[int, int, int, int]:
    """Where `person` could sit instead. The nearest end and its free seat, if it is one; how many places wait to be
    settled, and how many were reached, after that."""
    base = far + market.left_price[person]
    for arc in range(market.first[person], market.first[person + 1]):
        j = market.right[arc]
        there = base + market.right_price[j] - market.weight[arc]
        if there < nearest and there < market.right_far[j]:
            if has_room(market, j):
                nearest, free = there, j
                market.by_arc[j] = arc
            else:
                waiting, reached = _reach(market, j, there, arc, waiting, reached)
    return nearest, free, waiting, reached


@compiled
def _move_up(market: Market, root: int, dropped: int, free: int) -> None:
    """From the path's end back to `root`, everybody takes the seat that has become free for them."""
    j = free
    if dropped != NOBODY:
        j = market.seat_right[market.seat_of[dropped]]
        leave(market, dropped)
    person = NOBODY
    while person != root:
        arc = market.by_arc[j]
        person = market.left[arc]
        if person != root:
            j = market.seat_right[market.seat_of[person]]
            leave(market, person)
        sit(market, person, arc)


@compiled
def _offer(market: Market, root: int) -> None:
    """Somebody for a free seat of `root`, or none if that is best; afterwards it is one seat fuller or its price is 0."""
    nearest, ending, taken, settled = market.right_price[root], root, NOBODY, 0
    waiting, reached = _reach(market, root, 0, NOBODY, 0, 0)
    while waiting > 0 and market.heap_far[0] < nearest:
        far, j = market.heap_far[0], market.heap_right[0]
        waiting = _pop(market, waiting)
        if far > market.right_far[j]:
            continue
        market.settled[settled] = j
        settled += 1
        base = far + market.right_price[j]
        if base < nearest:
            nearest, ending, taken = base, j, NOBODY
        for number in range(market.place_first[j], market.place_first[j + 1]):
            arc = market.place_arc[number]
            person = market.left[arc]
            there = base + market.left_price[person] - market.weight[arc]
            if there < nearest:
                if market.seat_of[person] == NOBODY:
                    nearest, ending, taken = there, j, arc
                elif there < market.right_far[market.seat_right[market.seat_of[person]]]:
                    other = market.seat_right[market.seat_of[person]]
                    waiting, reached = _reach(market, other, there, arc, waiting, reached)
    _reprice(market, nearest, settled, reached, -1)
    _move_over(market, root, ending, taken)


@compiled
def _move_over(market: Market, root: int, ending: int, taken: int) -> None:
    """From the path's end back to `root`, everybody moves to the place that asked them, and leaves a seat for the next."""
    j, arc = ending, taken
    while j != root:
        moving = market.by_arc[j]
        leave(market, market.left[moving])
        if arc != NOBODY:
            sit(market, market.left[arc], arc)
        arc = moving
        j = market.right[moving]
    if arc != NOBODY:
        sit(market, market.left[arc], arc)


@compiled
def _reprice(market: Market, nearest: int, settled: int, reached: int, sign: int) -> None:
    """Places nearer than the end become dearer (sign 1) or cheaper (-1) by the difference; who sits there the other way."""
    for number in range(settled):
        j = market.settled[number]
        nearer = sign * (nearest - market.right_far[j])
        market.right_price[j] += nearer
        here = market.seat_first[j]
        for seat in range(here, here + market.filled[j]):
            market.left_price[market.seat_holder[seat]] -= nearer
    for number in range(reached):
        market.right_far[market.reached[number]] = FAR


@compiled
def _reach(market: Market, j: int, far: int, arc: int, waiting: int, reached: int) -> tuple[int, int]:
    """A shorter way to place `j`, by `arc`: it goes onto a binary heap. Of two as far, the smaller position comes first,
    so that nothing is left to chance."""
    if market.right_far[j] == FAR:
        market.reached[reached] = j
        reached += 1
    market.right_far[j] = far
    market.by_arc[j] = arc
    hole = waiting
    while hole > 0:
        above = (hole - 1) // 2
        if market.heap_far[above] < far or (market.heap_far[above] == far and market.heap_right[above] < j):
            break
        market.heap_far[hole], market.heap_right[hole] = market.heap_far[above], market.heap_right[above]
        hole = above
    market.heap_far[hole], market.heap_right[hole] = far, j
    return waiting + 1, reached


@compiled
def _pop(market: Market, waiting: int) -> int:
    """Takes the nearest off the heap; how many are left."""
    waiting -= 1
    far, j = market.heap_far[waiting], market.heap_right[waiting]
    hole, below = 0, 1
    while below < waiting:
        if below + 1 < waiting and _is_nearer(market, below + 1, market.heap_far[below], market.heap_right[below]):
            below += 1
        if not _is_nearer(market, below, far, j):
            break
        market.heap_far[hole], market.heap_right[hole] = market.heap_far[below], market.heap_right[below]
        hole, below = below, 2 * below + 1
    market.heap_far[hole], market.heap_right[hole] = far, j
    return waiting


@compiled
def _is_nearer(market: Market, at: int, far: int, j: int) -> bool:
    is_nearer: bool = market.heap_far[at] < far or (market.heap_far[at] == far and market.heap_right[at] < j)
    return is_nearer
