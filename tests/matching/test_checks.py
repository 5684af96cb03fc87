"""The independent check finds every planted fault, and the engine stays pure."""

import ast
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import matching
from matching import Pair, Scheme, run_round
from matching.assign import Proof
from matching.checks import faults
from matching.explain import Reason, Unmatched
from tests.matching.pools import ON, SCHEMES, someone

ANA = someone("ana", side="seek", goals=("rest",), identities=("gender:woman",))
BO = someone("bo", side="offer", goals=("rest",), identities=("gender:man",), share=("goals", "gender"))
CY = someone("cy", side="seek", waiting_since=ON - timedelta(days=1))
SCHEME = SCHEMES["one-way"]


def round_of(scheme=SCHEME, people=(ANA, BO, CY)):
    return run_round(people, scheme, on=ON)


def with_pairs(*pairs, **changed):
    made = tuple(Pair(left, right, 10, 0, 0, ()) for left, right in pairs)
    named = {name for ends in pairs for name in ends}
    alone = tuple(Unmatched(name, "no-fit") for name in ("ana", "bo", "cy") if name not in named)
    return replace(round_of(), **{"pairs": made, "unmatched": alone, "total": 10 * len(made), "proof": None, **changed})


def faults_when(decided=None, **answers):
    """What is found when Ana and Bo are paired although one answer of Ana's speaks against it."""
    scheme = answers.pop("scheme", SCHEME)
    decided = decided or with_pairs(("ana", "bo"), scheme=scheme)
    return " ".join(faults(decided, [replace(ANA, **answers), BO, CY]))


class TestPlantedFaults:
    def test_a_sound_round_has_none(self):
        assert faults(round_of(), [ANA, BO, CY]) == ()

    @pytest.mark.parametrize(
        ("answers", "said"),
        [
            ({"not_with": ("bo",)}, "kept apart"),
            ({"ended_with": ("bo",)}, "kept apart"),
            ({"musts": ("gender:woman",)}, "must does not hold"),
            ({"musts": ("older",)}, "must does not hold"),
            ({"capacity": 0}, "no places"),
            ({"side": "offer"}, "these sides"),
        ],
    )
    def test_a_broken_rule_is_found(self, answers, said):
        assert said in faults_when(**answers)

    @pytest.mark.parametrize(
        ("table", "said"),
        [
            ({"eligibility": {"supported_roles": ["ready"]}}, "role is missing"),
            ({"eligibility": {"mentor_roles": ["mentor"]}}, "role is missing"),
            ({"eligibility": {"identities": ["community:Somali"]}}, "statement is missing"),
            ({"eligibility": {"age_at_least": 18}}, "younger"),
            ({"eligibility": {"any_of": ["experiences", "age", "identities"]}}, "no basis"),
            ({"round": {"kept_pairs": "bar"}}, "already paired"),
            ({"hard": {"stage": "ahead"}}, "further along"),
        ],
    )
    def test_a_broken_rule_of_the_scheme_is_found(self, table, said):
        scheme = Scheme(name="t", title="T", shape="one-way", **table)

        assert said in faults_when(scheme=scheme, kept_with=("bo",), stage=2) or said == "further along"
        decided = with_pairs(("ana", "bo"), scheme=scheme)
        told = " ".join(faults(decided, [replace(ANA, kept_with=("bo",), stage=2), replace(BO, stage=1), CY]))
        assert said in told

    def test_no_overlap_where_the_scheme_asks_for_one_is_found(self):
        told = faults(
            with_pairs(("ana", "bo")), [replace(ANA, times=("mon-eve",)), replace(BO, times=("tue-eve",)), CY]
        )

        assert "times" in " ".join(told)

    @pytest.mark.parametrize(
        "reason",
        [
            Reason("goals", one=("walk",), other=("walk",)),
            Reason("goals", one=("rest",), other=("walk",)),
            Reason("goals"),
            Reason("age"),
            Reason("identities", "gender", ("woman",), ("woman",)),
            Reason("skills", one=("forms",), other=("forms",)),
            Reason("wants", one=("forms",), other=("forms",)),
        ],
    )
    def test_a_reason_that_is_not_true_or_not_shown_is_found(self, reason):
        decided = with_pairs(("ana", "bo"), pairs=(Pair("ana", "bo", 10, 0, 0, (reason,)),))

        assert "not true of both" in faults_when(decided)

    def test_too_many_partners_strangers_wrong_sums_and_lost_people_are_found(self):
        assert "more partners than places" in faults_when(with_pairs(("ana", "bo"), ("cy", "bo")))
        assert "more than one person" in faults_when(with_pairs(("ana", "bo"), ("ana", "cy")))
        assert "twice" in faults_when(with_pairs(("ana", "bo"), ("bo", "ana")))
        assert "not the people" in faults_when(with_pairs(("ana", "zoe")))
        assert "there twice" in faults_when(with_pairs(("ana", "bo"), unmatched=(Unmatched("ana", "no-fit"),) * 2))
        assert "not the sum" in faults_when(with_pairs(("ana", "bo"), total=11))
        assert "do not prove" in faults_when(with_pairs(("ana", "bo"), proof=Proof(1, 2)))
        assert "with themselves" in faults_when(with_pairs(("ana", "ana")))


class TestPurity:
    def test_the_engine_imports_the_standard_library_and_numpy_only_and_the_compiler_in_one_place(self):
        everywhere = {*sys.stdlib_module_names, "numpy", "matching"}
        for source in Path(matching.__file__).parent.glob("*.py"):
            for node in ast.walk(ast.parse(source.read_text("utf-8"))):
                named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                named += [node.module] if isinstance(node, ast.ImportFrom) else []
                allowed = everywhere | ({"numba"} if source.name == "compiling.py" else set())
                assert {name.split(".")[0] for name in named} <= allowed, source.name

    def test_the_check_shares_no_rule_and_no_score_with_what_it_checks(self):
        source = (Path(matching.__file__).parent / "checks.py").read_text("utf-8")

        assert "matching.rules" not in source
        assert "matching.scoring" not in source
