"""What the program never does, and the few places where it does something that could be dangerous: looked for in the code."""

import ast
import re
from functools import cache

import pytest

from tests.guards.test_source import APP, DOMAIN, REPOSITORY, calls, imports, name, syntax
from timebank.signin.schemas import NewPasswordIn

CODE = APP + DOMAIN
SCRIPTS = sorted((REPOSITORY / "static").rglob("*.js"))
# Turning words into code or objects; reading XML; asking directories, other caches or native code; making pages of strings.
NEVER_IMPORTED = (
    "pickle", "marshal", "shelve", "dill", "yaml", "xml", "lxml", "ldap", "ldap3", "pymemcache", "ctypes", "cffi",
    "flask.render_template_string", "jwt", "authlib", "graphene", "telnetlib", "ftplib",
)  # fmt: skip
NEVER_CALLED = {
    ("", "eval"), ("", "exec"), ("", "compile"), ("", "__import__"), ("os", "system"), ("os", "popen"), ("env", "from_string"),
    ("hashlib", "md5"), ("hashlib", "sha1"), ("jinja_env", "from_string"),
}  # fmt: skip
# A process beside the server compiles the engine's loops: our own words only. A look whether the port is taken.
STARTS_PROCESSES = {"timebank/serving.py"}
OPENS_CONNECTIONS = {
    "timebank/serving.py": {"socket"},
    "timebank/notices/post_office.py": {"smtplib", "socket", "ssl"},
}
NETWORK = (
    "socket",
    "ssl",
    "http.client",
    "urllib.request",
    "requests",
    "httpx",
    "aiohttp",
    "smtplib",
    "imaplib",
    "urllib3",
)
# Charts of our own numbers are put together as XML; nothing that comes in is read as XML.
MAKES_XML = {"timebank/charts.py": {"xml"}}
# Chance that anybody may foresee: invented people, and how long to wait before trying again.
FORESEEABLE = {"timebank/demonstration", "ledger/retrying.py"}
# In the repository's own requirements nothing speaks these.
NOT_THERE = {
    "graphene", "strawberry-graphql", "flask-sock", "flask-socketio", "websockets", "authlib", "pyjwt", "oauthlib", "pysaml2",
    "python3-saml", "aiortc", "lxml", "python-ldap", "ldap3", "pymemcache", "redis", "pyyaml", "pillow", "flask-cors",
}  # fmt: skip


def is_or_in(found: str, module: str) -> bool:
    return found == module or found.startswith(f"{module}.")


@cache
def everything_imported() -> dict[str, set[str]]:
    return {name(file): set(imports(syntax(file))) for file in CODE}


def importing(*modules: str) -> dict[str, set[str]]:
    found = {
        file: {module for module in modules if any(is_or_in(one, module) for one in imported)}
        for file, imported in everything_imported().items()
    }
    return {file: modules for file, modules in found.items() if modules}


class TestTheProgram:
    def test_never_turns_words_into_code_objects_or_pages(self):
        assert len(CODE) > 150
        assert importing(*NEVER_IMPORTED) == MAKES_XML

    def test_never_calls_what_runs_words_or_hashes_badly(self):
        assert {name(file): bad for file in CODE if (bad := NEVER_CALLED & set(calls(syntax(file))))} == {}

    def test_starts_other_programs_in_one_place_and_never_through_a_shell(self):
        assert set(importing("subprocess", "multiprocessing", "pty")) == STARTS_PROCESSES
        for file in STARTS_PROCESSES:
            tree = syntax(REPOSITORY / file)
            started = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_starting(node)]
            assert started
            for node in started:
                assert not any(word.arg == "shell" for word in node.keywords)

    def test_asks_nothing_of_any_other_computer_but_its_database_and_a_mail_server(self):
        assert importing(*NETWORK) == OPENS_CONNECTIONS

    def test_draws_what_nobody_may_guess_from_the_system_s_own_chance(self):
        foreseeable = {file for file in importing("random", "numpy.random") if not file.startswith("matching/")}

        assert {file for file in foreseeable if not any(file.startswith(place) for place in FORESEEABLE)} == set()

    def test_makes_no_search_pattern_of_what_came_in(self):
        """Patterns are constants, or put together from constants, whose names are in capitals."""
        made = {
            f"{name(file)}:{node.lineno}"
            for file in CODE
            for node in ast.walk(syntax(file))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and getattr(node.func.value, "id", "") == "re"
            and node.func.attr in {"compile", "search", "match", "fullmatch", "sub", "findall", "finditer", "split"}
            and not is_constant(node.args[0])
        }

        assert made == set()

    def test_believes_no_header_about_where_somebody_comes_from(self):
        told = re.compile(r"X-Forwarded|X-Real-IP|remote_addr|access_route|ProxyFix|trusted_proxy", re.IGNORECASE)

        assert [name(file) for file in APP if told.search(file.read_text())] == []

    def test_keeps_its_pages_from_files_that_somebody_names(self):
        """A page that opened a file by what was typed could open any file."""
        routes = [file for file in APP if file.name == "routes.py"]
        opening = {
            name(file)
            for file in routes
            if {("", "open"), ("", "Path")} & set(calls(syntax(file)))
            or "pathlib.Path" in set(imports(syntax(file)))
            or any(method in {"read_text", "read_bytes", "open"} for _, method in calls(syntax(file)))
        }

        assert len(routes) >= 12
        assert opening == set()

    def test_takes_no_uploads(self):
        uploads = re.compile(r"request\.files|type=\"file\"|multipart/form-data|enctype")
        templates = sorted((REPOSITORY / "templates").rglob("*.html"))

        assert len(templates) > 40
        assert [name(file) for file in [*APP, *templates] if uploads.search(file.read_text())] == []


class TestForms:
    def test_what_is_typed_comes_in_through_the_schemas_of_its_act(self):
        """What no schema names is not read, so nobody can slip in a field. Elsewhere one named field is read, or all are shown again."""
        typed = re.compile(r"request\.(form|json|get_json|get_data|data|values)\b")
        reading = {name(file) for file in APP if typed.search(file.read_text())}

        assert reading == {
            "timebank/web/forms.py",
            "timebank/web/problems.py",  # gives back what was typed
            "timebank/web/policy.py",  # the same, before it is asked who it is
            "timebank/signin/routes.py",  # where to go on, and whether the device is shared
            "timebank/pages/routes.py",  # whether a browser tells that somebody left
        }
        assert "unknown=EXCLUDE" in (REPOSITORY / "timebank/web/forms.py").read_text()

    def test_what_is_typed_and_what_stands_in_an_address_are_never_mixed(self):
        assert [name(file) for file in APP if "request.values" in file.read_text()] == []

    def test_long_passwords_are_taken_whole(self):
        for length in (12, 64, 128, 256):
            said = {"password": "ab" * (length // 2), "password_again": "ab" * (length // 2)}
            assert NewPasswordIn().load(said)["password"] == said["password"]

    def test_passwords_are_covered_and_may_be_pasted(self):
        templates = {name(file): file.read_text() for file in (REPOSITORY / "templates").rglob("*.html")}
        asked = re.compile(r"forms\.(\w+)\(\"([a-z_]*pass(?:word|phrase)[a-z_]*)\"")
        fields = [found for text in templates.values() for found in asked.findall(text)]

        assert len(fields) >= 6
        assert {macro for macro, _ in fields} == {"password"}
        assert 'type="password"' in templates["templates/parts/forms.html"]
        for text in [*templates.values(), *(file.read_text() for file in SCRIPTS)]:
            assert not re.search(r"paste|autocomplete=\"off\"[^>]*type=\"password\"", text)


class TestScripts:
    def test_never_turn_words_into_code_or_markup(self):
        forbidden = re.compile(
            r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|setTimeout\(\s*[\"']"
        )

        assert len(SCRIPTS) >= 3
        assert [name(file) for file in SCRIPTS if forbidden.search(file.read_text())] == []

    def test_keep_nothing_in_the_browser_s_storage(self):
        """One clears what htmx may have kept."""
        storing = re.compile(r"(localStorage|sessionStorage|indexedDB)(?!\.clear\(\))|\.setItem\(|caches\.open")

        assert [name(file) for file in SCRIPTS if storing.search(file.read_text())] == []

    def test_talk_to_no_other_window(self):
        """Between this browser's own pages of the bank one word goes, "leave"; nothing is taken from a window's messages."""
        listening = re.compile(
            r"addEventListener\(\s*[\"']message[\"']|window\.(parent|opener|top)|\.contentWindow|WebSocket|EventSource"
        )

        assert [name(file) for file in SCRIPTS if listening.search(file.read_text())] == []


def test_what_is_said_not_to_be_there_is_not_installed():
    pinned = set(
        re.findall(
            r"^([a-z0-9-]+)(?:\[[^\]]*\])?==", (REPOSITORY / "requirements" / "run.txt").read_text(), re.MULTILINE
        )
    )

    assert len(pinned) > 40
    assert pinned & NOT_THERE == set()


@pytest.mark.parametrize(
    "planted", ["eval(words)", "hashlib.md5(b'')", "os.system('ls')", "app.jinja_env.from_string(words)"]
)
def test_the_look_out_sees(planted: str):
    assert NEVER_CALLED & set(calls(ast.parse(planted)))


def is_starting(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "subprocess"


def is_constant(node: ast.expr) -> bool:
    """A text, a name in capitals, or those put together."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word.isupper()
        case ast.JoinedStr(values=parts):
            return all(is_constant(part) for part in parts)
        case ast.FormattedValue(value=value):
            return is_constant(value)
        case ast.BinOp(left=left, right=right):
            return is_constant(left) and is_constant(right)
    return False
