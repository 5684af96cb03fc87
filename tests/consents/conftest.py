"""People who may be asked, and words that come later."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from timebank.consents import wordings
from timebank.consents.purposes import Purpose
from timebank.consents.wordings import Change


@pytest.fixture
def new_words(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on people are asked for this in other words."""

    def publish(purpose: Purpose, criterion: str = "", *, change: Change, words: str) -> None:
        last = wordings.current(purpose, criterion)
        later = replace(last, version=last.version + 1, since=date(2027, 1, 1), change=change, words=words)
        known = (*wordings.published(), later)
        monkeypatch.setattr(wordings, "published", lambda: known)

    return publish
