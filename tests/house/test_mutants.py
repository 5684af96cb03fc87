"""What `run.py soak mutants` reads from mutmut's files, and what it tries again."""

import ast
import json
from pathlib import Path

import pytest

from tests import mutants
from tests.mutating import without_decorators

NOW = {"the tests": "a", "ledger/minutes.py": "b", "ledger/chain.py": "c"}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """As a whole run leaves it: two modules, each with a mistake of every outcome."""
    folder = tmp_path / "mutants"
    (folder / "ledger").mkdir(parents=True)
    for path in ("ledger/minutes.py", "ledger/chain.py"):
        left_by_mutmut(folder, path, 1, 3, 0, -24, 33, 2, None)
    (folder / mutants.TRIED).write_text(json.dumps(NOW))
    return folder


def left_by_mutmut(work: Path, path: str, *exit_codes: int | None, function: str = "x_parse") -> None:
    names = [f"{path[:-3].replace('/', '.')}.{function}__mutmut_{number}" for number in range(1, len(exit_codes) + 1)]
    (work / path).write_text("mutated")
    (work / f"{path}.meta").write_text(json.dumps({"exit_code_by_key": dict(zip(names, exit_codes, strict=True))}))


def exit_codes(work: Path, path: str) -> list[int | None]:
    return list(json.loads((work / f"{path}.meta").read_text())["exit_code_by_key"].values())


class TestReading:
    def test_each_mistake_has_the_outcome_that_mutmut_wrote_down(self, work: Path):
        assert list(mutants.read("ledger/chain.py", work=work).outcomes.values()) == [
            "killed", "killed", "survived", "timed out", "not covered", "not tried", "not tried",
        ]  # fmt: skip

    def test_noticed_is_what_was_killed_or_timed_out_of_all(self, work: Path):
        module = mutants.read("ledger/chain.py", work=work)

        assert mutants.per_cent([module, module]) == pytest.approx(100 * 3 / 7)
        assert mutants.per_cent([]) == 0

    def test_where_some_are_named_the_others_do_not_count(self, work: Path):
        """Found by asking for those of one module: all the rest counted as not noticed."""
        modules = [mutants.read(path, work=work) for path in ("ledger/minutes.py", "ledger/chain.py")]

        assert mutants.asked_for(modules, []) == modules
        assert mutants.asked_for(modules, ["--max-children", "1"]) == modules
        assert mutants.asked_for(modules, ["--max-children", "1", "ledger.chain*"]) == modules[1:]
        [one] = mutants.asked_for(modules, ["ledger.minutes.x_parse__mutmut_[13]"])
        assert one.path == "ledger/minutes.py"
        assert list(one.outcomes.values()) == ["killed", "survived"]

    def test_of_a_module_that_knows_a_database_the_rest_is_read(self, work: Path):
        left_by_mutmut(work, "ledger/packed.py", 33, 33, function="x_stream")
        assert mutants.read("ledger/packed.py", work=work).outcomes == {}

        left_by_mutmut(work, "ledger/packed.py", 1, 0, function="x_unpack")
        assert len(mutants.read("ledger/packed.py", work=work).outcomes) == 2

    def test_a_method_is_known_by_its_own_name(self):
        assert mutants.function_of("ledger.accounts.xǁAccountǁis_open__mutmut_12") == "is_open"
        assert mutants.function_of("ledger.transfers.x__uuid__mutmut_1") == "_uuid"

    def test_a_module_about_which_nothing_is_known_is_not_taken_for_a_good_one(self, work: Path):
        with pytest.raises(FileNotFoundError):
            mutants.read("ledger/groups.py", work=work)

    def test_the_table_has_a_line_for_each_module_and_one_for_all(self, work: Path):
        modules = [mutants.read(path, work=work) for path in ("ledger/minutes.py", "ledger/chain.py")]

        lines = [line.split() for line in mutants.table(modules).splitlines()[1:]]
        assert lines == [
            ["ledger/minutes.py", "7", "2", "1", "1", "1", "2", "42.9", "%"],
            ["ledger/chain.py", "7", "2", "1", "1", "1", "2", "42.9", "%"],
            ["all", "14", "4", "2", "2", "2", "4", "42.9", "%"],
        ]


class TestTryingAgain:
    def test_what_has_not_changed_is_kept_and_what_was_broken_off_is_tried_again(self, work: Path):
        assert mutants.forget_what_changed(NOW, work=work) == []
        assert exit_codes(work, "ledger/chain.py") == [1, 3, 0, -24, 33, None, None]

    def test_a_changed_module_is_tried_again_and_no_other(self, work: Path):
        changed = NOW | {"ledger/chain.py": "changed"}

        assert mutants.forget_what_changed(changed, work=work) == ["ledger/chain.py"]
        assert not list(work.glob("ledger/chain.py*"))
        assert len(list(work.glob("ledger/minutes.py*"))) == 2
        assert mutants.forget_what_changed(changed, work=work) == []

    def test_everything_is_tried_again_when_the_tests_have_changed(self, work: Path):
        mutants.forget_what_changed(NOW | {"the tests": "changed"}, work=work)

        assert [file.name for file in work.iterdir()] == [mutants.TRIED]

    def test_a_folder_of_which_nobody_knows_what_was_tried_is_made_anew(self, work: Path):
        (work / mutants.TRIED).unlink()
        mutants.forget_what_changed(NOW, work=work)

        assert [file.name for file in work.iterdir()] == [mutants.TRIED]

    def test_a_module_that_was_left_half_made_is_made_again(self, work: Path):
        (work / "ledger/chain.py.meta").unlink()
        mutants.forget_what_changed(NOW, work=work)

        assert not (work / "ledger/chain.py").exists()

    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("ledger/chain.py", "ledger/chain.py"),
            ("tests/ledger/pure/test_chain.py", "the tests"),
            ("tests/mutating.py", "the tests"),
            ("requirements/dev.txt", "the tests"),
        ],
    )
    def test_a_change_is_seen_in_modules_tests_and_tools(self, tmp_path: Path, file: str, name: str):
        settings = {
            "mutmut": {
                "only_mutate": ["ledger/chain.py", "ledger/minutes.py"],
                "pytest_add_cli_args_test_selection": ["tests/ledger/pure"],
            },
            "pytest": {},
        }
        for path in (
            "ledger/chain.py",
            "ledger/minutes.py",
            "tests/ledger/pure/test_chain.py",
            *map(str, mutants.TESTS),
        ):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text("as it was")
        before = mutants.stands(settings, root=tmp_path)
        (tmp_path / file).write_text("changed")
        after = mutants.stands(settings, root=tmp_path)

        assert [one for one in before if before[one] != after[one]] == [name]


def properties(source: str) -> dict[tuple[str, str], str]:
    """Each with what it does, whether a decorator makes it one or a line after it."""
    found = {}
    for tree in [one for one in ast.parse(source).body if isinstance(one, ast.ClassDef)]:
        plain = {ast.unparse(one.value) for one in tree.body if isinstance(one, ast.Assign)}
        for one in [one for one in tree.body if isinstance(one, ast.FunctionDef)]:
            if [ast.unparse(each) for each in one.decorator_list] == ["property"] or f"property({one.name})" in plain:
                found[tree.name, one.name] = ast.unparse(one.body)
    return found


@pytest.mark.parametrize("path", ["ledger/accounts.py", "ledger/transfers.py", "ledger/chain.py", "ledger/errors.py"])
def test_mistakes_are_put_into_properties_too(path: str):
    """mutmut leaves decorated functions alone, so that properties are written for it without; they stay what they are."""
    source = Path(path).read_text()
    plain = without_decorators(source)

    assert "@property" not in plain
    assert properties(plain) == properties(source)
    assert source.count("@property") == plain.count(" = property(") == len(properties(source)) > 0
