"""The heaviest set of pairs in a general graph: the inner loops, in whole numbers, with the prices that prove it.

One file, as all of it works on one tree and its lists.

Two steps. First everybody stands twice, once on each side, and the two-sided problem is solved along shortest augmenting
paths. Read back on the people, that is the best answer in which somebody may also belong to two others by half (Balinski
1965: halves are all that can occur, and they lie on odd rings). Derigs and Metz (1986, "On the use of optimal fractional
matchings for solving the (integer) matching problem") start from there, since only one person in each odd ring is then
left over. Second, from each one left over a tree of alternating paths is grown, in which odd rings shrink to single
nodes, "blossoms" (Edmonds 1965, "Paths, trees, and flowers"; prices kept up lazily and events in a heap as in Galil 1986,
"Efficient algorithms for finding maximum matching in graphs").

Prices are doubled, so that they stay whole. At the end, for every possible pair, price + price + the prices of all
blossoms around both >= 2 * weight, with equality for the chosen pairs and along every blossom; whoever is alone has price
0. Weights are below 2 ** 60. Nobody's price passes twice the greatest weight (whoever's price rises has a partner, and
the two are level), nor do the blossoms around a pair together, so every number here stays below 2 ** 63.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matching.compiling import compiled

Numbers = npt.NDArray[np.int64]

# Above every key that can arise, and far enough below 2 ** 63.
NEVER = 2**62 + 2**61

# What a node is in the tree being grown: outside it, or reached after an even (root included) or odd number of pairs.
FREE, OUTER, INNER = 0, 1, 2

# `arcs`: each possible pair once from either side. A person's arcs stand together, the heaviest first.
OTHER, WEIGHT = range(2)

# `person`, one row each:
# START, END: their arcs. PARTNER: or -1. PRICE: doubled; of somebody outer it is the true one plus what is GROWN.
# FOLLOW: the next in the same blossom. HOME: the node that was on top of them when the search began or when their blossom
# was last taken apart. IS_OUTER: 0 or 1. NEAR, NEAR_FROM: the nearest of the outer people looked from so far, and how far
# the tree would have grown when the two are level if the own price were 0; as the own price and label do not enter, no
# arc needs looking at twice. In the first step NEAR and NEAR_FROM are of the person as a right, and these are used too:
# TO, OF: partner as a left and as a right, or -1. LEFT, RIGHT: price as a left and as a right.
(START, END, PARTNER, PRICE, FOLLOW, HOME, IS_OUTER, NEAR, NEAR_FROM, TO, OF, LEFT, RIGHT) = range(13)

# `node`, one row for each person and then one for each blossom number. A node in no blossom is on top.
# ABOVE: the blossom it is in, or -1. BASE: the person in it who is paired outside it or alone. HEAD, TAIL: its people, as
# a chain by FOLLOW; a head of -1 says that the number is not in use.
# Of a blossom: FIRST: the child that holds the base. DOUBLED: its price (0 for a person).
# Of a child: AFTER, BEFORE: its neighbours in the ring. LINK_HERE, LINK_THERE: the two people, the first in this child,
# who join it to the one after.
# On top: MERGED: what it has been made part of since its people's HOME was noted (union-find). LABEL; SINCE: how far the
# tree had grown. ENTRY_FROM, ENTRY_TO: the two people by whom the tree reached an inner node. STAMP: who passed here.
(ABOVE, BASE, HEAD, TAIL, FIRST, DOUBLED, AFTER, BEFORE) = range(8)
(LINK_HERE, LINK_THERE, MERGED, LABEL, SINCE, ENTRY_FROM, ENTRY_TO, STAMP) = range(8, 16)

# `work`, lists of persons or nodes, one a column. QUEUE: outer people, to be looked from. TOUCHED: nodes labelled.
# NEARED: people with a NEAR. SPARE: blossom numbers to be used. RETIRED: given up in this search, which may still meet
# them in its other lists. STACK_NODE, STACK_PERSON: tasks.
(QUEUE, TOUCHED, NEARED, SPARE, RETIRED, STACK_NODE, STACK_PERSON) = range(7)

# `heap`: events, the one with the least key on top.
KEY, LOAD = range(2)

# `now`: how far the tree has grown; where it ends at the latest, and how: from whom, and to whom (-1: to nobody); the
# lengths of the heap and the lists, and how much of the queue is done; the last stamp; a bound below everybody's price.
(GROWN, LIMIT, END_FROM, END_TO, HEAPED, QUEUED, LOOKED, TOUCHES, NEARS, SPARES, RETIREES, STAMPS, LEAST) = range(13)


class Forest(NamedTuple):
    """All the state, as tables. Few and wide ones: numba compiles these loops several times faster than with a column each."""

    arcs: Numbers
    person: Numbers
    node: Numbers
    work: Numbers
    heap: Numbers
    now: Numbers


# --- the heap -------------------------------------------------------------------------------------------------------


@compiled
def _push(f: Forest, key: int, load: int) -> None:
    heap = f.heap
    place = f.now[HEAPED]
    f.now[HEAPED] = place + 1
    while place > 0 and heap[(place - 1) >> 1, KEY] > key:
        parent = (place - 1) >> 1
        heap[place, KEY] = heap[parent, KEY]
        heap[place, LOAD] = heap[parent, LOAD]
        place = parent
    heap[place, KEY] = key
    heap[place, LOAD] = load


@compiled
def _pop(f: Forest) -> int:
    """Take the next event out: what it is about. Its key is how far the tree has grown now."""
    heap = f.heap
    f.now[GROWN] = heap[0, KEY]
    result = heap[0, LOAD]
    size = f.now[HEAPED] - 1
    f.now[HEAPED] = size
    key, load = heap[size, KEY], heap[size, LOAD]
    place, child = 0, 1
    while child < size:
        if child + 1 < size and heap[child + 1, KEY] < heap[child, KEY]:
            child += 1
        if heap[child, KEY] >= key:
            break
        heap[place, KEY] = heap[child, KEY]
        heap[place, LOAD] = heap[child, LOAD]
        place, child = child, 2 * child + 1
    heap[place, KEY] = key
    heap[place, LOAD] = load
    return int(result)


# --- everybody twice ------------------------------------------------------------------------------------------------


@compiled
def _look_right(f: Forest, left: int) -> None:
    """Follow the arcs of a left that lies as far from the root as the search has come."""
    now = f.now
    base = now[GROWN] + f.person[left, LEFT]
    limit = now[LIMIT]
    for arc in range(f.person[left, START], f.person[left, END]):
        weighed = base - f.arcs[arc, WEIGHT]
        # The heaviest come first and no price is below 0, so nothing further on can be nearer than this one.
        if weighed >= limit:
            break
        right = f.arcs[arc, OTHER]
        reached = weighed + f.person[right, RIGHT]
        if reached < limit and reached < f.person[right, NEAR]:
            if f.person[right, NEAR] == NEVER:
                f.work[now[NEARS], NEARED] = right
                now[NEARS] += 1
            f.person[right, NEAR] = reached
            f.person[right, NEAR_FROM] = left
            if f.person[right, OF] < 0:
                limit = reached
                now[END_FROM] = -1
                now[END_TO] = right
            else:
                _push(f, reached, right)
    now[LIMIT] = limit


@compiled
def _place(f: Forest, root: int) -> None:
    """Pair one more left, along the shortest path to a right without a partner or to a left who is better dropped."""
    now = f.now
    now[GROWN] = now[HEAPED] = now[NEARS] = 0
    now[LIMIT] = f.person[root, LEFT]
    now[END_FROM] = root
    now[END_TO] = -1
    _look_right(f, root)
    while now[HEAPED] > 0 and f.heap[0, KEY] < now[LIMIT]:
        right = _pop(f)
        if now[GROWN] == f.person[right, NEAR]:
            left = f.person[right, OF]
            if now[GROWN] + f.person[left, LEFT] < now[LIMIT]:
                now[LIMIT] = now[GROWN] + f.person[left, LEFT]
                now[END_FROM] = left
                now[END_TO] = -1
            _look_right(f, left)
    limit = now[LIMIT]
    f.person[root, LEFT] -= limit
    for place in range(now[NEARS]):
        right = f.work[place, NEARED]
        if f.person[right, NEAR] < limit:
            f.person[right, RIGHT] += limit - f.person[right, NEAR]
            f.person[f.person[right, OF], LEFT] -= limit - f.person[right, NEAR]
        f.person[right, NEAR] = NEVER
    if now[END_FROM] != root:
        _shift(f, root)


@compiled
def _shift(f: Forest, root: int) -> None:
    """Give every left on the path to the root the right that it was reached by."""
    right = f.now[END_TO]
    if right < 0:
        right = f.person[f.now[END_FROM], TO]
        f.person[f.now[END_FROM], TO] = -1
    left = -1
    while left != root:
        left = f.person[right, NEAR_FROM]
        f.person[right, OF] = left
        following = f.person[left, TO]
        f.person[left, TO] = right
        right = following


@compiled
def _solve_halves(f: Forest) -> None:
    for left in range(len(f.person)):
        best = 0
        for arc in range(f.person[left, START], f.person[left, END]):
            if f.arcs[arc, WEIGHT] <= best:
                break
            best = max(best, f.arcs[arc, WEIGHT] - f.person[f.arcs[arc, OTHER], RIGHT])
        f.person[left, LEFT] = best
        if best > 0:
            _place(f, left)


@compiled
def _read_halves(f: Forest) -> None:
    """Take the whole pairs in the answer, and everybody's price; of each odd ring the cheapest person stays alone.

    Somebody who as a left or as a right has no partner has price 0 there; and on the other side too, the mirrored answer
    being as good. So a chain may be paired from its first person on: nobody in it stays alone at a price above 0.
    """
    person = f.person
    for i in range(len(person)):
        person[i, PRICE] = person[i, LEFT] + person[i, RIGHT]
    for i in range(len(person)):
        if person[i, OF] < 0:
            _pair_along(f, i)
    # What is left are rings.
    for i in range(len(person)):
        if person[i, OF] >= 0:
            length, least, j = 1, i, person[i, TO]
            while j != i:
                length += 1
                if person[j, PRICE] < person[least, PRICE]:
                    least = j
                j = person[j, TO]
            if length % 2 == 1:
                j = person[least, TO]
                person[least, TO] = person[least, OF] = -1
            _pair_along(f, j)


@compiled
def _pair_along(f: Forest, first: int) -> None:
    """Pair the first with the second, the third with the fourth, to the end of a chain or once round; mark all as read."""
    person = f.person
    i = first
    while i >= 0:
        j = person[i, TO]
        person[i, TO] = person[i, OF] = -1
        if j < 0:
            break
        person[i, PARTNER] = j
        person[j, PARTNER] = i
        i = person[j, TO]
        person[j, TO] = person[j, OF] = -1


# --- the tree -------------------------------------------------------------------------------------------------------


@compiled
def _top(f: Forest, person: int) -> int:
    """The node on top of a person. The way there is halved each time."""
    node = f.person[person, HOME]
    while f.node[node, MERGED] != node:
        f.node[node, MERGED] = f.node[f.node[node, MERGED], MERGED]
        node = f.node[node, MERGED]
    return int(node)


@compiled
def _next_in(f: Forest, node: int, person: int) -> int:
    """The next of a node's people, or -1."""
    if person == f.node[node, TAIL]:
        return -1
    return int(f.person[person, FOLLOW])


@compiled
def _become_outer(f: Forest, node: int, gain: int) -> None:
    """All people of a node join the queue; `gain` is what their stored prices lack."""
    now = f.now
    person = f.node[node, HEAD]
    while person >= 0:
        f.person[person, PRICE] += gain
        f.person[person, IS_OUTER] = 1
        f.work[now[QUEUED], QUEUE] = person
        now[QUEUED] += 1
        # The tree can always end by leaving out the outer person whose price comes to 0 first.
        if f.person[person, PRICE] < now[LIMIT]:
            now[LIMIT] = f.person[person, PRICE]
            now[END_FROM] = person
            now[END_TO] = -1
        person = _next_in(f, node, person)


@compiled
def _reprice_blossom(f: Forest, node: int, gain: int) -> None:
    if node >= len(f.person):
        f.node[node, DOUBLED] += gain


@compiled
def _touch(f: Forest, node: int) -> None:
    f.node[node, SINCE] = f.now[GROWN]
    f.work[f.now[TOUCHES], TOUCHED] = node
    f.now[TOUCHES] += 1


@compiled
def _make_outer(f: Forest, node: int) -> None:
    """A free node becomes outer: from now on its people's prices fall as the tree grows, and its own rises twice that."""
    f.node[node, LABEL] = OUTER
    _touch(f, node)
    _reprice_blossom(f, node, -2 * f.now[GROWN])
    _become_outer(f, node, f.now[GROWN])


@compiled
def _make_inner(f: Forest, node: int, outside: int, inside: int) -> None:
    """A free node becomes inner: from now on its people's prices rise, and its own falls twice that, as far as 0."""
    f.node[node, LABEL] = INNER
    _touch(f, node)
    f.node[node, ENTRY_FROM] = outside
    f.node[node, ENTRY_TO] = inside
    if node >= len(f.person):
        # Whole, since the price of a blossom only ever changes by twice something.
        key = f.now[GROWN] + (f.node[node, DOUBLED] >> 1)
        if key < f.now[LIMIT]:
            _push(f, key, -1 - node)


@compiled
def _look_around(f: Forest, person: int) -> None:
    """Follow the arcs of somebody outer."""
    now = f.now
    own = f.person[person, PRICE]
    node = _top(f, person)
    for arc in range(f.person[person, START], f.person[person, END]):
        value = own - 2 * f.arcs[arc, WEIGHT]
        # The lighter arcs that follow can bring about nothing before the tree ends: the price of somebody not outer is at
        # least LEAST, and that stored for somebody outer, of whose event half counts, at least the limit as well.
        if value >= min(now[LIMIT], 2 * now[LIMIT] - now[LEAST]):
            break
        other = f.arcs[arc, OTHER]
        if f.person[other, IS_OUTER]:
            # Whole: all prices in one tree are odd or all are even, since the pairs that hold it together are level.
            key = (value + f.person[other, PRICE]) >> 1
            if key < now[LIMIT] and _top(f, other) != node:
                _push(f, key, person * len(f.person) + other)
        elif value < f.person[other, NEAR]:
            _come_near(f, person, other, value)


@compiled
def _come_near(f: Forest, person: int, other: int, value: int) -> None:
    """Somebody outer is nearer than all before to somebody who is not."""
    now = f.now
    if f.person[other, NEAR] == NEVER:
        f.work[now[NEARS], NEARED] = other
        now[NEARS] += 1
    f.person[other, NEAR] = value
    f.person[other, NEAR_FROM] = person
    key = value + f.person[other, PRICE]
    node = _top(f, other)
    if f.node[node, LABEL] == FREE and key < now[LIMIT]:
        if f.person[f.node[node, BASE], PARTNER] < 0:
            now[LIMIT] = key
            now[END_FROM] = person
            now[END_TO] = other
        else:
            _push(f, key, -1 - other)


@compiled
def _grow(f: Forest, person: int) -> None:
    """A free person is level with somebody outer: their node becomes inner, and the node it is paired with outer."""
    node = _top(f, person)
    if f.node[node, LABEL] == FREE and f.now[GROWN] == f.person[person, NEAR] + f.person[person, PRICE]:
        _make_inner(f, node, f.person[person, NEAR_FROM], person)
        _make_outer(f, _top(f, f.person[f.node[node, BASE], PARTNER]))


# --- blossoms -------------------------------------------------------------------------------------------------------


@compiled
def _meeting(f: Forest, one: int, other: int) -> int:
    """The first outer node on both ways to the root. The two ways are walked in turns, so a far root costs nothing."""
    f.now[STAMPS] += 1
    stamp = f.now[STAMPS]
    here, there = one, other
    while f.node[here, STAMP] != stamp:
        f.node[here, STAMP] = stamp
        left = f.person[f.node[here, BASE], PARTNER]
        if left < 0:
            # This way has come to the root; the other goes on alone.
            here, there = there, -1
        else:
            here = _top(f, f.node[_top(f, left), ENTRY_FROM])
            if there >= 0:
                here, there = there, here
    return here


@compiled
def _link(f: Forest, node: int, here: int, following: int, there: int) -> None:
    f.node[node, AFTER] = following
    f.node[following, BEFORE] = node
    f.node[node, LINK_HERE] = here
    f.node[node, LINK_THERE] = there


@compiled
def _link_up(f: Forest, node: int, meeting: int) -> None:
    """Link one side of a ring, upwards from an outer node as far as the meeting."""
    while node != meeting:
        base = f.node[node, BASE]
        left = f.person[base, PARTNER]
        inner = _top(f, left)
        _link(f, node, base, inner, left)
        node = _top(f, f.node[inner, ENTRY_FROM])
        _link(f, inner, f.node[inner, ENTRY_TO], node, f.node[inner, ENTRY_FROM])


@compiled
def _link_down(f: Forest, node: int, meeting: int) -> None:
    """Link the other side, from the meeting down to an outer node."""
    while node != meeting:
        base = f.node[node, BASE]
        left = f.person[base, PARTNER]
        inner = _top(f, left)
        _link(f, inner, left, node, base)
        node = _top(f, f.node[inner, ENTRY_FROM])
        _link(f, node, f.node[inner, ENTRY_FROM], inner, f.node[inner, ENTRY_TO])


@compiled
def _absorb(f: Forest, node: int, blossom: int) -> None:
    """One node of the ring goes into the blossom: its price stands still, and its people are outer from now on."""
    grown = f.now[GROWN]
    if f.node[node, LABEL] == OUTER:
        _reprice_blossom(f, node, 2 * grown)
    else:
        risen = grown - f.node[node, SINCE]
        _reprice_blossom(f, node, -2 * risen)
        _become_outer(f, node, risen + grown)
    f.node[node, ABOVE] = blossom
    f.node[node, MERGED] = blossom


@compiled
def _shrink(f: Forest, one: int, other: int) -> None:
    """Two outer people are level: unless they are in one node by now, the ring they close becomes a blossom."""
    one_node, other_node = _top(f, one), _top(f, other)
    if one_node == other_node:
        return
    meeting = _meeting(f, one_node, other_node)
    _link_up(f, one_node, meeting)
    _link_down(f, other_node, meeting)
    _link(f, other_node, other, one_node, one)
    f.now[SPARES] -= 1
    blossom = f.work[f.now[SPARES], SPARE]
    f.node[blossom, ABOVE] = -1
    f.node[blossom, MERGED] = blossom
    f.node[blossom, FIRST] = meeting
    f.node[blossom, BASE] = f.node[meeting, BASE]
    f.node[blossom, HEAD] = f.node[meeting, HEAD]
    f.node[blossom, TAIL] = f.node[meeting, TAIL]
    f.node[blossom, DOUBLED] = -2 * f.now[GROWN]
    f.node[blossom, LABEL] = OUTER
    _touch(f, blossom)
    node = f.node[meeting, AFTER]
    while node != meeting:
        _absorb(f, node, blossom)
        f.person[f.node[blossom, TAIL], FOLLOW] = f.node[node, HEAD]
        f.node[blossom, TAIL] = f.node[node, TAIL]
        node = f.node[node, AFTER]
    _absorb(f, meeting, blossom)


@compiled
def _free_child(f: Forest, node: int) -> None:
    """A child put on top that is not in the tree: its nearest person is its next chance."""
    least, nearest = NEVER, -1
    person = f.node[node, HEAD]
    while person >= 0:
        key = f.person[person, NEAR]
        if key != NEVER and key + f.person[person, PRICE] < least:
            least = key + f.person[person, PRICE]
            nearest = person
        person = _next_in(f, node, person)
    if least < f.now[LIMIT]:
        _push(f, least, -1 - nearest)


@compiled
def _settle_people(f: Forest, node: int, gain: int) -> None:
    """Note where the people of a node on top belong now, and what their prices lack."""
    person = f.node[node, HEAD]
    while person >= 0:
        f.person[person, PRICE] += gain
        f.person[person, HOME] = node
        person = _next_in(f, node, person)


@compiled
def _take_apart(f: Forest, blossom: int) -> None:
    """Each child stands for itself. The number is free again only after the search."""
    gain = 0
    if f.node[blossom, LABEL] == INNER:
        gain = f.now[GROWN] - f.node[blossom, SINCE]
    child = f.node[blossom, FIRST]
    while f.node[child, ABOVE] == blossom:
        f.node[child, ABOVE] = -1
        f.node[child, MERGED] = child
        _settle_people(f, child, gain)
        child = f.node[child, AFTER]
    f.node[blossom, HEAD] = -1
    f.work[f.now[RETIREES], RETIRED] = blossom
    f.now[RETIREES] += 1


@compiled
def _child_with(f: Forest, blossom: int, person: int) -> int:
    child = person
    while f.node[child, ABOVE] != blossom:
        child = f.node[child, ABOVE]
    return child


@compiled
def _is_paired_forwards(f: Forest, child: int) -> bool:
    """Whether a child without the base is paired with the child after it; if not, it is with the one before.

    Asked of the neighbour: on this side the new partner may have been noted already.
    """
    return bool(f.person[f.node[child, LINK_THERE], PARTNER] == f.node[child, LINK_HERE])


@compiled
def _expand(f: Forest, blossom: int) -> None:
    """The price of an inner blossom has come to 0: the part of its ring that the tree needs stays, the rest is free."""
    if f.node[blossom, ABOVE] >= 0:
        return
    outside, inside = f.node[blossom, ENTRY_FROM], f.node[blossom, ENTRY_TO]
    first = f.node[blossom, FIRST]
    entered = child = _child_with(f, blossom, inside)
    _take_apart(f, blossom)
    forwards = child != first and _is_paired_forwards(f, child)
    while child != first:
        _make_inner(f, child, outside, inside)
        if forwards:
            outer = f.node[child, AFTER]
            child = f.node[outer, AFTER]
            outside, inside = f.node[outer, LINK_HERE], f.node[outer, LINK_THERE]
        else:
            outer = f.node[child, BEFORE]
            child = f.node[outer, BEFORE]
            outside, inside = f.node[child, LINK_THERE], f.node[child, LINK_HERE]
        _make_outer(f, outer)
    _make_inner(f, first, outside, inside)
    # The rest lies from the base on to where the tree came in.
    while True:
        child = f.node[child, AFTER] if forwards else f.node[child, BEFORE]
        if child == entered:
            break
        _free_child(f, child)


# --- the end of a search --------------------------------------------------------------------------------------------


@compiled
def _rebase(f: Forest, node: int, person: int) -> None:
    """Change the pairs inside a node so that `person` is the one in it who is left for a partner outside."""
    work = f.work
    work[0, STACK_NODE], work[0, STACK_PERSON] = node, person
    size = 1
    while size > 0:
        size -= 1
        node, person = work[size, STACK_NODE], work[size, STACK_PERSON]
        f.node[node, BASE] = person
        if node < len(f.person):
            continue
        old, child = f.node[node, FIRST], _child_with(f, node, person)
        f.node[node, FIRST] = child
        work[size, STACK_NODE], work[size, STACK_PERSON] = child, person
        size += 1
        forwards = child != old and _is_paired_forwards(f, child)
        while child != old:
            if forwards:
                one = f.node[child, AFTER]
                child = f.node[one, AFTER]
                here, there = f.node[one, LINK_HERE], f.node[one, LINK_THERE]
            else:
                one = f.node[child, BEFORE]
                child = f.node[one, BEFORE]
                here, there = f.node[child, LINK_THERE], f.node[child, LINK_HERE]
            f.person[here, PARTNER] = there
            f.person[there, PARTNER] = here
            work[size, STACK_NODE], work[size, STACK_PERSON] = one, here
            work[size + 1, STACK_NODE], work[size + 1, STACK_PERSON] = child, there
            size += 2


@compiled
def _change_partners(f: Forest) -> None:
    """Along the way from the end of the search to the root."""
    person, partner = f.now[END_FROM], f.now[END_TO]
    if partner >= 0:
        _rebase(f, _top(f, partner), partner)
        f.person[partner, PARTNER] = person
    while True:
        node = _top(f, person)
        left = f.person[f.node[node, BASE], PARTNER]
        _rebase(f, node, person)
        f.person[person, PARTNER] = partner
        if left < 0:
            return
        inner = _top(f, left)
        person, partner = f.node[inner, ENTRY_FROM], f.node[inner, ENTRY_TO]
        _rebase(f, inner, partner)
        f.person[partner, PARTNER] = person


@compiled
def _settle(f: Forest) -> None:
    """True prices again and no labels, for those the search has touched."""
    now = f.now
    grown = now[LIMIT]
    for place in range(now[QUEUED]):
        person = f.work[place, QUEUE]
        f.person[person, IS_OUTER] = 0
        now[LEAST] = min(now[LEAST], f.person[person, PRICE] - grown)
    for place in range(now[NEARS]):
        f.person[f.work[place, NEARED], NEAR] = NEVER
    for place in range(now[TOUCHES]):
        node = f.work[place, TOUCHED]
        f.node[node, MERGED] = node
        if f.node[node, HEAD] >= 0 and f.node[node, ABOVE] < 0:
            # What is stored for outer people has the whole growth in it, and for inner ones none since they were reached.
            gain = -grown if f.node[node, LABEL] == OUTER else grown - f.node[node, SINCE]
            _reprice_blossom(f, node, -2 * gain)
            _settle_people(f, node, gain)
        f.node[node, LABEL] = FREE


@compiled
def _tidy(f: Forest) -> None:
    """Take apart what is on top at price 0: it binds nobody. Numbers given up in this search can be used again."""
    now = f.now
    for place in range(now[TOUCHES]):
        f.work[0, STACK_NODE] = f.work[place, TOUCHED]
        size = 1
        while size > 0:
            size -= 1
            node = f.work[size, STACK_NODE]
            is_used = node >= len(f.person) and f.node[node, HEAD] >= 0 and f.node[node, ABOVE] < 0
            if is_used and f.node[node, DOUBLED] == 0:
                _take_apart(f, node)
                child = f.node[node, FIRST]
                while True:
                    f.work[size, STACK_NODE] = child
                    size += 1
                    child = f.node[child, AFTER]
                    if child == f.node[node, FIRST]:
                        break
    for place in range(now[RETIREES]):
        f.work[now[SPARES], SPARE] = f.work[place, RETIRED]
        now[SPARES] += 1


@compiled
def _search(f: Forest, root: int) -> None:
    """Grow one tree until its root finds a partner, or somebody in it, perhaps the root, is better left alone."""
    now = f.now
    people = len(f.person)
    now[GROWN] = now[HEAPED] = now[QUEUED] = now[LOOKED] = now[TOUCHES] = now[NEARS] = now[RETIREES] = 0
    now[LIMIT] = NEVER
    _make_outer(f, root)
    while now[LIMIT] > now[GROWN]:
        if now[LOOKED] < now[QUEUED]:
            now[LOOKED] += 1
            _look_around(f, f.work[now[LOOKED] - 1, QUEUE])
        elif now[HEAPED] > 0 and f.heap[0, KEY] < now[LIMIT]:
            load = _pop(f)
            if load >= 0:
                _shrink(f, load // people, load % people)
            elif -1 - load < people:
                _grow(f, -1 - load)
            else:
                _expand(f, -1 - load)
        else:
            break
    _change_partners(f)
    _settle(f)
    _tidy(f)


@compiled
def _search_for_all(f: Forest) -> None:
    """Search from everybody who is alone and whose price is above 0. Such a person is in no blossom."""
    f.now[LEAST] = NEVER
    for person in range(len(f.person)):
        f.now[LEAST] = min(f.now[LEAST], f.person[person, PRICE])
    for person in range(len(f.person)):
        if f.person[person, PARTNER] < 0 and f.person[person, PRICE] > 0:
            _search(f, person)


# --- the whole ------------------------------------------------------------------------------------------------------


@compiled
def _lay_out(f: Forest, ends: Numbers, weight: Numbers) -> None:
    """Each possible pair once from either side, in the order given. END holds where a person's next arc goes."""
    for edge in range(len(weight)):
        for side in range(2):
            person = ends[edge, side]
            arc = f.person[person, END]
            f.person[person, END] = arc + 1
            f.arcs[arc, OTHER] = ends[edge, 1 - side]
            f.arcs[arc, WEIGHT] = weight[edge]


def solve(ends: Numbers, weight: Numbers, people: int) -> Forest:
    """The heaviest matching of the graph whose edge k, of `weight[k]`, joins the two people `ends[k]`.

    `ends` has shape (edges, 2), `weight` (edges,), both int64 and contiguous; the weights are above 0, below 2 ** 60 and
    do not rise. In what comes back PARTNER, PRICE and, for each blossom in use, DOUBLED are as the module says. Which of
    several equally good answers it is depends on nothing but the order of the edges. A search takes up to edges *
    log(edges) steps; there is one for each odd ring that the first step leaves. Memory grows with edges and people.
    """
    nodes = 2 * people
    number = np.arange(nodes, dtype=np.int64)
    forest = Forest(
        arcs=np.empty((2 * len(weight), 2), dtype=np.int64),
        person=np.zeros((people, 13), dtype=np.int64),
        # At any time fewer than half as many blossoms as people are in use, and as many may wait for a search to end.
        node=np.zeros((nodes, 16), dtype=np.int64),
        work=np.zeros((nodes + 1, 7), dtype=np.int64),
        # A search has at most one event for each arc it looks at, blossom it reaches and child it sets free.
        heap=np.empty((2 * len(weight) + 2 * nodes + 1, 2), dtype=np.int64),
        now=np.zeros(13, dtype=np.int64),
    )
    degree = np.bincount(ends.ravel(), minlength=people)
    forest.person[:, START] = forest.person[:, END] = np.cumsum(degree) - degree
    forest.person[:, [PARTNER, TO, OF]] = -1
    forest.person[:, HOME] = number[:people]
    forest.person[:, NEAR] = NEVER
    forest.node[:, ABOVE] = -1
    for field in (BASE, TAIL, MERGED):
        forest.node[:, field] = number
    forest.node[:, HEAD] = np.where(number < people, number, -1)
    forest.work[:people, SPARE] = number[people:]
    forest.now[SPARES] = people
    _lay_out(forest, ends, weight)
    _solve_halves(forest)
    _read_halves(forest)
    _search_for_all(forest)
    return forest
