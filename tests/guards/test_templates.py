"""Templates compile, are pages or fragments and say which, and bring along nothing that the content policy forbids."""

import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import StrictUndefined, meta

REPOSITORY = Path(__file__).parents[2]
TEMPLATES = sorted((REPOSITORY / "templates").rglob("*.html"))
NAMES = [str(file.relative_to(REPOSITORY / "templates")) for file in TEMPLATES]
FRAGMENTS = [name for name in NAMES if Path(name).name.startswith("_") and not name.startswith("parts/")]
PAGES = [name for name in NAMES if not name.startswith(("layouts/", "parts/")) and not Path(name).name.startswith("_")]

FORBIDDEN = {
    "a script of its own": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style of its own": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "an on… handler": re.compile(r"\s(on[a-z]+|hx-on[:\w-]*)\s*=\s*[\"']", re.IGNORECASE),
    "a javascript: address": re.compile(r"javascript:|\bjs:", re.IGNORECASE),
    "words taken for markup": re.compile(r"\|\s*safe\b|\bMarkup\(|autoescape\s+false", re.IGNORECASE),
    "something from elsewhere": re.compile(r"(src|href)=\"(https?:)?//", re.IGNORECASE),
}


@pytest.fixture
def copies(sqlite_copies):
    return sqlite_copies


def source(name: str) -> str:
    return (REPOSITORY / "templates" / name).read_text()


def test_there_are_pages_and_fragments():
    assert len(PAGES) > 25
    assert len(FRAGMENTS) > 8


def test_all_compile_and_what_is_missing_is_an_error(app: Flask):
    assert app.jinja_env.undefined is StrictUndefined
    assert app.jinja_env.autoescape is not False
    assert sorted(app.jinja_env.list_templates()) == NAMES
    for name in NAMES:
        app.jinja_env.get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_in_a_layout(name: str):
    assert re.search(r"{%-? extends \"layouts/[a-z]+\.html\" -?%}", source(name))


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_stands_in_nothing_and_names_what_it_needs(name: str, app: Flask):
    text = source(name)
    comment = re.match(r"\s*{#-?(.*?)-?#}", text, re.DOTALL)
    syntax = app.jinja_env.parse(text)
    everywhere = {*app.jinja_env.globals, "words", "csrf_token", "request", "session", "g"}

    missing = meta.find_undeclared_variables(syntax) - everywhere

    assert "{% extends" not in text
    assert comment, "it begins with a comment: {# Context: … #}"
    assert {word for word in missing if not re.search(rf"\b{word}\b", comment[1])} == set()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_brings(what: str):
    found = [name for name in NAMES if FORBIDDEN[what].search(source(name))]

    # What is written to a file has no server to ask for its style; it forbids itself everything else.
    assert found == (["layouts/file.html"] if what == "a style of its own" else [])


def test_what_is_written_to_a_file_is_never_served():
    in_files = {name for name in PAGES if "layouts/file.html" in source(name)}
    routes = "".join(file.read_text() for file in (REPOSITORY / "timebank").rglob("routes.py"))

    assert in_files == {"matches/report.html"}
    assert "default-src 'none'" in source("layouts/file.html")
    assert not any(name in routes for name in in_files)


@pytest.mark.parametrize(
    ("what", "planted"),
    [
        ("a script of its own", "<script>go()</script>"),
        ("a style of its own", '<p style="color: red">'),
        ("an on… handler", '<a onclick="go()">'),
        ("an on… handler", '<a hx-on:click="go()">'),
        ("a javascript: address", '<a href="javascript:go()">'),
        ("words taken for markup", "{{ words|safe }}"),
        ("something from elsewhere", '<script src="https://example.org/x.js">'),
    ],
)
def test_the_look_out_sees(what: str, planted: str):
    assert FORBIDDEN[what].search(planted)


def test_every_act_of_htmx_is_a_plain_form_too():
    """Without scripts everything works: what posts by htmx stands on a form that posts to the same address."""
    for name in NAMES:
        for tag in re.findall(r"<[a-z]+[^>]*\bhx-post=[^>]*>", re.sub(r"{#.*?#}", "", source(name), flags=re.DOTALL)):
            assert tag.startswith("<form "), f"{name}: {tag}"
            assert ' method="post"' in tag, f"{name}: {tag}"
            plain, quick = (re.search(rf'(?<![\w-]){part}="([^"]*)"', tag) for part in ("action", "hx-post"))
            assert plain, f"{name}: {tag}"
            assert quick, f"{name}: {tag}"
            assert plain[1] == quick[1], f"{name}: {tag}"
