"""Habits of the house that no linter knows: where the clock is read, where a transaction ends, how long a file may be."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
APP = sorted((REPOSITORY / "timebank").rglob("*.py"))
DOMAIN = sorted(file for package in ("ledger", "matching") for file in (REPOSITORY / package).rglob("*.py"))
LONGEST = 400
NOTE = re.compile(r"\bone file\b|\b400 lines\b", re.IGNORECASE)

# Modules at the edge of the program, which may ask what time it is.
EDGES = {"routes.py", "commands.py", "cli.py", "serving.py", "clock.py", "held.py", "lately.py"}
# A copy of the database is named by the moment it was made, before there is a database to read anything from.
READ_THE_TIME_THEMSELVES = {"timebank/clock.py", "timebank/banks/commands.py"}
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
# The health page asks the database for a bare 1.
SQL_IN_ROUTES = {"timebank/pages/routes.py"}
END_A_TRANSACTION = {"commit", "rollback", "begin"}
# Past SQLAlchemy the driver begins nothing by itself: the posting path begins what its caller ends (the code says so there).
BEGIN_FOR_THEIR_CALLER = {"ledger/rows.py"}


def name(file: Path) -> str:
    return str(file.relative_to(REPOSITORY))


def syntax(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), filename=str(file))


def imports(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that is imported, `from a import b` as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """`a.b.c()` as ("b", "c"), and `c()` as ("", "c")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            held_by = getattr(owner, "attr", None) or getattr(owner, "id", "")
            yield held_by, node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id


def reads_the_time(tree: ast.AST) -> bool:
    return bool(CLOCKS & set(calls(tree)))


def asks_our_clock(tree: ast.AST) -> bool:
    asked = {"timebank.clock.now", "timebank.clock.today"} & set(imports(tree))
    return bool(asked) or bool({("clock", "now"), ("clock", "today")} & set(calls(tree)))


def ends_a_transaction(tree: ast.AST) -> bool:
    return any(function in END_A_TRANSACTION for _, function in calls(tree))


class TestTheClock:
    def test_only_the_clock_reads_the_time(self):
        found = {name(file) for file in APP + DOMAIN if reads_the_time(syntax(file))}

        assert found <= READ_THE_TIME_THEMSELVES

    def test_only_the_edges_ask_the_clock(self):
        found = {name(file) for file in APP + DOMAIN if file.name not in EDGES and asks_our_clock(syntax(file))}

        assert found == set()

    @pytest.mark.parametrize("planted", ["datetime.now(UTC)", "datetime.datetime.now()", "date.today()", "time.time()"])
    def test_the_look_out_sees(self, planted: str):
        assert reads_the_time(ast.parse(planted))

    @pytest.mark.parametrize("planted", ["clock.now()", "from timebank.clock import today"])
    def test_and_who_asks_the_clock(self, planted: str):
        assert asks_our_clock(ast.parse(planted))


class TestTransactions:
    def test_services_reads_and_models_never_end_one(self):
        inner = [file for file in APP if file.name in {"service.py", "reads.py", "models.py", "facts.py"}]

        assert len(inner) > 20
        assert {name(file) for file in inner if ends_a_transaction(syntax(file))} == set()

    def test_the_ledger_never_ends_one(self):
        ending = {name(file) for file in DOMAIN if ends_a_transaction(syntax(file))}
        assert ending == BEGIN_FOR_THEIR_CALLER
        for file in ending:
            assert {method for _, method in calls(syntax(REPOSITORY / file))} & END_A_TRANSACTION == {"begin"}

    def test_routes_leave_that_to_the_guard(self):
        routes = [file for file in APP if file.name == "routes.py"]
        committing = {
            name(file)
            for file in routes
            if any(function == "commit" for _, function in calls(syntax(file)))
            or any(found.endswith(".commit") for found in imports(syntax(file)))
        }

        assert len(routes) >= 12
        assert committing == set()

    def test_routes_know_no_database(self):
        knowing = {
            name(file)
            for file in APP
            if file.name == "routes.py"
            and any(found.startswith(("sqlalchemy", "timebank.db", "ledger.store")) for found in imports(syntax(file)))
        }

        assert knowing == SQL_IN_ROUTES

    @pytest.mark.parametrize("planted", ["session.commit()", "session.rollback()", "with session.begin(): pass"])
    def test_the_look_out_sees(self, planted: str):
        assert ends_a_transaction(ast.parse(planted))


def lambdas_in_schemas(tree: ast.Module) -> list[int]:
    """A lambda in a schema has no name in an error and no place for its reason."""
    if not any(found.startswith("marshmallow") for found in imports(tree)):
        return []
    schemas = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return [node.lineno for schema in schemas for node in ast.walk(schema) if isinstance(node, ast.Lambda)]


class TestSchemas:
    def test_hold_no_lambda(self):
        assert {name(file): found for file in APP if (found := lambdas_in_schemas(syntax(file)))} == {}

    def test_the_look_out_sees(self):
        planted = (
            "from marshmallow import Schema, fields\nclass A(Schema):\n    a = fields.Int(validate=lambda n: n > 0)\n"
        )

        assert lambdas_in_schemas(ast.parse(planted)) == [3]


class TestFiles:
    def test_timebank_itself_imports_nothing(self):
        body = syntax(REPOSITORY / "timebank" / "__init__.py").body

        assert [node for node in body if not isinstance(node, ast.Expr)] == []

    def test_none_is_long_without_saying_why(self):
        """Migrations are left out: they are written once and never changed."""
        ours = [
            file
            for pattern in ("*.py", "*.html", "*.css", "*.js", "*.toml")
            for folder in ("timebank", "ledger", "matching", "tests", "templates", "static", "docs")
            for file in (REPOSITORY / folder).rglob(pattern)
        ]
        long = {name(file): len(file.read_text().splitlines()) for file in ours}
        unsaid = {
            found: lines
            for found, lines in long.items()
            if lines > LONGEST and not NOTE.search("\n".join((REPOSITORY / found).read_text().splitlines()[:15]))
        }

        assert len(ours) > 150
        assert unsaid == {}

    def test_no_page_is_built_from_strings(self):
        """Markup comes from templates only, where every value is escaped; and charts from a library that escapes it."""
        marked = {name(file) for file in APP if any(found.endswith(".Markup") for found in imports(syntax(file)))}

        assert marked == {"timebank/charts.py"}


OTHERS = re.compile(
    r"\.min\.(js|css)$|(^|/)(node_modules|vendor|third_party|bower_components)/|(^|/)(htmx|jquery|bootstrap|alpine)[^/]*\.(js|css)$"
    r"|\.(woff2?|ttf|otf|eot|map|whl|jar|exe|so|dll)$|(^|/)(uv|poetry|package-lock)\.(lock|json)$",
    re.IGNORECASE,
)


def committed() -> list[str]:
    """What stands in the repository, and what would at the next commit."""
    git = shutil.which("git")
    assert git, "the tests need git to know what is committed"
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in listed.stdout.splitlines() if (REPOSITORY / line).exists()]


class TestRepository:
    def test_nothing_of_others_lies_in_it(self):
        assert len(committed()) > 150
        assert [path for path in committed() if OTHERS.search(path)] == []

    def test_no_script_or_style_is_squeezed(self):
        squeezed = [
            path
            for path in committed()
            if path.endswith((".js", ".css")) and max(map(len, (REPOSITORY / path).read_text().splitlines())) > 500
        ]

        assert squeezed == []

    def test_no_secret_and_no_database_lies_in_it(self):
        kept = re.compile(r"(^|/)(var|keys?)/|\.(db|sqlite3?|pem|key|env)$|(^|/)\.env")

        assert [path for path in committed() if kept.search(path)] == []

    @pytest.mark.parametrize("planted", ["static/js/htmx.min.js", "static/vendor/x.css", "static/fonts/a.woff2"])
    def test_the_look_out_sees(self, planted: str):
        assert OTHERS.search(planted)
