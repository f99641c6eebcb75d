"""Mistakes that look alike: made by a real PHP, named, and mended by following the hint.

Each program builds a string to be hashed and a body to be sent out of the same data.  What it is
told must be true, and whoever does what the hint says must end with a right hash and right data.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import md5
from itertools import product
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from justclick_async.diagnosis import Diagnosis, explain
from justclick_async.php import http_build_query, parse_str
from tests.php_oracle import PHP

pytestmark = pytest.mark.untraced

LOGIN, API_KEY = "username", "0a1B2c3D4e" * 4
END = f"::{LOGIN}::{API_KEY}"

ORDER = {"bill_email": "anna@example.com", "bill_first_name": "Анна", "bill_timer_kill": "0"}
ZEROS = {"a": "1", "zero": "0", "empty": "", "b": "2"}
TEXT = {"lead_name": 'Анна "Ко" & <б>', "lead_email": "a@example.com"}
QUERY = "http_build_query($p)"

HASH_WHAT_IS_SENT, SEND_WHAT_WAS_HASHED, AS_PHP = range(3)

# What was done, as expressions of PHP: what was hashed, what was sent; $p is the data.
IN_PHP: list[tuple[str, Mapping[str, Any], str, str, str, int]] = [
    # array_filter drops "0"; or the parameter came after signing.  Nobody can tell them apart.
    ("filtered", ORDER, "http_build_query(array_filter($p))", QUERY, "timer", HASH_WHAT_IS_SENT),
    ("filtered", ZEROS, "http_build_query(array_filter($p))", QUERY, "zero", HASH_WHAT_IS_SENT),
    ("filtered", ORDER, "http_build_query(array_slice($p, 0, 2))", QUERY, "", HASH_WHAT_IS_SENT),
    (
        "left_out",
        {**ORDER, "tag": "x"},
        "http_build_query(array_slice($p, 0, 3))",
        QUERY,
        "tag",
        HASH_WHAT_IS_SENT,
    ),
    (
        "empty_left_out",
        {"a": "1", "b": ""},
        "http_build_query(array_filter($p, 'strlen'))",
        QUERY,
        "",
        HASH_WHAT_IS_SENT,
    ),
    # Windows-1251 hashed; or UTF-8 taken for it when it was sent, or when it was hashed.
    (
        "charset",
        ORDER,
        "http_build_query(array_map(fn($v) => iconv('UTF-8', 'CP1251', $v), $p))",
        QUERY,
        "Windows-1251",
        HASH_WHAT_IS_SENT,
    ),
    (
        "sent_charset",
        ORDER,
        QUERY,
        "http_build_query(array_map(fn($v) => iconv('UTF-8', 'CP1251', $v), $p))",
        "Windows-1251",
        SEND_WHAT_WAS_HASHED,
    ),
    (
        "sent_garbled",
        ORDER,
        QUERY,
        "http_build_query(array_map(fn($v) => iconv('CP1251', 'UTF-8', $v), $p))",
        "Windows-1251",
        SEND_WHAT_WAS_HASHED,
    ),
    (
        "garbled",
        ORDER,
        "http_build_query(array_map(fn($v) => iconv('CP1251', 'UTF-8', $v), $p))",
        QUERY,
        "Windows-1251",
        HASH_WHAT_IS_SENT,
    ),
    (
        "sent_garbled",
        ORDER,
        QUERY,
        "http_build_query(array_map(fn($v) => @utf8_encode($v), $p))",
        "Latin-1",
        SEND_WHAT_WAS_HASHED,
    ),
    (
        "garbled",
        ORDER,
        "http_build_query(array_map(fn($v) => @utf8_encode($v), $p))",
        QUERY,
        "Latin-1",
        HASH_WHAT_IS_SENT,
    ),
    # Two letters whose bytes in Windows-1251 happen to be UTF-8: the request reads well.
    (
        "sent_garbled",
        {"lead_name": "Её"},
        "http_build_query(array_map(fn($v) => iconv('UTF-8', 'CP1251', $v), $p))",
        QUERY,
        "Windows-1251",
        HASH_WHAT_IS_SENT,
    ),
    # Encoded twice, and escaped, on either side.
    ("encoded_twice", TEXT, "http_build_query(array_map('urlencode', $p))", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("sent_encoded_twice", TEXT, QUERY, "http_build_query(array_map('urlencode', $p))", "",
     SEND_WHAT_WAS_HASHED),
    ("entities", TEXT, "http_build_query(array_map('htmlspecialchars', $p))", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("entities", {"a": "it's"}, "http_build_query(array_map('htmlspecialchars', $p))", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("no_entities", TEXT, QUERY, "http_build_query(array_map('htmlspecialchars', $p))", "",
     SEND_WHAT_WAS_HASHED),
    ("stripped", {"a": " x\n"}, "http_build_query(array_map('trim', $p))", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("entities", {"a": "it's"},
     "http_build_query(array_map(fn($v) => htmlspecialchars($v, ENT_QUOTES | ENT_HTML5), $p))",
     QUERY, "", HASH_WHAT_IS_SENT),
    ("slashes", {"a": "O'Brien \"x\""}, "http_build_query(array_map('addslashes', $p))", QUERY,
     "O\\'Brien", HASH_WHAT_IS_SENT),
    ("sent_slashes", {"a": "O'Brien"}, QUERY, "http_build_query(array_map('addslashes', $p))", "",
     SEND_WHAT_WAS_HASHED),
    ("encoded_twice", {"a": "x y~!'()*", "b": "1"},
     "http_build_query(array_map('rawurlencode', $p))", QUERY, "", HASH_WHAT_IS_SENT),
    ("sent_encoded_twice", {"a": "x y~!'()*", "b": "1"}, QUERY,
     "http_build_query(array_map('rawurlencode', $p))", "", SEND_WHAT_WAS_HASHED),
    # Numbers as PHP prints them for people, or with all their digits.
    ("number_format", {"a": "1500.50"}, "'a=' . urlencode(number_format($p['a'], 2, ',', ' '))",
     QUERY, "", HASH_WHAT_IS_SENT),
    ("number_format", {"a": "1500"}, "'a=' . urlencode(number_format($p['a']))", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("sent_number_format", {"a": "1500.50"}, QUERY,
     "'a=' . urlencode(number_format($p['a'], 2, ',', ' '))", "", SEND_WHAT_WAS_HASHED),
    ("float_digits", {"a": "0.3"}, "'a=' . json_encode(0.1 + 0.2)", QUERY, "", HASH_WHAT_IS_SENT),
    ("sent_float_digits", {"a": "0.3"}, QUERY, "'a=' . json_encode(0.1 + 0.2)", "",
     SEND_WHAT_WAS_HASHED),
    ("exponent", {"a": "10000000000000000"}, "'a=' . urlencode(10000000000000000.0)", QUERY, "",
     HASH_WHAT_IS_SENT),
    # Arrays as text, and other separators.
    ("array_as_text", {"rid": ["a", "b"], "x": "1"},
     "http_build_query(['rid' => json_encode($p['rid']), 'x' => $p['x']])", QUERY, "rid",
     HASH_WHAT_IS_SENT),
    ("array_as_text", {"rid": ["a", "b"], "x": "1"},
     "http_build_query(['rid' => @(string)$p['rid'], 'x' => $p['x']])", QUERY, "rid",
     HASH_WHAT_IS_SENT),
    ("sent_array_as_text", {"rid": ["a", "b"], "x": "1"}, QUERY,
     "http_build_query(['rid' => json_encode($p['rid']), 'x' => $p['x']])", "rid",
     SEND_WHAT_WAS_HASHED),
    ("sent_from_one", {"rid": ["a", "b"]}, QUERY,
     "http_build_query(['rid' => [1 => 'a', 2 => 'b']])", "rid", SEND_WHAT_WAS_HASHED),
    ("sent_repeated_name", {"rid": ["a", "b"]}, QUERY, "'rid=a&rid=b'", "rid",
     SEND_WHAT_WAS_HASHED),
    ("separator", TEXT, "http_build_query($p, '', ';')", QUERY, ";", HASH_WHAT_IS_SENT),
    ("sent_with_semicolon", {"a": "1", "b": "2"}, QUERY, "http_build_query($p, '', ';')", "",
     SEND_WHAT_WAS_HASHED),
    ("plain_blanks", {"a": "x\xa0y"},
     "http_build_query(array_map(fn($v) => str_replace(\"\\u{a0}\", ' ', $v), $p))", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("filtered", {"a": "1", "b": ["0", "x"], "c": "0", "d": ""},
     "http_build_query(array_filter($p))", QUERY, "c", HASH_WHAT_IS_SENT),
    ("bare_plus", {"phone": "+7", "name": "x y"}, QUERY, "'phone=+7&name=x+y'", "",
     SEND_WHAT_WAS_HASHED),
    # &amp; hashed and sent, only hashed, only sent.
    ("separator", TEXT, "http_build_query($p, '', '&amp;')", QUERY, "&amp;", HASH_WHAT_IS_SENT),
    ("sent_with_amp", {"a": "1", "b": "2"}, QUERY, "http_build_query($p, '', '&amp;')", "",
     SEND_WHAT_WAS_HASHED),
    ("separator", {"a": "1", "b": "2"}, "http_build_query($p, '', '&amp;')",
     "http_build_query($p, '', '&amp;')", "&amp;", AS_PHP),
    ("raw_body", {"a": "A&amp;B"}, "'a=A&amp;B'", "'a=A&amp;B'", "", AS_PHP),
    ("encode_uri", {"a": "1", "b": "x&amp;y=z"}, "'a=1&b=x&amp;y=z'", "'a=1&b=x&amp;y=z'", "",
     AS_PHP),
    # A blank before a name is dropped; within one it becomes _.
    ("as_sent", {"a": "1", "b": "2"}, "'a=1&+b=2'", "'a=1&+b=2'", "", AS_PHP),
    ("bent_name", {"a": "1", "b_c": "2"}, "'a=1&+b+c=2'", "'a=1&+b+c=2'", "", AS_PHP),
    # A bare + or & in what is sent, and PHP's own way to encode blanks.
    ("bare_plus", {"phone": "+7495"}, QUERY, "'phone=+7495'", "", SEND_WHAT_WAS_HASHED),
    ("bare_ampersand", {"name": "A&B"}, QUERY, "'name=A&B'", "", SEND_WHAT_WAS_HASHED),
    ("blanks", {"a": "x y"}, "http_build_query($p, '', '&', PHP_QUERY_RFC3986)", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("bare", {"a": "x~y"}, "http_build_query($p, '', '&', PHP_QUERY_RFC3986)", QUERY, "~",
     HASH_WHAT_IS_SENT),
    ("raw_body", {"a": "AB"}, "'a=%41B'", "'a=%41B'", "", AS_PHP),
    # Booleans, numbers and what has no value, as text on one side.
    ("php_words", {"a": True, "b": "2"}, QUERY, "'a=true&b=2'", "", AS_PHP),
    ("json_words", {"a": True, "b": False}, "'a=true&b=false'", QUERY, "", AS_PHP),
    ("none_sent", {"a": "1", "b": None}, QUERY, "'a=1&b=null'", "", SEND_WHAT_WAS_HASHED),
    ("none_sent", {"a": "1", "surname": "null"}, "'a=1'", "'a=1&surname=null'", "",
     HASH_WHAT_IS_SENT),
    ("cents", {"a": "1500.5"}, "'a=' . number_format($p['a'], 2, '.', '')", QUERY, "",
     HASH_WHAT_IS_SENT),
    ("short_cents", {"a": "1500.50"}, "'a=' . (float)$p['a']", QUERY, "", HASH_WHAT_IS_SENT),
    ("whole_numbers", {"a": "1500"}, QUERY, "'a=1500.0'", "", SEND_WHAT_WAS_HASHED),
    # Names that PHP reads otherwise.
    ("bent_name", {"a_b": "1"}, "'a.b=1'", "'a.b=1'", "a.b", AS_PHP),
    ("without_index", {"rid": ["a", "b"]}, "'rid%5B%5D=a&rid%5B%5D=b'",
     "'rid%5B%5D=a&rid%5B%5D=b'", "rid[]", AS_PHP),
    ("raw_body", {"rid": ["a", "b"]}, "'rid[]=a&rid[]=b'", "'rid[]=a&rid[]=b'", "", AS_PHP),
    ("twice", {"a": "2"}, "'a=1&a=2'", "'a=1&a=2'", "a", AS_PHP),
    ("interleaved", {"g": [{"n": "1", "s": "3"}], "e": "2"},
     "'g%5B0%5D%5Bn%5D=1&e=2&g%5B0%5D%5Bs%5D=3'", "'g%5B0%5D%5Bn%5D=1&e=2&g%5B0%5D%5Bs%5D=3'", "",
     AS_PHP),
    ("sorted", {"b": "1", "a": "2"},
     "(function($p) { ksort($p); return http_build_query($p); })($p)", QUERY, "",
     HASH_WHAT_IS_SENT),
]  # fmt: skip


def made_in_php() -> list[tuple[str, str]]:
    """Let PHP build what was hashed and what was sent, case by case."""
    lines = ["$cases = json_decode(base64_decode($argv[1]), true);"]
    lines += [
        f"$p = $cases[{number}]; $made[] = [base64_encode({hashed}), base64_encode({sent})];"
        for number, (_, _, hashed, sent, _, _) in enumerate(IN_PHP)
    ]
    data = json.dumps([case[1] for case in IN_PHP]).encode()
    words = [PHP or "", "-r", "\n".join([*lines, "echo json_encode($made);"])]
    ran = subprocess.run([*words, b64encode(data).decode()], capture_output=True, check=True)
    return [(text(hashed), text(sent)) for hashed, sent in json.loads(ran.stdout)]


def text(encoded: str) -> str:
    return b64decode(encoded).decode("utf-8", "surrogateescape")


def hash_of(query: str) -> str:
    return md5(f"{query}{END}".encode("utf-8", "surrogateescape")).hexdigest()


def explained(body: str, received: str) -> Diagnosis | None:
    sent = f"{body}&hash={received}".encode("utf-8", "surrogateescape")
    return explain(sent, login=LOGIN, api_key=API_KEY).diagnosis


def followed(action: int, hashed: str, sent: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """Return body and hash after doing what the hint says."""
    if action == HASH_WHAT_IS_SENT:
        return sent, hash_of(http_build_query(parse_str(sent)))
    body = hashed if action == SEND_WHAT_WAS_HASHED else http_build_query(data)
    return body, hash_of(body)


@pytest.mark.skipif(PHP is None, reason="php is not installed")
def test_a_mistake_made_in_php_is_named_and_its_hint_corrects_hash_and_data() -> None:
    made = made_in_php()
    assert len(made) == len(IN_PHP)
    for (cause, data, *_, about, action), (hashed, sent) in zip(IN_PHP, made, strict=True):
        found = explained(sent, hash_of(hashed))
        assert found is not None, (cause, hashed, sent)
        assert [each.name for each in found.causes] == [cause], (hashed, sent)
        assert about in found.why
        assert "added" not in found.why
        body, right = followed(action, hashed, sent, data)
        assert explained(body, right) is None, cause
        assert parse_str(body) == parse_str(http_build_query(data)), cause


SLASHES = [("'", "\\'")], {"slashes"}
USUAL = [("'", "&apos;"), (".50", ",50")], {"entities", "number_format"}
RARE = [("й", "и\u0306"), ("'", "\\'")], {"decomposed", "slashes"}  # tried after all that are usual


@pytest.mark.untraced
@pytest.mark.parametrize(
    ("goods", "made"),
    [
        *product([1, 20], [SLASHES, USUAL, RARE]),
        *((100, USUAL), (480, SLASHES), (480, RARE)),
    ],
)
def test_two_mistakes_are_found_in_small_and_large_orders(
    goods: int, made: tuple[list[tuple[str, str]], set[str]]
) -> None:
    changes, causes = made
    order = {
        "goods": [{"good_name": f"й{at % 7}", "good_sum": f"{at + 100}.50"} for at in range(goods)],
        "bill_first_name": "Андрей О'Нил",
        "bill_comment": "й'",
    }
    hashed = json.dumps(order, ensure_ascii=False)
    for old, new in changes:
        hashed = hashed.replace(old, json.dumps(new, ensure_ascii=False)[1:-1])
    found = explained(http_build_query(order), hash_of(http_build_query(json.loads(hashed))))
    assert found is not None
    assert {cause.name for cause in found.causes} == causes


# ── What is said ────────────────────────────────────────────────────────────────────


def test_a_dropped_zero_and_a_late_zero_have_the_same_explanation() -> None:
    dropped = explained("a=1&zero=0&b=2", hash_of("a=1&b=2"))
    late = explained("a=1&b=2&zero=0", hash_of("a=1&b=2"))
    assert dropped is not None
    assert late is not None
    assert dropped.why == late.why
    assert dropped.why == "parameters that are empty or 0 were not hashed (zero)"
    assert 'Hash all that is sent, "0" and empty values too' in dropped.hint


def test_the_hint_for_a_garbled_text_leads_to_the_hashed_text() -> None:
    garbled = "Анна".encode().decode("cp1251")
    found = explained(urlencode({"a": garbled}), hash_of(urlencode({"a": "Анна"})))
    assert found is not None
    assert "Turn all text into UTF-8" not in found.hint
    assert "If it is garbled (Рђ, Ð), send what was hashed" in found.hint
    assert "Если в нём кракозябры" in found.hint.in_("ru")


@pytest.mark.parametrize("charset", ["cp1251", "cp1252", "latin-1", "koi8-r", "cp866"])
@pytest.mark.parametrize("name", ["Анна", "Илья Ёжиков", "Ольга И.", "Łukasz"])
def test_text_garbled_in_any_of_the_usual_ways_is_recognized(name: str, charset: str) -> None:
    garbled = "".join(
        bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in name.encode()
    )
    found = explained(urlencode({"a": garbled}), hash_of(urlencode({"a": name})))
    assert found is not None
    assert {cause.name for cause in found.causes} == {"sent_garbled"}
    assert found.hashed == f"a={quote(name, safe='').replace('%20', '+')}::{LOGIN}::(API key)"


@pytest.mark.parametrize("name", ["Анна", "Илья", "Łukasz", "François"])
def test_a_text_that_looks_garbled_is_remarked_as_a_question(name: str) -> None:
    garbled = name.encode().decode("latin-1")
    for value, is_odd in ((garbled, True), (name, False), ("plain", False), ("Моё «я»", False)):
        body = urlencode({"a": value})
        remarks = explain(f"{body}&hash={hash_of(body)}", login=LOGIN, api_key=API_KEY).remarks
        assert [remark.name for remark in remarks] == (["garbled"] if is_odd else [])
        texts = [remark.text for remark in remarks]
        assert all("may" in text and "озможно" in text.in_("ru") for text in texts)


@pytest.mark.parametrize(
    ("value", "name"), [("50%25 off", "percents"), ("Null", ""), ("None", "made_text")]
)
def test_an_odd_looking_value_is_remarked_as_a_possibility(value: str, name: str) -> None:
    body = urlencode({"a": value})
    remarks = explain(f"{body}&hash={hash_of(body)}", login=LOGIN, api_key=API_KEY).remarks
    assert [remark.name for remark in remarks] == ([name] if name else [])
    assert all("may" in remark.text for remark in remarks)
