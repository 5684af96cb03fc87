"""The relations of a round as one person after another reads them, and as those do whom they look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.packed import (
    CRITERION,
    GAIN,
    KIND,
    MATTERS,
    SIZE,
    TILE,
    Lists,
    Numbers,
    Own,
    Relation,
    Theirs,
    joined,
    picked,
    starts_of,
)
from matching.scoring import ONE

# A kind of identity that fewer than one in so many of the others have is counted for its holders only.
SPARSE_FROM = 4


@dataclass(frozen=True, eq=False)
class _Faced:
    """The others' side of one relation: one entry per seat, or one for each who said something."""

    dense: bool
    place: Numbers
    said: Numbers
    bits: Numbers
    holders: Lists

    @classmethod
    def of(cls, relation: Relation, seat: Numbers, seats: int) -> "_Faced":
        theirs = relation.theirs
        here = np.flatnonzero(seat[theirs.people] >= 0)
        seated = seat[theirs.people[here]]
        for_holders_only = relation.role in {CRITERION, KIND} and not relation.rule
        dense = not for_holders_only or len(here) * SPARSE_FROM >= seats
        place = np.arange(seats) if dense else seated
        entry = seated if dense else np.arange(len(here))
        said = np.zeros((2, len(place)), dtype=theirs.size.dtype)
        bits = np.zeros((len(theirs.bits), len(place)), dtype=np.uint32)
        said[SIZE, entry], said[MATTERS, entry] = theirs.size[here], relation.their_matters[here]
        bits[:, entry] = theirs.bits[:, here]
        rare = picked(theirs.rare, here)
        words, holders = rare.item, np.repeat(entry, np.diff(rare.start))
        order = np.lexsort((holders, words))
        starts = np.searchsorted(words[order], np.arange(theirs.rare_words + 1))
        return cls(dense, place, said, bits, Lists(starts, holders[order]))


def what_others_said(relations: Sequence[Relation], seat: Numbers, seats: int) -> Theirs:
    """The others' side of all relations, one after another in every array."""
    faced = [_Faced.of(relation, seat, seats) for relation in relations]
    number = relations[0].theirs.size.dtype if relations else np.float32
    tiles = np.arange(-(-seats // TILE) + 1) * TILE
    start = starts_of([len(each.place) for each in faced])
    plan = [
        start[:-1],
        start[1:],
        [each.dense for each in faced],
        [relation.role for relation in relations],
        [relation.rule for relation in relations],
        [len(each.bits) for each in faced],
        starts_of([each.bits.size for each in faced])[:-1],
        starts_of([len(each.holders.start) for each in faced])[:-1],
    ]
    edge = [at + np.searchsorted(each.place, tiles) for at, each in zip(start[:-1], faced, strict=True)]
    held = starts_of([len(each.holders.item) for each in faced])
    shares = np.array([relation.likeness for relation in relations], dtype=number).reshape(-1, 5).T.copy()
    shares[GAIN] *= 2 * ONE
    return Theirs(
        plan=np.array(plan, dtype=np.int64),
        shares=shares,
        edge=np.array(edge, dtype=np.int64).reshape(len(faced), len(tiles)),
        place=joined([each.place for each in faced], np.int32),
        said=np.stack([joined([each.said[row] for each in faced], number) for row in (SIZE, MATTERS)]),
        bits=joined([each.bits.ravel() for each in faced], np.uint32),
        holder_start=joined([at + each.holders.start for at, each in zip(held[:-1], faced, strict=True)], np.int64),
        holder=joined([at + each.holders.item for at, each in zip(start[:-1], faced, strict=True)], np.int32),
    )


def what_each_said(relations: Sequence[Relation], people: int) -> Own:
    """Every person's own words, relation after relation."""
    number = relations[0].ours.size.dtype if relations else np.float32
    whose = joined([relation.ours.people for relation in relations], np.int64)
    order = np.argsort(whose, kind="stable")
    entries = [len(relation.ours.people) for relation in relations]
    which = np.repeat(np.arange(len(relations)), entries)
    size = joined([relation.ours.size for relation in relations], number)
    matters = joined([relation.our_matters for relation in relations], number)
    words = np.repeat(np.array([len(relation.ours.bits) for relation in relations], dtype=np.int64), entries)
    bits = Lists(starts_of(words), joined([relation.ours.bits.T.ravel() for relation in relations], np.uint32))
    rare_words = joined([np.diff(relation.ours.rare.start) for relation in relations], np.int64)
    rare = Lists(starts_of(rare_words), joined([relation.ours.rare.item for relation in relations], np.int64))
    bits, rare = picked(bits, order), picked(rare, order)
    return Own(
        start=np.searchsorted(whose[order], np.arange(people + 1)),
        plan=np.stack([which[order], bits.start[:-1], rare.start[:-1], rare.start[1:]]),
        said=np.stack([size[order], matters[order]]),
        bits=bits.item,
        rare=rare.item,
    )
