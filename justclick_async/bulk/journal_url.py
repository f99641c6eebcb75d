"""URLs of journals: recognized in every spelling, read, and shown without what is secret.

Pure: no network, no environment, no driver.  A journal is either the path of a file or the URL of
a PostgreSQL database; whatever looks like a URL never becomes the name of a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from attrs import field, frozen

from justclick_async.errors import InvalidInput
from justclick_async.messages import _

__all__ = [
    "SECRETS",
    "JournalURL",
    "is_url",
    "parse_journal_url",
    "read_journal_url",
    "without_secrets",
]

SECRETS: Mapping[str, str] = {
    "password": "JUSTCLICK_JOURNAL_PASSWORD",
    "sslpassword": "JUSTCLICK_JOURNAL_SSLPASSWORD",
}
"""Secret parameters, and the variable of the environment that holds each for workers."""

_LIKE_URL = re.compile(
    r"""\s* (?:
        [a-z] [a-z0-9+.-]+ :/            # scheme:/, as pathlib shortens scheme://; C:/ is a path
      | (?:jdbc:)? postgres [a-z0-9+.-]* :
      | [^/\\:@\s]+ : [^@]* @ [^@]       # user:password@host
      # parameters as libpq takes them
      | (?:host|hostaddr|port|dbname|user|service) \s* = | [^/\\]{0,1000} password \s* =
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_URL = re.compile(
    r"""postgres(?:ql)?(?:\+[a-z0-9_]+)?://
    (?: (?P<user>[^:/?\#\[\]@]*) (?: : (?P<password>[^/?@]*) )? @ )?
    (?P<hosts>[^/?\#@]*)
    (?: / (?P<database>[^/?\#@]*) )?
    (?: \? (?P<query>[^\#@]*) )?""",
    re.IGNORECASE | re.VERBOSE,
)
_HOST = re.compile(r"(?:[^:\[\]]*|\[[0-9A-Fa-f:.%]+\])(?::[0-9]{0,5})?")
_NOT_ESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})|%00|[\x00-\x20\x7f]")
_SECRET = re.compile(r"password|passwd|^pass$|pwd|secret|token|_key$", re.IGNORECASE)


@frozen
class JournalURL:
    """The URL of a PostgreSQL database that holds a journal; its text is without secrets.

    Attributes:
        user: Name of the user; "" where the driver finds it.
        hosts: ``host:port``, or several with commas; "" for the default socket.
        database: Name of the database; "" where the driver finds it.
        query: The other parameters, such as ``sslmode``, and ``journal``.
        secrets: Parameters of the URL that are never shown or handed on.
    """

    user: str
    hosts: str
    database: str
    query: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False, factory=dict[str, str])

    def __str__(self) -> str:
        """Return the URL without its secrets."""
        user = quote(self.user, safe="") + "@" if self.user else ""
        database = quote(self.database, safe="")
        query = "&".join(f"{name}={quote(value, safe='/,')}" for name, value in self.query.items())
        return f"postgresql://{user}{self.hosts}/{database}" + (f"?{query}" if query else "")


def parse_journal_url(journal: object) -> JournalURL | None:
    """Return the URL of a journal on PostgreSQL, or ``None`` where it is the path of a file.

    Args:
        journal: A path, a URL in any of its spellings, or nothing.

    Raises:
        InvalidInput: It looks like a URL, but is not a usable one.
    """
    text = str(journal)
    return read_journal_url(text) if _LIKE_URL.match(text) else None


def read_journal_url(url: str) -> JournalURL:
    """Return the parts of the URL of a journal on PostgreSQL.

    Raises:
        InvalidInput: It cannot be used.
    """
    text = url.strip()
    match = _URL.fullmatch(text)
    if match is None or _NOT_ESCAPED.search(text):
        raise _invalid()
    if not all(map(_HOST.fullmatch, match["hosts"].split(","))):
        raise _invalid()
    query = _parameters(match["query"] or "")
    secrets = {name: query.pop(name) for name in SECRETS if name in query}
    if any(map(_SECRET.search, query)):
        raise _invalid()
    if match["password"]:
        secrets["password"] = unquote(match["password"])
    return JournalURL(
        user=unquote(match["user"] or ""),
        hosts=match["hosts"],
        database=unquote(match["database"] or ""),
        query=query,
        secrets=secrets,
    )


def _parameters(query: str) -> dict[str, str]:
    """Read parameters as libpq does: a plus sign is not a space."""
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    if not all(name and equals for name, equals, _ in pairs):
        raise _invalid()
    return {unquote(name): unquote(value) for name, _, value in pairs}


def _invalid() -> InvalidInput:
    password = SECRETS["password"]
    return InvalidInput(
        _(
            "{field} must be the path of a file, or a URL such as postgresql://user@host/database.",
            field="journal",
        ),
        field="journal",
        hint=_(
            "Put the password in {variable} instead of the URL, and percent-encode special "
            "characters elsewhere in it (%2F for /, %40 for @). Give the full path of a file whose "
            "name looks like a URL.",
            variable=password,
        ),
    )


def is_url(journal: object) -> bool:
    """Return whether a journal is on PostgreSQL.

    Raises:
        InvalidInput: It looks like a URL, but is not a usable one.
    """
    return parse_journal_url(journal) is not None


def without_secrets(word: str) -> str:
    """Return a word of a command line; a URL in it, of a journal or not, loses its password."""
    option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    try:
        url = parse_journal_url(value)
    except InvalidInput:
        scheme, colon, rest = value.partition(":/")
        place = rest.rpartition("@")[2].partition("?")[0].lstrip("/")
        return f"{option}{equals}{scheme}://{place}" if colon else word
    return word if url is None else f"{option}{equals}{url}"
