"""Requests, answers and notifications are hashed as the service hashes them.

``data/signing_vectors.json`` was made with a real PHP; its login and key are made up.
"""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import md5
from pathlib import Path

import pytest

from justclick_async.php import (
    NotCanonicalError,
    canonical_query,
    http_build_query,
    parse_str,
)
from justclick_async.signing import (
    answer_hash,
    notification_hash,
    same_hash,
    sign_query,
    sign_request,
    signed_body,
    signed_query,
)
from tests.php.cores import each_core

__all__ = ["each_core"]  # a fixture

VECTORS = json.loads((Path(__file__).parent / "data" / "signing_vectors.json").read_text("utf-8"))
LOGIN, KEY = VECTORS["login"], VECTORS["key"]

requests = pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: vector["name"])
cases = pytest.mark.parametrize("case", VECTORS["canonicalisation"], ids=lambda case: case["sent"])


class TestRequests:
    @requests
    def test_parameters_are_encoded_as_php_encodes_them(self, vector):
        assert vector["query"] == http_build_query(vector["params"])
        assert vector["query"] == canonical_query(vector["params"])

    @requests
    def test_the_hash_is_that_of_php(self, vector):
        assert vector["hash"] == sign_request(vector["params"], LOGIN, KEY)
        assert vector["hash"] == sign_query(vector["query"], LOGIN, KEY)

    @requests
    def test_the_body_is_the_query_with_the_hash_behind_it(self, vector):
        body = signed_body(vector["params"], LOGIN, KEY)

        assert body == signed_query(vector["query"], LOGIN, KEY)
        assert parse_str(body) == parse_str(vector["query"]) | {"hash": vector["hash"]}
        assert body.endswith(b"hash=" + vector["hash"].encode())

    def test_without_parameters_the_body_is_the_hash_alone(self):
        assert signed_body({}, LOGIN, KEY) == b"hash=a29e2c0e7a523542b5b86a39aafb8d4a"

    def test_the_order_of_parameters_counts(self):
        assert sign_request({"a": 1, "b": 2}, LOGIN, KEY) != sign_request(
            {"b": 2, "a": 1}, LOGIN, KEY
        )

    def test_a_server_computes_the_same_hash_from_the_decoded_body(self):
        sent = signed_query(canonical_query({"goods": [{"n": "й ~"}, {"n": b"\xff"}]}), LOGIN, KEY)

        seen = parse_str(sent)
        signature = seen.pop("hash")

        assert signature == sign_request(seen, LOGIN, KEY)

    def test_login_and_key_may_be_any_text(self):
        expected = md5("a=1::магазин::ключ".encode()).hexdigest()

        assert expected == sign_request({"a": 1}, "магазин", "ключ")

    def test_a_type_without_counterpart_in_php_names_its_path(self):
        with pytest.raises(TypeError, match=r"^goods\[0\]\[good_sum\] must not be Decimal"):
            signed_body({"goods": [{"good_sum": Decimal("15.5")}]}, LOGIN, KEY)


class TestCanonicalisation:
    @cases
    def test_php_encodes_the_decoded_body_to_the_signed_query(self, case):
        assert case["server_sees"] == http_build_query(parse_str(case["sent"]))

    @cases
    def test_decoding_and_encoding_is_stable(self, case):
        read = parse_str(case["server_sees"])

        assert case["server_sees"] == http_build_query(read) == canonical_query(read)

    @pytest.mark.parametrize(
        "params",
        [
            {"rid[]": "super", "lead_email": "a"},
            {"a.b": "1"},
            {"goods[0][good_name]": "x", "bill_email": "a", "goods[1][good_name]": "y"},
        ],
    )
    def test_parameters_that_are_not_canonical_are_refused_before_signing(self, params):
        with pytest.raises(NotCanonicalError):
            canonical_query(params)


class TestAnswers:
    @pytest.mark.parametrize("answer", VECTORS["answers"], ids=lambda answer: answer["error_text"])
    def test_the_hash_is_that_of_php(self, answer):
        code, text = answer["error_code"], answer["error_text"]

        assert answer["hash"] == answer_hash(code, text, KEY)
        assert answer["hash"] == answer_hash(str(code), text, KEY)

    def test_case_and_blanks_of_the_text_count(self):
        assert len({answer_hash(0, text, KEY) for text in ("OK", "ok", "OK ", "")}) == 4

    @pytest.mark.parametrize("text", ["\ud800", "\ud83d x", "\udc80\ud800"])
    def test_a_lone_surrogate_received_in_json_does_not_crash(self, text):
        received = json.loads(json.dumps(text))

        assert len(answer_hash(4, received, KEY)) == 32

    def test_bytes_that_are_not_utf_8_are_hashed_unchanged(self):
        received = b"\xcd\xe5\xf2".decode("utf-8", "surrogateescape")

        assert md5(b"4::\xcd\xe5\xf2::k").hexdigest() == answer_hash(4, received, "k")


class TestNotifications:
    def test_the_hash_is_that_of_php(self):
        sent = VECTORS["notification"]

        assert sent["hash"] == notification_hash(sent["id"], sent["email"], sent["paid"], KEY)
        assert sent["hash"] == notification_hash(
            int(sent["id"]), sent["email"], int(sent["paid"]), KEY
        )

    def test_values_are_joined_without_anything_between_them(self):
        assert md5(b"1a@b.c2key").hexdigest() == notification_hash(1, "a@b.c", "2", "key")
        assert md5(b"1a@b.ckey").hexdigest() == notification_hash(1, "a@b.c", "", "key")

    def test_hostile_text_does_not_crash(self):
        assert len(notification_hash("\ud800", "\0", "\udcff", KEY)) == 32


class TestSameHash:
    def test_equal_hashes_are_the_same(self):
        assert same_hash("d8db209b4b8656cf19b00635fa964680", "d8db209b4b8656cf19b00635fa964680")

    @pytest.mark.parametrize(
        "received",
        ["", "0" * 32, "D8DB209B4B8656CF19B00635FA964680", "d8db209b4b8656cf19b00635fa96468"],
    )
    def test_others_are_not_and_case_counts(self, received):
        assert not same_hash("d8db209b4b8656cf19b00635fa964680", received)

    @pytest.mark.parametrize("received", ["привет", "\ud800x", "\udcff", "\0", "😀" * 100_000])
    def test_whatever_was_received_is_compared_without_an_exception(self, received):
        assert not same_hash("d8db209b4b8656cf19b00635fa964680", received)
        assert same_hash(received, received)

    def test_surrogate_escapes_and_lone_surrogates_differ(self):
        assert not same_hash("\udc80", "\ud800")
