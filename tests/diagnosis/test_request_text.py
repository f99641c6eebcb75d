"""Requests in the forms in which people paste them, and the hash where PHP finds it."""

from __future__ import annotations

import subprocess
from hashlib import md5

import pytest

from justclick_async.diagnosis import explain, is_request_text, without_hash
from justclick_async.diagnosis.request_text import read_request
from justclick_async.errors import InvalidInput
from justclick_async.php import parse_str
from tests.php_oracle import PHP

LOGIN, API_KEY = "username", "0a1B2c3D4e" * 4
QUERY = "lead_name=%D0%90+%D0%91&rid%5B0%5D=a"
HASH = md5(f"{QUERY}::{LOGIN}::{API_KEY}".encode()).hexdigest()
BODY = f"{QUERY}&hash={HASH}"
URL = "https://username.justclick.io/api/AddLeadToGroup"
MULTIPART = (
    f"POST /api/AddLeadToGroup HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=xYz\r\n\r\n"
    '--xYz\r\nContent-Disposition: form-data; name="lead_name"\r\n\r\nА Б\r\n'
    '--xYz\r\nContent-Disposition: form-data; name="rid[0]"\r\n\r\na\r\n'
    f'--xYz\r\nContent-Disposition: form-data; name="hash"\r\n\r\n{HASH}\r\n--xYz--\r\n'
)

TEXTS = [
    ("body", BODY),
    ("query", f"?{BODY}"),
    ("url", f"{URL}?{BODY}"),
    ("url", f"  {URL}?{BODY}#top\n"),
    ("http", f"POST /api/AddLeadToGroup HTTP/1.1\r\nHost: username.justclick.io\r\n\r\n{BODY}"),
    ("http", f"POST /api/AddLeadToGroup HTTP/1.1\nHost: username.justclick.io\n\n{BODY}\n"),
    ("http", f"GET /api/AddLeadToGroup?{BODY} HTTP/1.1\r\nHost: username.justclick.io\r\n\r\n"),
    ("http", MULTIPART),
    ("curl", f"curl {URL} -d '{BODY}'"),
    ("curl", f'$ curl -X POST "{URL}" \\\n  -H "Accept: */*" \\\n  --data-raw "{BODY}"'),
    ("curl", f"curl {URL} --data-urlencode 'lead_name=А Б' -d 'rid[0]=a' --data hash={HASH}"),
    ("curl", f"curl {URL} -F 'lead_name=А Б' --form 'rid[0]=a' -Fhash={HASH}"),
    ("curl", f"curl.exe {URL} --data-raw $'{BODY}'"),
    ("curl", f"curl '{URL}?{BODY}'"),
    ("curl", f'curl {URL} --json \'{{"lead_name":"А Б","rid":["a"],"hash":"{HASH}"}}\''),
    ("json", f'{{"lead_name": "А Б", "rid": ["a"], "hash": "{HASH}"}}'),
    ("php", f"['lead_name' => 'А Б', 'rid' => ['a'], 'hash' => '{HASH}']"),
]


@pytest.mark.parametrize(("form", "text"), TEXTS)
def test_each_form_of_a_request_is_recognized(form: str, text: str) -> None:
    assert read_request(text).form == form
    assert is_request_text(text) is (form != "body")
    found = explain(text, login=LOGIN, api_key=API_KEY)
    assert found.received == HASH
    assert found.right, found.canonical
    assert not found.remarks


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("curl -d @body.txt https://x", "the curl command reads its data from a file."),
        ("curl -d 'a=1", "the curl command has an unclosed quotation mark."),
        ('{"a": 1', "the text must be a JSON object."),
    ],
)
def test_an_incomplete_request_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        explain(text, login=LOGIN, api_key=API_KEY)
    assert refusal.value.message == message
    assert refusal.value.hint_ru != refusal.value.hint


# ── The hash in a body ──────────────────────────────────────────────────────────────

SPELLINGS = [
    "hash=x", "%68ash=x", "+hash=x", " hash=x", "%20%20hash=x", "hash=y&hash=x", "hash%00z=x",
    "hash[=x", "hash.=x", "HASH=x", "hash+=x", "rehash=x", "hash", "hash[a]=x",
]  # fmt: skip


@pytest.mark.skipif(PHP is None, reason="php is not installed")
def test_the_hash_is_found_where_php_finds_it() -> None:
    script = "foreach (array_slice($argv, 1) as $b) { parse_str($b, $p); $h = $p['hash'] ?? '-';"
    script += "echo is_array($h) ? 'array' : $h, \"\\n\"; }"
    bodies = [f"a=1&{spelling}" for spelling in SPELLINGS]
    ran = subprocess.run([PHP or "", "-r", script, *bodies], capture_output=True, check=True)
    in_php = ran.stdout.decode().split("\n")[:-1]
    assert "x" in in_php[:6]
    for body, expected in zip(bodies, in_php, strict=True):
        found = explain(body, login=LOGIN, api_key=API_KEY).received
        assert (found or "") == ("" if expected in ("-", "array") else expected), body
        assert "hash" not in parse_str(without_hash(body)), body


@pytest.mark.parametrize("separator", [";", "&amp;"])
def test_the_hash_is_found_behind_a_wrong_separator(separator: str) -> None:
    query = separator.join(["a=1", "b=2"])
    hashed = md5(f"{query}::{LOGIN}::{API_KEY}".encode()).hexdigest()
    found = explain(f"{query}{separator}hash={hashed}", login=LOGIN, api_key=API_KEY)
    assert found.received == hashed
    assert found.diagnosis is not None
    assert [cause.name for cause in found.diagnosis.causes] == ["separator"]
    assert separator in found.diagnosis.why


def test_text_that_is_not_utf8_is_not_acceptable() -> None:
    query = "lead_name=%C0%ED%ED%E0"
    hashed = md5(f"{query}::{LOGIN}::{API_KEY}".encode()).hexdigest()
    for body in (
        f"{query}&hash={hashed}".encode(),
        b"lead_name=\xc0\xed\xed\xe0&hash=" + hashed.encode(),
    ):
        found = explain(body, login=LOGIN, api_key=API_KEY)
        assert found.right
        assert not found.is_acceptable
