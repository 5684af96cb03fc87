"""Composing the application: settings, database, sign-in, every feature's routes, and the guard over all of them."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from flask import Flask, current_app, get_flashed_messages, request, url_for
from flask_htmx import HTMX
from flask_security import Security, SQLAlchemyUserDatastore, current_user, logout_user
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from ledger.minutes import show as show_length
from timebank import tables
from timebank.apart.routes import bp as apart_bp
from timebank.audit import looking
from timebank.audit.routes import bp as audit_bp
from timebank.concerns import reads as concerns
from timebank.concerns.routes import bp as concerns_bp
from timebank.concerns.routes import count_waiting as count_concerns
from timebank.config import Config
from timebank.contact.routes import bp as contact_bp
from timebank.db import Database
from timebank.desk.routes import bp as desk_bp
from timebank.desk.routes import count_waiting as count_on_desk
from timebank.forgotten.routes import bp as forgotten_bp
from timebank.helplines.routes import bp as helplines_bp
from timebank.home.routes import bp as home_bp
from timebank.hours import reads as hours
from timebank.hours.routes import bp as hours_bp
from timebank.introductions import reads as introductions
from timebank.introductions.routes import bp as introductions_bp
from timebank.matches.routes import bp as matches_bp
from timebank.members.models import Member
from timebank.mysignin.routes import bp as mysignin_bp
from timebank.offers.routes import bp as offers_bp
from timebank.pages.routes import bp as pages_bp
from timebank.pages.routes import current_bank, exit_url
from timebank.profiles.routes import bp as profiles_bp
from timebank.queries.routes import bp as queries_bp
from timebank.record.routes import bp as record_bp
from timebank.relationships.routes import bp as relationships_bp
from timebank.schemes import reads as schemes
from timebank.signin import entering, held, passwords
from timebank.signin.held import HeldByServer, cookie_names
from timebank.signin.models import COORDINATORS, User
from timebank.signin.routes import ask_who_it_is, has_proved_lately, is_half_in
from timebank.signin.routes import bp as signin_bp
from timebank.statements.routes import bp as statements_bp
from timebank.two_people.routes import bp as two_people_bp
from timebank.vault.keys import KeyRing
from timebank.web import browser, days, edge, forms, policy, problems
from timebank.who_has_looked.routes import bp as who_has_looked_bp

ROOT = Path(__file__).parent.parent
LARGEST_REQUEST = 1024 * 1024
BLUEPRINTS = (
    pages_bp,
    helplines_bp,
    signin_bp,
    mysignin_bp,
    forgotten_bp,
    contact_bp,
    home_bp,
    hours_bp,
    statements_bp,
    introductions_bp,
    relationships_bp,
    apart_bp,
    offers_bp,
    profiles_bp,
    record_bp,
    who_has_looked_bp,
    queries_bp,
    concerns_bp,
    matches_bp,
    audit_bp,
    desk_bp,
    two_people_bp,
)


class _NoRoles:
    """Flask-Security asks for a model of roles. Ours hang on schemes and relationships, never on people."""


@dataclass(frozen=True)
class Asker:
    """The member who is signed in, and what they may look after."""

    member: Member

    @cached_property
    def is_coordinator(self) -> bool:
        return schemes.is_coordinator(edge.session(), self.member)

    @cached_property
    def is_lead(self) -> bool:
        return concerns.is_lead(edge.session(), self.member)

    @property
    def has_to_set_up(self) -> bool:
        """In a demonstration, which is for this computer alone, nobody has anything to lose."""
        return (
            (self.is_coordinator or self.is_lead)
            and not entering.has_passed()
            and not self.member.bank.is_demonstration
        )

    @property
    def has_proved_lately(self) -> bool:
        return has_proved_lately()


@dataclass(frozen=True, kw_only=True)
class NavigationItem:
    label: str
    url: str
    current: bool
    waiting: int = 0


def create_app(config: Config, database: Database | None = None) -> Flask:
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.from_mapping(_flask_settings(config))
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        as_time=show_length, day=days.day, local_day=days.local_day, moment=days.moment, first_upper=days.first_upper
    )
    database = database or Database(config.database_url, keys=KeyRing.beside(config.keys_file))
    edge.plug_in(app, database)
    forms.plug_in(app)
    app.session_interface = HeldByServer(database)
    _plug_in_sign_in(app)
    HTMX(app)
    policy.plug_in(
        app,
        find_asker=_find_asker,
        is_half_in=is_half_in,
        ask_who_it_is=ask_who_it_is,
    )
    problems.plug_in(app)
    looking.plug_in(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    policy.check_every_route_is_guarded(app)
    app.context_processor(lambda: _page_context(config))
    browser.plug_in(app, is_https=config.is_https, hosts=config.hosts)
    return app


def _flask_settings(config: Config) -> dict[str, Any]:
    cookies = cookie_names(is_https=config.is_https)
    return {
        "SECRET_KEY": config.secret_key,
        "MAX_CONTENT_LENGTH": LARGEST_REQUEST,
        "SESSION_COOKIE_NAME": cookies.sign_in,
        "SESSION_COOKIE_SECURE": config.is_https,
        "TIMEBANK_ADDRESS": config.address,
        "TIMEBANK_SENDS_MAIL": config.mail is not None,
        "TIMEBANK_CONCERNS_KEPT_YEARS": config.concerns_kept_years,
        "TIMEBANK_LEFT_COOKIE": cookies.left,
        "TIMEBANK_DEVICE_COOKIE": cookies.device,
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=1),
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": passwords.SETTINGS,
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
        "SECURITY_PASSWORD_SALT": config.secret_key,
        "SECURITY_JOIN_USER_ROLES": False,
        "SECURITY_CSRF_IGNORE_UNAUTH_ENDPOINTS": False,
        "SECURITY_TRACKABLE": False,
        "SECURITY_PASSWORD_NORMALIZE_FORM": "NFKC",
        "WTF_CSRF_SSL_STRICT": False,  # timebank/web/browser.py asks where a request comes from, also of who sends no Referer
        "WTF_CSRF_TIME_LIMIT": None,  # what a tired person typed for an hour is still welcome
    }


def _plug_in_sign_in(app: Flask) -> None:
    """Of Flask-Security only the password part: no routes and no forms of its own."""
    CSRFProtect(app).exempt("timebank.pages.routes.leave_now")
    app.extensions["timebank.users"] = SQLAlchemyUserDatastore(_RequestDatabase(), User, _NoRoles)
    Security(app, app.extensions["timebank.users"], register_blueprint=False)


class _RequestDatabase:
    """What Flask-Security calls `db`: it reads people through this request's own session."""

    @property
    def session(self) -> Any:
        return edge.session()


def _find_asker() -> Asker | None:
    if not current_user.is_authenticated:
        return None
    asker = Asker(current_user.member)
    if (asker.is_coordinator or asker.is_lead) and held.has_lasted_for(COORDINATORS):
        # Whoever sees what others have entrusted is signed out sooner.
        logout_user()
        held.current().clear()
        return None
    return asker


def _page_context(config: Config) -> dict[str, Any]:
    asker = policy.asker()
    bank = current_bank()
    return {
        "words": schemes.words_of(edge.session(), bank.id if bank else None),
        "bank_name": bank.name if bank else "Timebank",
        "signed_in": asker.member if asker else None,
        "is_coordinator": asker.is_coordinator if asker else False,
        "navigation": _navigation(asker) if asker and not asker.has_to_set_up else [],
        "messages": get_flashed_messages(with_categories=True),
        "exit_url": browser.may_lead_to(exit_url()),
        "left_cookie": current_app.config["TIMEBANK_LEFT_COOKIE"],
        "script_nonce": browser.script_nonce,
        "exit_now_url": url_for("pages.leave_now"),
        "sign_out_url": url_for("signin.sign_out"),
        "urgent_help_url": url_for("helplines.show"),
        "tell_url": url_for("concerns.new"),
        "source_url": config.source_url or url_for("pages.source_code"),
        "htmx_url": url_for("pages.htmx"),
        "asset": asset,
        "page_lang": "en",
        "page_dir": "ltr",
    }


def _navigation(asker: Asker) -> list[NavigationItem]:
    session, member = edge.session(), asker.member
    rows = [
        ("Home", "home.show", 0),
        ("Hours", "hours.show_all", sum(view.waits_for_me for view in hours.list_waiting(session, member))),
        ("Introductions", "introductions.show_all", introductions.count_waiting(session, member)),
        ("Offers and asks", "offers.show_all", 0),
        ("My profile", "profiles.show", 0),
    ]
    if asker.is_coordinator:
        rows.append(("Desk", "desk.show", count_on_desk()))
    if asker.is_lead:
        rows.append(("Concerns", "concerns.show_all", count_concerns()))
    here = (request.blueprint or "").split(".")[0]
    here = {
        "matches": "desk",
        "apart": "profiles",
        "relationships": "home",
        "statements": "hours",
        "queries": "hours",
        "record": "profiles",
        "mysignin": "profiles",
        "contact": "profiles",
        "who_has_looked": "profiles",
        "audit": "desk",
        "helplines": "desk",
        "two_people": "profiles" if request.path.startswith("/two-people/mine") else "desk",
    }.get(here, here)
    if here == "concerns" and request.path.startswith("/tell-someone"):
        here = ""
    return [
        NavigationItem(label=label, url=url_for(endpoint), current=endpoint.startswith(f"{here}."), waiting=waiting)
        for label, endpoint, waiting in rows
    ]


def asset(path: str) -> str:
    return url_for("static", filename=path, v=_digest(path))


@cache
def _digest(path: str) -> str:
    """A changed file gets a new address, so that browsers may keep the old one for long."""
    return hashlib.sha256((ROOT / "static" / path).read_bytes()).hexdigest()[:10]


__all__ = ["create_app", "tables"]
