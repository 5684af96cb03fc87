"""Every preset decides a round of a generated community: no rule broken, everybody accounted for, and rotas pair nobody."""

import pytest

from matching import Scheme, run_round
from matching.checks import faults
from tests.matching.communities import community
from tests.matching.pools import ON


@pytest.mark.parametrize("name", Scheme.names())
def test_a_generated_community_meets_in_every_preset(name):
    scheme = Scheme.named(name)
    people = community(scheme, 240)

    decided = run_round(people, scheme, on=ON)

    assert faults(decided, people) == ()
    if scheme.is_paired:
        assert len(decided.pairs) > 40
        assert decided.proof.primal == decided.proof.dual
    else:
        assert decided.pairs == ()
        assert {left.code for left in decided.unmatched} == {"not-paired-here"}


def test_nothing_in_the_engine_knows_a_preset_by_name():
    schemes = [Scheme.named(name) for name in Scheme.names()]

    assert len({scheme.shape for scheme in schemes}) >= 3
    assert all(scheme.name == name for scheme, name in zip(schemes, Scheme.names(), strict=True))
