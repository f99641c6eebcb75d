"""Why a hash is wrong: the usual mistakes are tried, and the one that was made is named.

Whoever has made one wants to see the string that was hashed beside the one that should have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import md5
from urllib.parse import parse_qsl, quote

from attrs import frozen

from justclick_async.php import PHP_QUERY_RFC3986, http_build_query
from justclick_async.sandbox.auth import Account, Posted
from justclick_async.sandbox.params import Params
from justclick_async.signing import same_hash

__all__ = ["CAUSES", "KEY", "Diagnosis", "diagnose"]

KEY = "(API key)"
"""What stands for the key wherever something is shown."""


@frozen
class Diagnosis:
    """What is wrong with a hash.

    Attributes:
        cause: One of ``CAUSES``, or ``the hash was made over ...`` and the like; ``{about}``
            stands for a name.
        about: The name.
        hashed: What was hashed, without the key, as far as that is known.
    """

    cause: str
    about: str = ""
    hashed: str = ""

    @property
    def why(self) -> str:
        """The cause as a sentence."""
        return self.cause.replace("{about}", self.about)


_CAPITALS = "the hash is right but for its capital letters"
_NO_MD5 = "the hash is no MD5: 32 hexadecimal digits"
_UNKNOWN = "the login or the key is another one, or a parameter was changed after signing"
_ADDED = "the hash was made before the parameter {about} was added"
_LOGIN = "the hash was made with the login {about}"


def diagnose(posted: Posted, account: Account) -> Diagnosis:
    """Say which mistake made this hash, as far as one of the usual ones did."""
    received = (posted.received or "").lower()

    def is_made_of(hashed: str) -> bool:
        return same_hash(_md5(hashed.replace(KEY, account.api_key)), received)

    right = f"{posted.query}::{account.login}::{KEY}"
    if is_made_of(right):
        return Diagnosis(_CAPITALS, hashed=right)
    for cause, about, hashed in _mistakes(posted, account):
        if is_made_of(hashed):
            return Diagnosis(cause, about, hashed)
    if not (len(received) == 32 and set(received) <= set("0123456789abcdef")):
        return Diagnosis(_NO_MD5)
    return Diagnosis(_UNKNOWN)


def _mistakes(posted: Posted, account: Account) -> Iterator[tuple[str, str, str]]:
    """Go through causes, what they are about, and what would have been hashed then."""
    end = f"::{account.login}::{KEY}"
    for mistake, query in _mistaken_queries(posted):
        yield f"the hash was made over {mistake}", "", query + end
    for mistake, hashed in _MISTAKEN_JOINTS.items():
        yield f"the hash was made {mistake}", "", hashed(posted.query, account.login)
    for name in list(posted.params)[: _TRIED if len(posted.query) < _LONG else 0]:
        rest = {other: value for other, value in posted.params.items() if other != name}
        yield _ADDED, name, http_build_query(rest) + end
    for login in _mistaken_logins(posted, account):
        yield _LOGIN, login, f"{posted.query}::{login}::{KEY}"


_TRIED = 50
_LONG = 100_000


def _mistaken_queries(posted: Posted) -> Iterator[tuple[str, str]]:
    pairs = parse_qsl(posted.raw, keep_blank_values=True)
    if sorted(posted.raw.split("&")) == sorted(posted.query.split("&")):
        yield (
            "interleaved keys, which PHP puts together: all of goods[0], then all of goods[1]",
            (posted.raw),
        )
    yield "the body as it was sent, which PHP encodes differently", posted.raw
    yield "the parameters sorted by name", "&".join(sorted(posted.query.split("&")))
    yield "the parameters with ~ left as it is", posted.query.replace("%7E", "~")
    yield "the parameters with %20 for blanks", _rfc3986(posted.params)
    yield "the parameters with %20 for blanks", _rfc3986(posted.params).replace("~", "%7E")
    yield "the parameters without any encoding", "&".join(f"{k}={v}" for k, v in pairs)
    yield "names with bare brackets", _with_bare_brackets(posted.query)
    yield "no parameters at all", ""
    yield "the values alone", "".join(value for _, value in pairs)
    yield (
        "the parameters as encodeURIComponent writes them",
        "&".join(f"{quote(k, safe=_JS)}={quote(v, safe=_JS)}" for k, v in pairs),
    )


_JS = "!'()*~"


def _rfc3986(params: Params) -> str:
    return http_build_query(dict(params), encoding=PHP_QUERY_RFC3986)


def _with_bare_brackets(query: str) -> str:
    return query.replace("%5B", "[").replace("%5D", "]")


_MISTAKEN_JOINTS: Mapping[str, Callable[[str, str], str]] = {
    "without the login": lambda query, _: f"{query}::{KEY}",
    "without the key": lambda query, login: f"{query}::{login}",
    "with the key before the login": lambda query, login: f"{query}::{KEY}::{login}",
    "with a blank around the key": lambda query, login: f"{query}::{login}::{KEY} ",
    "with a newline after the key": lambda query, login: f"{query}::{login}::{KEY}\n",
}


def _mistaken_logins(posted: Posted, account: Account) -> Iterator[str]:
    login = account.login
    for other in (login.lower(), login.upper(), login.capitalize(), "login", "username", ""):
        if other != login:
            yield other
    for zone in "justclick.io", "justclick.ru", "influencersoft.com":
        yield f"{login}.{zone}"
    for value in list(posted.params.values())[:_TRIED]:
        if isinstance(value, str):
            yield value


def _md5(text: str) -> str:
    return md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


CAUSES: tuple[str, ...] = (
    _CAPITALS,
    _NO_MD5,
    _UNKNOWN,
    _ADDED,
    _LOGIN,
    *(
        f"the hash was made over {mistake}"
        for mistake in dict(_mistaken_queries(Posted({}, None, "", "")))
    ),
    *(f"the hash was made {mistake}" for mistake in _MISTAKEN_JOINTS),
)
"""Every cause there is."""
