"""The server dies at every point of telling: nothing is told by half, and the same form sent again tells it, once."""

import os
import sys
from collections import Counter
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from tests.ledger.dying import count_points, die, watch
from timebank.concerns.models import Concern, ConcernReader, ConcernStep, ConcernText, ConcernWrap

IS_FULL = os.environ.get("TIMEBANK_FORM") == "full"
ROUNDS = 10 if IS_FULL else 1  # of every point
EVERY = (
    {"sqlite": 1, "postgresql": 1} if IS_FULL else {"sqlite": 2, "postgresql": 4}
)  # on PostgreSQL a statement has several

WHOLE = {"concern": 1, "reader": 2, "text": 1, "wrap": 3, "step": 1}
ADDED = {"concern": 1, "reader": 2, "text": 2, "wrap": 6, "step": 2}
NOTHING = dict.fromkeys(WHOLE, 0)


def kept(database, concern_id: UUID) -> dict[str, int]:
    theirs = {
        "concern": select(func.count()).where(Concern.id == concern_id),
        "reader": select(func.count()).where(ConcernReader.concern_id == concern_id),
        "text": select(func.count()).where(ConcernText.concern_id == concern_id),
        "wrap": select(func.count())
        .select_from(ConcernWrap)
        .join(ConcernText, ConcernText.id == ConcernWrap.text_id)
        .where(ConcernText.concern_id == concern_id),
        "step": select(func.count()).where(ConcernStep.concern_id == concern_id),
    }
    with database.reading() as session:
        return {name: session.scalar(question) for name, question in theirs.items()}


@pytest.mark.parametrize("act", ["told", "more"])
def test_whoever_dies_at_any_point_has_told_all_or_nothing_and_the_same_form_tells_once(
    as_, session, database, ada, first, second, printed, act
):
    browser = as_(ada)
    browser.get("/tell-someone")
    session.close()
    watch(database)

    def post(path: str, form: dict) -> int:
        answer = browser.client.post(path, data=form | {"csrf_token": browser.token}, base_url=browser.site)
        return answer.status_code

    def prepare() -> tuple[UUID, str, dict]:
        concern_id = uuid4()
        form = {"concern_id": str(concern_id), "words": "She waits for me."}
        if act == "told":
            return concern_id, "/tell-someone", form
        assert post("/tell-someone", form) == 303
        return concern_id, f"/tell-someone/{concern_id}/more", {"text_id": str(uuid4()), "words": "And again."}

    before, after = (NOTHING, WHOLE) if act == "told" else (WHOLE, ADDED)
    _, path, form = prepare()
    points = count_points(database, lambda: post(path, form))
    seen: Counter[str] = Counter()
    for point in [*range(1, points + 1, EVERY[database.url.get_backend_name()])] * ROUNDS:
        concern_id, path, form = prepare()
        died = die(database, lambda path=path, form=form: post(path, form), at_point=point)
        found = kept(database, concern_id)
        seen["died"] += died
        seen["whole"] += found == after
        seen["nothing"] += found == before
        seen["torn"] += found not in (before, after)
        assert post(path, form) in {200, 303}
        seen["lost or doubled"] += kept(database, concern_id) != after

    sys.stdout.write(f"{database.url.get_backend_name()}, {act}: {points} points, {dict(seen)}\n")
    assert seen["died"] >= 8
    assert seen["whole"] > 0
    assert seen["nothing"] > 0
    assert (seen["torn"], seen["lost or doubled"]) == (0, 0)
