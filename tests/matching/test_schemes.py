"""Schemes are data: the presets, files of one's own, and refusals that name the key."""

import tomllib
from pathlib import Path

import pytest

import matching
from matching import Scheme, run_round
from matching.checked import Unfit
from matching.errors import SchemeRefused
from matching.people import Person
from matching.schemes import WORDS
from tests.matching.pools import DATA, ON

PRESETS = Path(matching.__file__).parent / "presets"
MINIMAL = 'name = "t"\ntitle = "T"\n'


class TestPresets:
    def test_the_eleven_and_the_least_structured_one_are_there(self):
        assert set(Scheme.names()) == {
            "fanon",
            "penfriend",
            "older-people",
            "hayaan",
            "facilitator",
            "co-counselling",
            "discharge",
            "alumni",
            "horizons",
            "ward-rota",
            "group",
            "open",
        }

    @pytest.mark.parametrize("name", Scheme.names())
    def test_each_reads_says_whose_scheme_it_follows_and_names_itself(self, name):
        scheme = Scheme.named(name)

        assert scheme.name == name
        assert "(after " in scheme.title or name == "open"
        assert set(scheme.words) == set(WORDS)

    @pytest.mark.parametrize("name", Scheme.names())
    def test_a_preset_under_another_name_decides_the_same(self, name, tmp_path):
        text = (PRESETS / f"{name}.toml").read_text("utf-8").replace(f'name = "{name}"', 'name = "ours"')
        (tmp_path / "ours.toml").write_text(text, encoding="utf-8")
        roles = (
            "mentor",
            "educator",
            "lead",
            "core-training",
            "active",
            "trained",
            "supported",
            "alumni:2025",
            "inducted",
        )
        people = [
            Person(id=f"p{number}", side=("seek", "offer")[number % 2], roles=roles, identities=("community:Somali",))
            for number in range(6)
        ]

        ours = run_round(people, Scheme.from_file(tmp_path / "ours.toml"), on=ON)
        theirs = run_round(people, Scheme.named(name), on=ON)

        assert (ours.pairs, ours.unmatched) == (theirs.pairs, theirs.unmatched)

    def test_nothing_in_the_engine_or_the_command_names_a_preset(self):
        sources = [*Path(matching.__file__).parent.glob("*.py")]
        sources.append(Path(matching.__file__).parent.parent / "timebank" / "matches" / "commands.py")
        for source in sources:
            text = source.read_text("utf-8")
            for name in set(Scheme.names()) - {"open", "group"}:
                assert f'"{name}"' not in text, f"{source.name} names {name}"

    @pytest.mark.parametrize("name", ["ward-rota", "group"])
    def test_rotas_and_groups_pair_nobody_and_say_so(self, name):
        decided = run_round([Person(id="a"), Person(id="b")], Scheme.named(name), on=ON)

        assert decided.pairs == ()
        assert {left.code for left in decided.unmatched} == {"not-paired-here"}

    def test_the_least_structured_scheme_has_every_rule_off(self):
        scheme = Scheme.named("open")

        assert (scheme.shape, scheme.ledger_mode, scheme.term.kind) == ("symmetric", "off", "none")
        assert not any([scheme.hard.languages, scheme.hard.modes, scheme.hard.areas, scheme.hard.times])
        assert scheme.eligibility.everyone_roles == ()
        assert scheme.hours.soft_floor_hours is None

    @pytest.mark.parametrize("name", Scheme.names())
    def test_no_preset_has_a_floor_and_no_word_is_one_to_avoid(self, name):
        scheme = Scheme.named(name)
        avoided = ("mentee", "patient", "client", "case", "debt", "owe", "earn", "treatment", "beneficiary")

        assert scheme.hours.soft_floor_hours is None
        assert not any(word in value.lower().split() for value in scheme.words.values() for word in avoided)

    def test_the_settings_of_each_are_those_of_the_table(self):
        table = {name: Scheme.named(name) for name in Scheme.names()}

        assert table["fanon"].ledger_mode == "full"
        assert table["fanon"].weights["identities"] == 5
        assert table["penfriend"].hard.ways == ("letter",)
        assert table["penfriend"].words["partner"] == "penfriend"
        assert table["penfriend"].weights["identities"] == 0
        assert table["co-counselling"].ledger.session_posting == "mutual"
        assert table["co-counselling"].weights["experiences"] == 0
        assert (table["discharge"].term.months_least, table["discharge"].term.months_most) == (6, 9)
        assert table["alumni"].eligibility.mentor_roles == ("alumni",)
        assert table["ward-rota"].ledger.session_posting == "community"


class TestFiles:
    def test_ones_own_file_reads(self):
        assert Scheme.from_file(DATA / "walking.toml").title == "Walking together"

    def test_name_and_title_are_enough(self):
        scheme = Scheme.from_text(MINIMAL)

        assert scheme.is_paired
        assert scheme.words["mentor"] == "mentor"

    @pytest.mark.parametrize(
        ("text", "key", "reason"),
        [
            ('name = "t"', "title", "needed"),
            (MINIMAL + "colour = 3", "colour", "no such setting"),
            (MINIMAL + "[hard]\nlangauges = true", "hard.langauges", "Did you mean languages"),
            (MINIMAL + "[hard]\nlanguages = 1", "hard.languages", "true or false"),
            (MINIMAL + '[hard]\nways = ["fax"]', "hard.ways", "'fax' is not one of"),
            (MINIMAL + "hard = 3", "hard", "table"),
            (MINIMAL + "weights = 3", "weights", "table"),
            (MINIMAL + "identity_weights = 3", "identity_weights", "table"),
            (MINIMAL + "[weights]\ngoals = 6", "weights.goals", "0 to 5"),
            (MINIMAL + "[weights]\ngoals = true", "weights.goals", "0 to 5"),
            (MINIMAL + "[weights]\nstage = 2", "weights.stage", "no such key"),
            (MINIMAL + "[identity_weights]\nage = 2", "identity_weights.age", "criterion"),
            (MINIMAL + "[identity_weights]\ngender = 9", "identity_weights.gender", "0 to 5"),
            (MINIMAL + '[words]\nmentee = "x"', "words.mentee", "Did you mean mentor"),
            (MINIMAL + '[words]\nmentor = ""', "words.mentor", "text"),
            (MINIMAL + 'shape = "ring"', "shape", "one of"),
            (MINIMAL + '[eligibility]\nmentor_roles = ["m"]', "eligibility.mentor_roles", "one-way"),
            (MINIMAL + '[eligibility]\nidentities = ["Somali"]', "eligibility.identities", "kind:value"),
            (MINIMAL + '[eligibility]\nany_of = ["stage"]', "eligibility.any_of", "no basis"),
            (MINIMAL + '[eligibility]\neveryone_roles = "m"', "eligibility.everyone_roles", "list"),
            (MINIMAL + '[hard]\nstage = "ahead"', "hard.stage", "one-way"),
            (MINIMAL + '[term]\nkind = "range"', "term.kind", "months_least"),
            (MINIMAL + "[term]\nmonths_least = 9\nmonths_most = 6", "term.months_most", "less"),
            (MINIMAL + "[", "", "not a TOML file"),
        ],
    )
    def test_a_bad_file_is_refused_with_its_key_and_the_reason(self, text, key, reason):
        with pytest.raises(SchemeRefused) as refused:
            Scheme.from_text(text, source="ours.toml")

        assert refused.value.key == key
        assert reason in refused.value.reason
        assert str(refused.value).startswith("ours.toml: ")

    def test_an_unknown_name_or_file_is_refused(self, tmp_path):
        (tmp_path / "old.toml").write_bytes(b'name = "caf\xe9"')

        with pytest.raises(SchemeRefused, match=r"no scheme of this name.*fanon"):
            Scheme.named("fannon")
        with pytest.raises(SchemeRefused, match="no such file"):
            Scheme.from_file(tmp_path / "none.toml")
        with pytest.raises(SchemeRefused, match="not UTF-8"):
            Scheme.from_file(tmp_path / "old.toml")
        with pytest.raises(SchemeRefused, match="cannot be read"):
            Scheme.from_file(tmp_path)

    def test_a_scheme_made_by_hand_is_as_strict(self):
        with pytest.raises(Unfit, match="shape"):
            Scheme(name="t", title="T", shape="ring")

    @pytest.mark.parametrize("name", Scheme.names())
    def test_every_preset_says_in_a_comment_where_it_comes_from(self, name):
        text = (PRESETS / f"{name}.toml").read_text("utf-8")

        assert text.startswith("# ")
        assert tomllib.loads(text)["name"] == name
