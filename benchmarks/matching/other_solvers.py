"""Other people's solvers on a Market, each from its arrays to the chosen pairs, as quickly as its own interface allows.

Three of them want one column for each place instead of a mentor with several ("seat copies"). Leaving somebody out costs
nothing in any of them, and each has a way of its own to say so.
"""

import networkx as nx
import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from benchmarks.matching.markets import Market
from matching.compiling import compiled
from matching.packed import Numbers, starts_of

Pairs = tuple[Numbers, Numbers]


def scipy_dense(market: Market) -> Pairs:
    """A full table of people and places; a pair that is not possible is worth 0, and so is dropped afterwards."""
    table = np.zeros((market.people, len(market.seats)))
    table[market.left, market.right] = market.weight
    table = np.repeat(table, market.seats, axis=1)
    left, column = linear_sum_assignment(table, maximize=True)
    taken = table[left, column] > 0
    return left[taken], np.repeat(np.arange(len(market.seats)), market.seats)[column[taken]]


def scipy_sparse(market: Market) -> Pairs:
    """A full matching is all it knows: everybody has a column of their own for being left out, and all is worth 1 more,
    as a weight of 0 counts as no arc."""
    row, column, weight = _copied(market)
    people, seats = np.arange(market.people), int(market.seats.sum())
    rows, columns = np.concatenate([row, people]), np.concatenate([column, seats + people])
    worth = np.concatenate([weight + 1, np.ones(market.people)])
    table = csr_array((worth, (rows, columns)), shape=(market.people, seats + market.people))
    left, chosen = min_weight_full_bipartite_matching(table, maximize=True)
    taken = chosen < seats
    return left[taken], np.repeat(np.arange(len(market.seats)), market.seats)[chosen[taken]]


def ortools_flow(market: Market) -> Pairs:
    """Everybody sends one unit to the sink, by a mentor or past them all; the costs are whole numbers, as others are cut."""
    people, mentors = market.people, len(market.seats)
    sink = people + mentors
    everyone, places = np.arange(people), np.arange(people, sink)
    tail = np.concatenate([market.left, everyone, places])
    head = np.concatenate([people + market.right, np.full(people + mentors, sink)])
    room = np.concatenate([np.ones(len(market.weight) + people, dtype=np.int64), market.seats])
    cost = np.concatenate([-market.weight, np.zeros(people + mentors, dtype=np.int64)])
    supply = np.concatenate([np.ones(people, dtype=np.int64), np.zeros(mentors, dtype=np.int64), [-people]])
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tail, head, room, cost)
    flow.set_nodes_supplies(np.arange(sink + 1), supply)
    status = flow.solve()
    if status != flow.OPTIMAL:
        raise SystemExit(f"OR-Tools found no answer: {status}")
    taken = flow.flows(arcs[: len(market.weight)]) > 0
    return market.left[taken], market.right[taken]


def networkx_matching(market: Market) -> Pairs:
    """A heaviest matching in a graph of people and places; it may leave anybody out. For few people only."""
    graph = nx.Graph()
    row, column, weight = (numbers.tolist() for numbers in _copied(market))
    graph.add_weighted_edges_from(
        (one, market.people + seat, worth) for one, seat, worth in zip(row, column, weight, strict=True)
    )
    pairs = np.array([sorted(pair) for pair in nx.max_weight_matching(graph)], dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], np.repeat(np.arange(len(market.seats)), market.seats)[pairs[:, 1] - market.people]


def greedy(market: Market) -> Pairs:
    """Not an answer to the same question: the best pair first, then the best of those that are left, to the end."""
    order = np.argsort(-market.weight, kind="stable")
    taken = np.zeros(len(order), dtype=np.bool_)
    _take(order, market.left, market.right, np.ones(market.people, dtype=np.int64), market.seats.copy(), taken)
    return market.left[taken], market.right[taken]


@compiled
def _take(order: Numbers, left: Numbers, right: Numbers, free: Numbers, seats: Numbers, taken: Numbers) -> None:
    for arc in order:
        if free[left[arc]] > 0 and seats[right[arc]] > 0:
            taken[arc] = True
            free[left[arc]] -= 1
            seats[right[arc]] -= 1


def _copied(market: Market) -> tuple[Numbers, Numbers, Numbers]:
    """Every arc once for each place of its mentor: the person, the place and the weight."""
    times = market.seats[market.right]
    copy = np.arange(times.sum()) - np.repeat(starts_of(times)[:-1], times)
    first = starts_of(market.seats)[:-1]
    return np.repeat(market.left, times), np.repeat(first[market.right], times) + copy, np.repeat(market.weight, times)
