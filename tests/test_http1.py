"""Framing of responses, split at any position."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress
from itertools import pairwise
from time import process_time

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from justclick_async.http1 import ContentDecoder, MalformedResponseError, ResponseFramer
from tests.compare_http import BODY, UNDERSTOOD, packed, response
from tests.service import http


def strictly_read(response: bytes) -> bytes:
    """Return the body of a response that is as the standard says."""
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=2**20)
    reader.send(h11.Request(method="POST", target="/", headers=[("Host", "a")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(response)
    body = b""
    while type(event := reader.next_event()) is not h11.EndOfMessage:
        assert isinstance(event, h11.Response | h11.Data)
        if isinstance(event, h11.Data):
            body += event.data
    assert reader.trailing_data == (b"", False)
    return body


def decoded(framer: ResponseFramer, body: bytes) -> bytes:
    return b"".join(ContentDecoder(framer.codings).feed(body))


@pytest.mark.parametrize("reply", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_normalised_responses_conform_to_the_standard(reply: bytes) -> None:
    framer = ResponseFramer()
    handed_on = framer.feed(reply)
    assert framer.is_complete
    assert decoded(framer, strictly_read(handed_on)) == BODY


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(0, 400), max_size=8))
@pytest.mark.parametrize("reply", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_a_response_may_come_in_any_pieces(reply: bytes, cuts: list[int]) -> None:
    framer, handed_on = ResponseFramer(), b""
    for start, end in pairwise([0, *sorted(cuts), len(reply)]):
        if not framer.is_complete:
            handed_on += framer.feed(reply[start:end])
    assert framer.is_complete
    assert decoded(framer, strictly_read(handed_on)) == BODY


@pytest.mark.parametrize("name", ["150 header lines", "chunks", "gzip in chunks", "gzip"])
def test_a_response_may_come_byte_by_byte(name: str) -> None:
    framer, reply = ResponseFramer(), UNDERSTOOD[name]
    handed_on, rest = b"", iter(reply)
    while not framer.is_complete:
        handed_on += framer.feed(bytes([next(rest)]))
    assert decoded(framer, strictly_read(handed_on)) == BODY
    assert framer.is_complete


@pytest.mark.parametrize(
    ("reply", "reusable"),
    [
        (http(BODY), True),
        (http(BODY) + b"x", False),
        (http(BODY) + http(BODY), False),
        (UNDERSTOOD["chunks"], True),
        (UNDERSTOOD["trailers after the chunks"], True),
        (UNDERSTOOD["garbage after the last chunk"], False),
        (UNDERSTOOD["chunks"] + http(BODY), False),
        (UNDERSTOOD["chunks with a length beside them"], False),
        (response(body=b""), False),
        (http(status=204), True),
    ],
)
def test_a_connection_with_surplus_data_is_not_reused(reply: bytes, reusable: bool) -> None:
    framer = ResponseFramer()
    framer.feed(reply)
    assert framer.is_reusable is reusable


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body_regardless_of_content_length(status: int) -> None:
    framer = ResponseFramer()
    framer.feed(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status)
    assert framer.is_complete


PACKED = {
    "gzip": gzip.compress(BODY) + bytes(3),
    "gzip, twice": gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]) + b"\x1f",
    "deflate": zlib.compress(BODY) + b"rest",
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_bodies_may_come_byte_by_byte(name: str) -> None:
    decoder, data = ContentDecoder([name.partition(",")[0]]), PACKED[name]
    pieces = [piece for i in range(len(data)) for piece in decoder.feed(data[i : i + 1])]
    assert b"".join(pieces) == BODY


def test_a_decompression_bomb_is_decoded_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(2**26))
    pieces = ContentDecoder(["gzip"]).feed(bomb)
    assert max(map(len, pieces)) <= ContentDecoder.PIECE
    twice = ContentDecoder(["gzip", "gzip"]).feed(gzip.compress(bomb))
    sizes = list(map(len, twice))
    assert max(sizes) <= ContentDecoder.PIECE
    assert sum(sizes) == 2**26


def test_corrupt_data_after_a_complete_member_are_ignored() -> None:
    again = bytearray(gzip.compress(BODY))
    again[12:20] = b"\xff" * 8
    assert b"".join(ContentDecoder(["gzip"]).feed(gzip.compress(BODY) + again)) == BODY
    with pytest.raises(MalformedResponseError, match="its gzip data are corrupt"):
        list(ContentDecoder(["gzip"]).feed(bytes(again)))


ENDLESS = {
    "blank lines": (b"", b"\r\n"),
    "interim responses": (b"", b"HTTP/1.1 100 C\r\n\r\n"),
    "header lines": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "one header line": (b"HTTP/1.1 200 OK\r\n", b"x"),
    "folded lines": (b"HTTP/1.1 200 OK\r\n", b" x\r\n"),
    "lines that end with LF": (b"HTTP/1.1 200 OK\n", b"X\n"),
}


@pytest.mark.parametrize(("start", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_an_endless_head_is_aborted(start: bytes, piece: bytes) -> None:
    framer, came = ResponseFramer(), iter((start, *[piece * 1000] * 1000))
    with pytest.raises(MalformedResponseError, match="larger than 256 KiB"):
        all(framer.feed(data) == b"" for data in came)


def test_an_endless_chunk_extension_is_refused() -> None:
    body = b"1;" + b"a" * 2**14
    with pytest.raises(MalformedResponseError, match="the size of a chunk is not a number"):
        ResponseFramer().feed(response(b"Transfer-Encoding: chunked\r\n", body=body))


SHAPES = {
    "header lines": lambda n: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (n // 6),
    "blanks in the status line": lambda n: b"HTTP/1.1 200" + b" " * n,
    "blanks in a value": lambda n: b"HTTP/1.1 200 OK\r\nX:" + b" " * n + b"\r\n",
    "a list of lengths": lambda n: b"HTTP/1.1 200 OK\r\nContent-Length: " + b"5," * (n // 2),
    "small chunks": lambda n: response(
        b"Transfer-Encoding: chunked\r\n", body=b"1\r\nx\r\n" * (n // 6)
    ),
    "small members of gzip": lambda n: packed(gzip.compress(b"x") * (n // 20)),
    "trailers": lambda n: response(
        b"Transfer-Encoding: chunked\r\n", body=b"0\r\n" + b"a:b\r\n" * (n // 5)
    ),
    "a chunk extension": lambda n: response(
        b"Transfer-Encoding: chunked\r\n", body=b"1;" + b"a" * n
    ),
}


@pytest.mark.untraced
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("piece", [1, 10**9], ids=["byte by byte", "at once"])
def test_processor_time_grows_linearly(shape: object, piece: int) -> None:
    def cost(size: int) -> float:
        data = shape(size)  # type: ignore[operator]
        best = float("inf")
        for _ in range(3):
            framer, began, body = ResponseFramer(), process_time(), bytearray()
            with suppress(MalformedResponseError):
                for start in range(0, len(data), piece):
                    if not framer.is_complete:
                        body += framer.feed(data[start : start + piece])
                body = body.partition(b"\r\n\r\n")[2]
                list(ContentDecoder(framer.codings).feed(bytes(body)))
            best = min(best, process_time() - began)
        return best

    small, large = (4_000, 32_000) if piece == 1 else (100_000, 800_000)
    assert cost(large) < 30 * cost(small) + 0.005
