"""Wrong hashes, made as people make them, and the cause that is named for each."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from contextlib import nullcontext, suppress
from hashlib import md5, sha1, sha256
from hmac import digest as hmac
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async.diagnosis import CAUSES, KEY, diagnose, explain, is_array
from justclick_async.errors import InvalidInput
from justclick_async.php import http_build_query
from tests.php_oracle import PHP

LOGIN = "username"
API_KEY = "0a1B2c3D4e" * 4
END = f"::{LOGIN}::{API_KEY}"

ORDER = {
    "goods": [{"good_name": "invoice", "good_sum": "1500.50"}, {"good_name": "sales"}],
    "bill_email": "anna@example.com",
    "bill_first_name": "Анна ~",
}
FLAT = {"lead_name": "Анна и Ко", "lead_email": "a@example.com", "tag": "*~"}


def made(text: str | bytes) -> str:
    return md5(text if isinstance(text, bytes) else text.encode()).hexdigest()


def causes(request: object, received: str) -> list[str]:
    found = explain(request, login=LOGIN, api_key=API_KEY, hash=received)  # type: ignore[arg-type]
    assert found.diagnosis is not None
    assert found.diagnosis.certain
    for text in (repr(found), found.canonical, found.diagnosis.hashed, *found.diagnosis.about):
        assert API_KEY not in text
        assert API_KEY.lower() not in text
    return [cause.name for cause in found.diagnosis.causes]


# ── Mistakes in Python and other languages ──────────────────────────────────────────

ASKED = http_build_query(ORDER)
ASKED_FLAT = http_build_query(FLAT)
PARAMS = [
    (["sorted"], {"b": "1", "a": "2"}, "a=2&b=1" + END),
    (["sorted", "bare"], FLAT, urlencode(sorted(FLAT.items()), safe="~").replace("*", "%2A") + END),
    (
        ["sorted"],
        {"a": "1", "g": [{"n": "1", "b": "2"}]},
        http_build_query({"a": "1", "g": [{"b": "2", "n": "1"}]}) + END,
    ),
    (["bare"], FLAT, urlencode(FLAT) + END),
    (["blanks"], {"a": "b c"}, "a=b%20c" + END),
    (["rfc3986"], {"a": "b c~"}, "a=b%20c~" + END),
    (["encode_uri_component"], {"a": "b c!'()*~"}, f"a={quote('b c', safe='')}!'()*~" + END),
    (["encode_uri_component_plus"], {"a": "b c!'()*~"}, "a=b+c!'()*~" + END),
    (["encode_uri"], {"a": "b c/?:@"}, "a=b%20c/?:@" + END),
    (["python_quote"], {"a": "b c/~"}, f"a={quote('b c/~')}" + END),
    (["lower_case"], {"a": "Я"}, f"a={quote('Я').lower()}" + END),
    (["dotnet"], {"a": "Я!(1)"}, "a=%d0%af!(1)" + END),
    (["plain"], FLAT, "lead_name=Анна и Ко&lead_email=a@example.com&tag=*~" + END),
    (["bare_brackets"], {"g": ["Я"]}, "g[0]=%D0%AF" + END),
    (["blanks", "bare_brackets"], {"g": ["a b"]}, "g[0]=a%20b" + END),
    (["separator"], {"a": "1", "b": "2"}, "a=1&amp;b=2" + END),
    (["unjoined"], {"a": "1", "b": "2"}, "a=1b=2" + END),
    (["values"], {"a": "1", "b": "2"}, "12" + END),
    (["json"], FLAT, json.dumps(FLAT, ensure_ascii=False, separators=(",", ":")) + END),
    (["json"], FLAT, json.dumps(FLAT) + END),
    (["nothing"], {"a": "1"}, END),
    (["left_out"], {"a": "1", "b": "2"}, "a=1" + END),
    (["left_out"], {"a": "1", "b": "2", "c": "3"}, "a=1" + END),
    (["filtered"], {"a": "1", "b": "0", "c": "", "d": "2"}, "a=1&d=2" + END),
    (["empty_hash"], {"a": "1"}, "a=1&hash=" + END),
    (["empty_left_out"], {"a": "1", "b": "", "c": "", "d": "2"}, "a=1&d=2" + END),
    (["python_words"], {"a": True, "b": None}, f"{urlencode({'a': True, 'b': None})}" + END),
    (["json_words"], {"a": True, "b": False}, "a=true&b=false" + END),
    (["php_words"], {"a": "true", "b": "False"}, "a=1&b=0" + END),
    (["none_sent"], {"a": "1", "b": "None"}, "a=1" + END),
    (["empty_kept"], {"a": None, "b": [], "c": "1"}, "a=&b=&c=1" + END),
    (["whole_numbers"], {"a": "1500.0"}, "a=1500" + END),
    (["floats"], {"a": 1500.0}, f"a={1500.0}" + END),
    (["floats"], {"bill_id": "7", "sum": "1500"}, "bill_id=7&sum=1500.0" + END),
    (["cents"], {"a": "1500.5"}, "a=1500.50" + END),
    (["short_cents"], {"a": "1500.50"}, "a=1500.5" + END),
    (["stripped"], {"a": "x\n"}, "a=x" + END),
    (["line_feeds"], {"a": "x\r\ny"}, "a=x%0Ay" + END),
    (["carriage_returns"], {"a": "x\ny"}, "a=x%0D%0Ay" + END),
    (["entities"], {"a": 'x"<y>'}, http_build_query({"a": "x&quot;&lt;y&gt;"}) + END),
    (["no_entities"], {"a": "x&amp;y"}, "a=x%26y" + END),
    (["entities"], {"a": "it's"}, http_build_query({"a": "it&#039;s"}) + END),
    (["entities"], {"a": "it's"}, http_build_query({"a": "it&apos;s"}) + END),
    (["entities"], {"a": "it's"}, http_build_query({"a": "it&#x27;s"}) + END),
    (["slashes"], {"a": "O'Brien"}, http_build_query({"a": "O\\'Brien"}) + END),
    (["sent_slashes"], {"a": "O\\'Brien"}, http_build_query({"a": "O'Brien"}) + END),
    (["filtered"], {"a": "1", "b": "0", "c": "", "d": "0", "e": "0"}, "a=1&c=&e=0" + END),
    (["script_words"], {"a": "", "b": "1"}, "a=undefined&b=1" + END),
    (["none_sent"], {"a": "undefined", "b": "1"}, "b=1" + END),
    (["float_digits"], {"a": "0.3"}, f"a={0.1 + 0.2}" + END),
    (["sent_float_digits"], {"a": f"{0.1 + 0.2}"}, "a=0.3" + END),
    (["exponent"], {"a": "10000000000000000"}, f"a={quote_plus(str(1e16))}" + END),
    (["exponent"], {"a": "10000000000000000"}, "a=1.0E%2B16" + END),  # PHP's echo
    (["sent_exponent"], {"a": f"{1e16}"}, "a=10000000000000000" + END),
    (["number_format"], {"a": "1500.50"}, "a=1500%2C50" + END),
    (["number_format"], {"a": "1500.50"}, "a=1+500.50" + END),
    (["number_format"], {"a": "1500"}, http_build_query({"a": "1\u202f500,00"}) + END),
    (["sent_number_format"], {"a": "1500,50"}, "a=1500.50" + END),
    (["sent_number_format"], {"a": "1\xa0500,00"}, "a=1500" + END),
    (["collapsed"], {"a": "x  y"}, "a=x+y" + END),
    (["padded"], {"a": "x"}, "a=x%0A" + END),
    (["letter_case"], {"a": "Anna@Example.com"}, "a=anna%40example.com" + END),
    (["decomposed"], {"a": "й"}, http_build_query({"a": "и\u0306"}) + END),
    (["sent_decomposed"], {"a": "и\u0306"}, http_build_query({"a": "й"}) + END),
    (["plain_blanks"], {"a": "x\xa0y"}, "a=x+y" + END),
    (["special_blanks"], {"a": "x y"}, http_build_query({"a": "x\xa0y"}) + END),
    (["invisible"], {"a": "x", "b": "y"}, http_build_query({"a": "x\u200b", "b": "y"}) + END),
    (["sent_invisible"], {"a": "x\u200b"}, "a=x" + END),
    (["bare"], {"a": "+7 495", "b": "x y"}, "a=+7+495&b=x+y" + END),
    (["blanks"], {"a": "x y", "b": "x y"}, "a=x%20y&b=x+y" + END),
    (["encoded_twice"], {"a": "x y~", "b": "x y"}, "a=x%2520y~&b=x+y".replace("~", "%7E") + END),
    (["encoded_twice"], {"a": "(x y)!"}, f"a={quote(quote('(x y)!', safe='()!'), safe='')}" + END),
    (["repeated_name"], {"rid": ["a", "b"]}, "rid=a&rid=b" + END),
    (["without_index"], {"rid": ["a", "b"]}, "rid%5B%5D=a&rid%5B%5D=b" + END),
    (["without_index", "bare_brackets"], {"rid": ["a", "b"]}, "rid[]=a&rid[]=b" + END),
    (["from_one"], {"rid": ["a", "b"]}, "rid%5B1%5D=a&rid%5B2%5D=b" + END),
    (["dotted_name"], {"goods": [{"n": "1"}]}, "goods.0.n=1" + END),
    (["array_as_text"], {"rid": ["a", "b"]}, f"rid={quote_plus(json.dumps(['a', 'b']))}" + END),
    (["array_as_text"], {"rid": ["a", "b"]}, f"rid={quote_plus(str(['a', 'b']))}" + END),
    (["array_as_text"], {"rid": ["a", "b"], "x": "1"}, "rid=Array&x=1" + END),
    (["sent_array_as_text"], {"rid": '["a","b"]'}, http_build_query({"rid": ["a", "b"]}) + END),
    (["sent_array_as_text"], {"rid": "['a', 'b']"}, http_build_query({"rid": ["a", "b"]}) + END),
    (["invisible_key"], ORDER, f"{ASKED}{END}\u200b"),
    (["invisible_key"], ORDER, f"{ASKED}{END[:-5]}\xa0{END[-5:]}"),
    (["login"], ORDER, f"{ASKED}::{LOGIN}\u200b::{API_KEY}"),
    (["decomposed", "newline_key"], {"a": "й"}, http_build_query({"a": "и\u0306"}) + END + "\n"),
    (["slashes", "rfc3986"], {"a": "O'B ~"}, "a=O%5C%27B%20~" + END),
    (["number_format", "entities"], {"a": "1.5", "b": "it's"}, "a=1%2C5&b=it%26apos%3Bs" + END),
    (["float_digits", "decomposed"], {"a": "0.3", "b": "й", "c": "1"},
     http_build_query({"a": str(0.1 + 0.2), "b": "и\u0306", "c": "1"}) + END),
    (["charset"], {"a": "Я"}, f"a={quote('Я'.encode('cp1251'))}" + END),
    (["charset"], {"a": "Анна"}, f"a={quote('Анна'.encode('koi8-r'))}" + END),
    (["sent_garbled"], {"a": "РђРЅРЅР°"}, f"a={quote('Анна')}" + END),
    (["garbled"], {"a": "Анна"}, f"a={quote('РђРЅРЅР°')}" + END),
    (["encoded_twice"], {"a": "б в"}, f"a={quote_plus(quote_plus('б в'))}" + END),
    (["no_login"], ORDER, f"{ASKED}::{API_KEY}"),
    (["no_login"], ORDER, f"{ASKED}{API_KEY}"),
    (["no_key"], ORDER, f"{ASKED}::{LOGIN}"),
    (["key_first"], ORDER, f"{ASKED}::{API_KEY}::{LOGIN}"),
    (["key_in_front"], ORDER, f"{API_KEY}::{LOGIN}::{ASKED}"),
    (["login_in_front"], ORDER, f"{LOGIN}::{API_KEY}::{ASKED}"),
    (["no_colons"], ORDER, f"{ASKED}{LOGIN}{API_KEY}"),
    (["one_colon"], ORDER, f"{ASKED}:{LOGIN}:{API_KEY}"),
    (["last_and"], ORDER, f"{ASKED}&{END}"),
    (["question_mark"], ORDER, f"?{ASKED}{END}"),
    (["last_colons"], ORDER, f"{ASKED}{END}::"),
    (["login"], ORDER, f"{ASKED}::{LOGIN}.justclick.io::{API_KEY}"),
    (["login"], ORDER, f"{ASKED}::anna@example.com::{API_KEY}"),
    (["login"], ORDER, f"{ASKED}::{LOGIN} ::{API_KEY}"),
    (["empty_login"], {"a": "1"}, f"a=1::::{API_KEY}"),
    (["key_as_login"], ORDER, f"{ASKED}::{API_KEY}::{API_KEY}"),
    (["blank_key"], ORDER, f"{ASKED}{END} "),
    (["newline_key"], ORDER, f"{ASKED}{END}\n"),
    (["bom_key"], ORDER, f"{ASKED}::{LOGIN}::\ufeff{API_KEY}"),
    (["quoted_key"], ORDER, f'{ASKED}::{LOGIN}::"{API_KEY}"'),
    (["key_case"], ORDER, f"{ASKED}::{LOGIN}::{API_KEY.upper()}"),
    (["short_key"], ORDER, f"{ASKED}::{LOGIN}::{API_KEY[:-1]}"),
    (["hashed_key"], ORDER, f"{ASKED}::{LOGIN}::{made(API_KEY)}"),
    (["empty_key"], ORDER, f"{ASKED}::{LOGIN}::"),
    (["login_as_key"], ORDER, f"{ASKED}::{LOGIN}::{LOGIN}"),
    (["sample_key"], ORDER, f"{ASKED}::{LOGIN}::user_rps_key"),
    (["sorted", "newline_key"], {"b": "1", "a": "2"}, f"a=2&b=1{END}\n"),
]  # fmt: skip
DIGESTS = [
    (["digest"], sha1((ASKED + END).encode()).hexdigest()),
    (["digest"], sha256((ASKED + END).encode()).hexdigest().upper()),
    (["newline_key", "digest"], sha1((ASKED + END + "\n").encode()).hexdigest()),
    (["digest"], b64encode(md5((ASKED + END).encode()).digest()).decode()),
    (["md5_twice"], made(made(ASKED + END))),
    (["hmac"], hmac(API_KEY.encode(), ASKED.encode(), "md5").hex()),
    (["capitals"], made(ASKED + END).upper()),
    (["surrounded"], f'"{made(ASKED + END)}"\n'),
    (["key_sent"], API_KEY),
    (["no_md5"], "none"),
]
BODIES = [
    (["interleaved"], "g%5B0%5D%5Bn%5D=1&e=2&g%5B0%5D%5Bs%5D=3", None),
    (["bent_name"], "a.b=1", None),
    (["bent_name", "blanks"], "a.b=x+y", "a.b=x%20y"),
    (["without_index"], "rid%5B%5D=a&rid%5B%5D=b", None),
    (["twice"], "a=1&a=2", None),
    (["as_sent"], "a%5Bb=1", None),
    (["raw_body"], "a=%41", None),
    (["separator"], "a=1&amp;b=2", None),
    (["sent_with_amp"], "a=1&amp;b=2", "a=1&b=2"),
    (["bare_plus"], "phone=+7495", "phone=%2B7495"),
    (["bare_ampersand"], "lead_name=Anna & Co", "lead_name=Anna+%26+Co"),
    (["bare_plus"], "phone=+7+495&name=x+y", "phone=%2B7+495&name=x+y"),
    (["bare_plus"], "phone=+7&email=x%2By", "phone=%2B7&email=x%2By"),
    (["sorted", "bare_plus"], "phone=+7+495&name=x+y", "name=x+y&phone=%2B7+495"),
    (["separator"], "a=1;b=2", None),
    (["sent_with_semicolon"], "a=1;b=2", "a=1&b=2"),
    (["sent_repeated_name"], "rid=a&rid=b", "rid%5B0%5D=a&rid%5B1%5D=b"),
    (["sent_from_one"], "rid%5B1%5D=a&rid%5B2%5D=b", "rid%5B0%5D=a&rid%5B1%5D=b"),
    (["sent_encoded_twice"], "a=x%2520y%257E", "a=x+y%7E"),
    (["sent_charset"], "a=%DF", "a=%D0%AF"),
    (["sent_charset"], "a=%F1", "a=%D0%AF"),  # KOI8-R
    (["sent_encoded_twice"], "a=%25D0%25AF", "a=%D0%AF"),
]


@pytest.mark.parametrize(("names", "params", "hashed"), PARAMS)
def test_a_hash_over_parameters(names: list[str], params: object, hashed: str) -> None:
    assert causes(params, made(hashed)) == names


@pytest.mark.parametrize(("names", "received"), DIGESTS)
def test_a_hash_of_another_kind(names: list[str], received: str) -> None:
    assert causes(ORDER, received) == names


@pytest.mark.parametrize(("names", "body", "hashed"), BODIES)
def test_a_hash_over_a_body(names: list[str], body: str, hashed: str | None) -> None:
    received = made((body if hashed is None else hashed) + END)
    assert causes(body, received) == names
    assert causes(f"{body}&hash={received}".encode(), received) == names


def test_every_cause_is_found_by_these_tests() -> None:
    named = {name for names, *_ in (*PARAMS, *DIGESTS, *BODIES) for name in names}
    assert named | {"unknown", "unfinished"} == set(CAUSES)


# ── Mistakes in PHP ─────────────────────────────────────────────────────────────────

SCRIPT = r"""
$params = json_decode($argv[1], true);
[$end, $key] = ["::{$argv[2]}::{$argv[3]}", $argv[3]];
$sorted = $params; ksort($sorted);
$encoded = array_map(fn($each) => is_array($each) ? $each : urlencode($each), $params);
$cp1251 = $params;
$cp1251['bill_first_name'] = iconv('UTF-8', 'CP1251', $params['bill_first_name']);
$late = array_slice($params, 0, -1, true);
echo json_encode([
    'right' => md5(http_build_query($params) . $end),
    'sorted' => md5(http_build_query($sorted) . $end),
    'rfc3986' => md5(http_build_query($params, '', '&', PHP_QUERY_RFC3986) . $end),
    'separator' => md5(http_build_query($params, '', '&amp;') . $end),
    'plain' => md5(urldecode(http_build_query($params)) . $end),
    'encoded_twice' => md5(http_build_query($encoded) . $end),
    'charset' => md5(http_build_query($cp1251) . $end),
    'left_out' => md5(http_build_query($late) . $end),
    'json' => md5(json_encode($params) . $end),
    'no_login' => md5(http_build_query($params) . '::' . $key),
    'newline_key' => md5(http_build_query($params) . $end . PHP_EOL),
    'hmac' => hash_hmac('md5', http_build_query($params), $key),
    'digest' => sha1(http_build_query($params) . $end),
    'capitals' => strtoupper(md5(http_build_query($params) . $end)),
]);
"""


@pytest.mark.skipif(PHP is None, reason="php is not installed")
def test_mistakes_made_in_php_are_named() -> None:
    words = [PHP or "", "-r", SCRIPT, json.dumps(ORDER), LOGIN, API_KEY]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    received = json.loads(ran.stdout)
    assert explain(ORDER, login=LOGIN, api_key=API_KEY, hash=received.pop("right")).right
    assert len(received) == 13
    assert {name: causes(ORDER, wrong) for name, wrong in received.items()} == {
        name: [name] for name in received
    }


# ── What is said ────────────────────────────────────────────────────────────────────


def test_one_sentence_in_two_languages() -> None:
    found = diagnose(
        {"b": "x y", "a": "2"}, made("a=2&b=x%20y" + END), login=LOGIN, api_key=API_KEY
    )
    assert found is not None
    assert found.why == ("the parameters were hashed sorted by name; spaces were hashed as %20")
    assert found.why.in_("ru") == (
        "хеш посчитан по параметрам, отсортированным по имени; пробелы в "
        "хешируемой строке записаны как %20"
    )
    assert found.hint.startswith("Do not sort: hash the parameters in the order in which they are")
    assert found.hint.in_("ru").startswith("Не сортируйте")
    assert found.hashed == f"a=2&b=x%20y::{LOGIN}::{KEY}"


def test_an_unproven_cause_is_not_reported_as_certain() -> None:
    found = diagnose(ORDER, "a" * 32, login=LOGIN, api_key=API_KEY)
    assert found is not None
    assert not found.certain
    assert "most likely" in found.why
    assert found.hashed == ""


def test_repr_has_neither_names_nor_values() -> None:
    found = explain(ORDER, login=LOGIN, api_key=API_KEY, hash=made("x"))
    assert "anna" not in repr(found)
    assert "anna" in found.canonical


def test_the_key_is_masked_wherever_it_stands() -> None:
    body = {"user_rps_key": API_KEY, "a": "b c"}
    found = explain(body, login=LOGIN, api_key=API_KEY, hash=made(f"user_rps_key={API_KEY}{END}"))
    assert found.canonical == f"user_rps_key={KEY}&a=b+c::{LOGIN}::{KEY}"
    assert found.diagnosis is not None
    assert found.diagnosis.hashed == f"user_rps_key={KEY}::{LOGIN}::{KEY}"


@pytest.mark.parametrize("size", [50, 999])
def test_large_requests_are_searched_within_bounds(size: int) -> None:
    params = {f"name{number}": "x" * 200 for number in range(size)}
    params["end"] = "a b"
    wrong = made(http_build_query(params).replace("+", "%20") + END)
    found = diagnose(params, wrong, login=LOGIN, api_key=API_KEY)
    assert found is not None
    assert [cause.name for cause in found.causes] == ["blanks"]
    bounded = diagnose(params, "a" * 32, login=LOGIN, api_key=API_KEY, largest=100)
    assert bounded is not None
    assert not bounded.certain


# ── Properties ──────────────────────────────────────────────────────────────────────

WORDS = st.text("aБ ~*&=.+%\n[]1", max_size=6)
VALUES = WORDS | st.booleans() | st.none() | st.integers(0, 99) | st.floats(0, 99)
REQUESTS = st.dictionaries(
    st.text("abc", min_size=1, max_size=3), VALUES | st.lists(WORDS, max_size=2), max_size=4
)


@given(params=REQUESTS)
def test_a_right_hash_needs_no_cause(params: dict[str, object]) -> None:
    right = made(http_build_query(params) + END)
    assert diagnose(params, right, login=LOGIN, api_key=API_KEY) is None
    assert explain(params, login=LOGIN, api_key=API_KEY, hash=right).right


@given(params=REQUESTS, other=REQUESTS)
def test_a_certain_cause_gives_the_hash(
    params: dict[str, object], other: dict[str, object]
) -> None:
    received = made(http_build_query(other) + END)
    found = diagnose(params, received, login=LOGIN, api_key=API_KEY)
    if found is not None and found.certain:
        assert made(found.hashed.replace(KEY, API_KEY)) == received


@given(
    body=st.text("ab=&%[]+. \ud0afЯ1", max_size=30), received=st.text("abc0123456789", max_size=32)
)
def test_any_body_can_be_explained(body: str, received: str) -> None:
    octets = body.encode("utf-8", "surrogatepass")
    with suppress(InvalidInput) if is_array(body) else nullcontext():  # [] is one, [= is not
        found = explain(octets, login=LOGIN, api_key=API_KEY, hash=received)
        assert found.canonical.endswith(f"::{LOGIN}::{KEY}")
