"""The terms of a condition in SQL: which of them, taken away, would let more through."""

import re
from collections.abc import Iterator

NEVER, ALWAYS = "1 = 0", "1 = 1"


def terms(condition: str, *, refuses: bool) -> Iterator[tuple[str, str]]:
    """Each term, and what to write in its place so that it says nothing any more.

    A condition that refuses does so for any one of its terms (OR); one that is asked for needs all of its own (AND).
    """
    word, nothing = ("OR", NEVER) if refuses else ("AND", ALWAYS)
    found = split(condition, word)
    if len(found) > 1 and (refuses or len(split(condition, "OR")) == 1):
        yield from ((term, nothing) for term in found)
    for before, group in groups(condition):
        if before.endswith("NOT EXISTS"):
            yield from terms(group.partition(" WHERE ")[2] or group.partition("WHERE ")[2], refuses=not refuses)
        elif not re.search(r"\w$", before) or before.endswith((" OR", " AND")):
            yield from terms(group, refuses=refuses)


def split(condition: str, word: str) -> list[str]:
    """At this word, where it stands within no brackets."""
    pieces, depth = [""], 0
    for piece in re.split(rf"(\(|\)|'(?:[^']|'')*'|\s{word}\s)", condition):
        depth += (piece == "(") - (piece == ")")
        if depth == 0 and piece.strip() == word and piece != word:
            pieces.append("")
        else:
            pieces[-1] += piece
    return [piece.strip() for piece in pieces]


def groups(condition: str) -> Iterator[tuple[str, str]]:
    """What stands in brackets, and what stands before them."""
    depth, start = 0, 0
    for place, sign in enumerate(condition):
        if sign == "(":
            depth += 1
            start = place if depth == 1 else start
        elif sign == ")":
            depth -= 1
            if depth == 0:
                yield condition[:start].rstrip(), condition[start + 1 : place]


def without_term(sql: str, term: str, nothing: str, *, place: int) -> str:
    """`place`: the how many-th of those that read alike, from 0."""
    found = list(re.finditer(rf"(?<![\w.]){re.escape(term)}", sql))[place]
    return sql[: found.start()] + nothing + sql[found.end() :]
