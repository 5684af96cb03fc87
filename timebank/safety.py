"""Whether the settings are safe for the people who will use the bank: asked before the first of them is let in.

At this computer alone nearly everything goes, so that anybody can look around. As soon as others can reach the bank, each
of these stops the start, with what to do about it.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url

from timebank.config import Config

KEY_LENGTH, KEY_LETTERS = 32, 10
# In what examples and instructions call a key that is to be replaced.
# Six letters at least: a key made by lot has such a word in it once in twenty million times.
PLACEHOLDERS = ("change", "secret", "example", "default", "password", "timebank", "your-key", "replace")
SWITCHES = ("FLASK_DEBUG", "FLASK_TESTING", "WERKZEUG_DEBUG_PIN", "PYTHONINSPECT")
ENCRYPTED = ("require", "verify-ca", "verify-full")
FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
KEY_FILES = ("-master", "-people", "-forgotten")
Environment = Mapping[str, str]


def unsafe_settings(config: Config, environment: Environment) -> tuple[str, ...]:
    """A sentence for each, with what to do. None at this computer alone, but for a key that anybody could know or read."""
    looks: tuple[Callable[[Config, Environment], Iterator[str]], ...] = (_the_key, _links, _the_mail)
    if is_for_others(config):
        looks += (_the_address, _switches, _files, _the_way_to_the_database)
    return tuple(chain.from_iterable(look(config, environment) for look in looks))


def unsafe_mail(config: Config) -> tuple[str, ...]:
    """The same for whoever only sends mail, and serves nothing."""
    return tuple(_the_mail(config, {}))


def is_for_others(config: Config) -> bool:
    """Whether anybody but the people at this computer can reach the bank."""
    return not _is_here(config.host) or not _is_here(urlsplit(config.address or "").hostname or "localhost")


def _is_here(host: str) -> bool:
    if host in {"localhost", ""} or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _the_key(config: Config, _: Environment) -> Iterator[str]:
    key = config.secret_key
    advice = (
        "Delete the key file and start again: a good one is made. Everybody signs in anew, and whoever has codes from an app"
        " sets that up again (timebank remove-second-step)."
    )
    if len(key) < KEY_LENGTH or len(set(key)) < KEY_LETTERS:
        yield f"The server's key can be guessed: it is too short or repeats itself. {advice}"
    elif any(word in key.casefold() for word in PLACEHOLDERS):
        yield f"The server's key looks like one from an example. {advice}"
    keys = config.keys_file
    for file in [keys, *(keys.with_name(keys.name + ending) for ending in KEY_FILES)] if keys is not None else ():
        if os.name == "posix" and file.exists() and _mode(file) & FOR_OTHERS:
            yield f"Others at this computer may read the server's keys. Type: chmod 600 {file.name}, in its folder (TIMEBANK_KEYS)."


def _links(config: Config, _: Environment) -> Iterator[str]:
    if config.source_url is not None and urlsplit(config.source_url).scheme not in {"https", "http"}:
        yield "TIMEBANK_SOURCE_URL is not the address of a page. Write it like https://example.org/timebank, or leave it out."


def _the_mail(config: Config, _: Environment) -> Iterator[str]:
    """Also at this computer alone: what is mailed leaves it."""
    mail = config.mail
    if mail is None:
        return
    if config.address is None:
        yield (
            "Mail could not say where to sign in: set TIMEBANK_ADDRESS as people type it, like https://bank.example.org, or"
            " leave TIMEBANK_MAIL_HOST out."
        )
    if mail.tls == "none" and not _is_here(mail.host):
        yield (
            "Mail would travel openly, with links that let people in: TIMEBANK_MAIL_TLS is none, and the mail server is"
            " another computer. Set it to starttls, or to tls."
        )
    if (mail.user is None) != (mail.password_file is None):
        yield "TIMEBANK_MAIL_USER and TIMEBANK_MAIL_PASSWORD_FILE belong together: set both, or leave both out."
    elif mail.password_file is not None and not mail.password_file.is_file():
        yield "TIMEBANK_MAIL_PASSWORD_FILE names no file. Put the mail server’s password into a file, and name that."
    elif mail.password_file is not None and os.name == "posix" and _mode(mail.password_file) & FOR_OTHERS:
        yield (
            "Others at this computer may read the mail server’s password. Type: chmod 600 for the file that"
            " TIMEBANK_MAIL_PASSWORD_FILE names."
        )


def _the_address(config: Config, _: Environment) -> Iterator[str]:
    address = "TIMEBANK_ADDRESS=https://bank.example.org"
    if config.address is None:
        yield (
            "Other computers could reach the bank, and nothing says over https. Put a web server that speaks https in front"
            f" of it and set {address}, as people type it; or leave TIMEBANK_HOST out, for this computer alone."
        )
    elif not config.is_https:
        yield f"Passwords would travel openly: TIMEBANK_ADDRESS begins with http. Use https, like {address}."
    elif _is_here(urlsplit(config.address).hostname or ""):
        yield f"TIMEBANK_ADDRESS names this computer, which others cannot find. Set it as people type it, like {address}."


def _switches(_: Config, environment: Environment) -> Iterator[str]:
    for name in SWITCHES:
        if environment.get(name, "").casefold() not in {"", "0", "false", "no"}:
            yield f"{name} is set: it is for programmers, and shows strangers what is inside. Unset it and start again."


def _files(config: Config, _: Environment) -> Iterator[str]:
    database = _file_of(make_url(config.database_url))
    if database is None or os.name != "posix":
        return
    folder = database.parent
    if config.keys_file is not None and config.keys_file.resolve().is_relative_to(folder.resolve()):
        yield (
            "The server's key lies beside the database, so whoever gets a copy of the folder has both. Set TIMEBANK_KEYS to a"
            " file in another folder."
        )
    if database.exists() and _mode(database) & FOR_OTHERS:
        yield f"Others at this computer may read the database. Type: chmod 600 {database.name}, in its folder."
    if folder.exists() and _mode(folder) & stat.S_IWOTH:
        yield "Anybody at this computer may put files beside the database. Type: chmod 700 for its folder."


def _the_way_to_the_database(config: Config, _: Environment) -> Iterator[str]:
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL"):
        given = config.database_url if name == "DATABASE_URL" else config.owner_database_url
        url = make_url(given) if given is not None else None
        if url is None or url.get_backend_name() == "sqlite":
            continue
        if not _is_by_this_computer(url) and url.query.get("sslmode") not in ENCRYPTED:
            yield (
                f"What people wrote would travel openly to the database: TIMEBANK_{name} names another computer without"
                " encryption. Add ?sslmode=verify-full to it."
            )
        if url.username in {"postgres", "root", "admin"}:
            yield (
                f"TIMEBANK_{name} signs in as the master of the whole database server. Make a role of its own for the bank,"
                " and name that."
            )


def _is_by_this_computer(url: URL) -> bool:
    host = url.query.get("host", url.host or "")
    return isinstance(host, str) and (host.startswith("/") or _is_here(host))


def _file_of(url: URL) -> Path | None:
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
