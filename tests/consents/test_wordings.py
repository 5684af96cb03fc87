"""What people were asked in stays readable for good: no published text can change without the start noticing."""

import re
from itertools import pairwise

import pytest

import matching
from timebank.consents import wordings
from timebank.consents.purposes import Purpose
from timebank.consents.wordings import Change, ChangedWordsError
from timebank.profiles.criteria import QUESTIONS

TEXT = wordings.FILE.read_text("utf-8")
# Each digest stands here a second time, so that a text and its digest cannot be changed together unseen. Only add to this.
PUBLISHED = {
    ("use", "sensitive", 0): "7609b474fdf108b040a896a22ed28764c7c1397cad4d6b35c5abe162e3af8d7d",
    ("use", "sensitive", 1): "aa6a4f15d618565c056b6608082b8c348febe64b3adcaa083e48cd186cf517da",
    ("use", "musts", 0): "f0bfa683aecbae78e022a0ccc3ca6bc76903fe3d5102680d7625851a45d072ef",
    ("use", "musts", 1): "cc4090bd97b0e60a74295449a14f42879c7f65faa59f51745b3521650b636712",
    ("use", "everyday", 0): "6b70cc8968e3d6b01fc4c9bd65f7363abb44d4b54b54811a04cc7d5211c5066e",
    ("use", "everyday", 1): "8e66e6f8aaf24fc40bb8cb046dd2a5405d30906907a0220198edecdf52ac2833",
    ("show", "answer", 0): "31e7fc6905cd6daf9823f01a86bd1a34965773fd2af7c90b8090b4fe38aa9cfb",
    ("show", "answer", 1): "43666cad3909f7893a15d59f473b6ff8c2217229b07089f421245a898ea893f8",
    ("figures", "", 1): "e6096eea79cc70ca0c1268c795169d1fd9df8c2f9b4b8d91bd0b2df34c016af4",
    ("mail", "", 1): "639a4fe77df8954e0495748d239529e2627632b0e096a108a6bdb76f62037d7d",
}
ASKED = [(purpose, question) for question in QUESTIONS.values() for purpose in question.purposes]
ASKED += [(Purpose.FIGURES, None), (Purpose.MAIL, None)]


def told(purpose, question, vocabulary):
    wording = wordings.current(purpose, question.criterion if question else "")
    return wording.told(vocabulary, label=question.label if question else "")


class TestPublished:
    def test_is_what_was_published(self):
        assert {(one.purpose, one.about, one.version): one.digest for one in wordings.published()} == PUBLISHED

    @pytest.mark.parametrize(
        "wording", wordings.published(), ids=lambda one: f"{one.purpose}-{one.about}-{one.version}"
    )
    def test_no_letter_of_it_can_change(self, wording):
        for old, new in ((wording.words, wording.words[:-1]), (wording.words, wording.words + " ")):
            with pytest.raises(ChangedWordsError):
                wordings.parse(
                    TEXT.replace(
                        f'words = "{old}"\ndigest = "{wording.digest}"', f'words = "{new}"\ndigest = "{wording.digest}"'
                    )
                )

    def test_nor_whether_it_asks_for_more(self):
        with pytest.raises(ChangedWordsError):
            wordings.parse(TEXT.replace('change = "same"', 'change = "wider"', 1))

    def test_versions_follow_each_other(self):
        for heading in {(one.purpose, one.about) for one in wordings.published()}:
            found = sorted(
                (one for one in wordings.published() if (one.purpose, one.about) == heading),
                key=lambda one: one.version,
            )
            assert [one.version for one in found] == list(range(found[0].version, found[-1].version + 1))
            assert [one.change is Change.FIRST for one in found] == [True] + [False] * (len(found) - 1)
            assert all(before.since <= after.since for before, after in pairwise(found))


class TestTold:
    @pytest.mark.parametrize("preset", ["open", "fanon", "penfriend", "co-counselling", "discharge"])
    def test_in_the_words_of_every_scheme(self, preset):
        texts = [told(purpose, question, matching.Scheme.named(preset).words) for purpose, question in ASKED]

        assert [text for text in texts if not text or "{" in text or "}" in text] == []

    def test_names_the_question_it_is_about(self):
        assert all(question.label in told(purpose, question, {}) for purpose, question in ASKED if question)

    def test_is_short(self):
        """Sentences that a tired person can read."""
        for purpose, question in ASKED:
            for sentence in re.split(r"(?<=[.?])\s", told(purpose, question, {})):
                assert len(sentence.split()) <= 25, sentence

    def test_musts_are_never_shown(self):
        assert QUESTIONS["musts"].purposes == (Purpose.USE,)
