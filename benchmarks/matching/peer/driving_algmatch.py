"""algmatch's Hospital/Residents: a stable answer, which need not have the largest sum. In its own environment.

From arrays it makes the ranked lists of both sides (of equal worth, whoever comes first), then solves and checks stability
by itself.
"""

from algmatch import HR
from answering import serve

Ranked = dict[int, list[int]]


def solve(left: list[int], right: list[int], weight: list[int], seats: list[int]) -> list[tuple[int, int]]:
    """Whoever has nobody on their list is not named, as it refuses empty ones."""
    mine: Ranked = {}
    theirs: Ranked = {}
    for arc in sorted(range(len(weight)), key=weight.__getitem__, reverse=True):
        mine.setdefault(left[arc], []).append(right[arc])
        theirs.setdefault(right[arc], []).append(left[arc])
    offering = {place: {"capacity": seats[place], "preferences": ranked} for place, ranked in theirs.items()}
    found = HR(dictionary={"residents": mine, "hospitals": offering}).get_stable_matching()
    if found is None:
        raise SystemExit("algmatch finds its own answer not to be stable")
    return [(int(one[1:]), int(place[1:])) for one, place in found["resident_sided"].items() if place]


if __name__ == "__main__":
    serve({"solve": solve})
