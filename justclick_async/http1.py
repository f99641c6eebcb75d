"""Framing and normalisation of HTTP/1.1 responses as servers and proxies really send them; pure.

requests and httpx accept responses that some parsers of aiohttp reject, and a rejected response to
a write leaves its outcome unknown.  So each response is cut out of the data of the connection and
normalised before aiohttp parses it.  Contradictory lengths stay rejected.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Generator, Iterator, Sequence

from multidict import CIMultiDict

from justclick_async.messages import Message, _

__all__ = ["ContentDecoder", "MalformedResponseError", "ResponseFramer"]

MAX_HEAD_SIZE = 2**18
"""In bytes: status line and header fields, including interim responses."""

MAX_CODINGS = 5
"""Content codings; each may expand a byte to a thousand."""

_FIELDS = (
    rb"(?:(?!(?i:content-length|content-encoding|transfer-encoding):)"
    rb"[A-Za-z0-9-]{1,60}: [!-~][ -~]{0,999}\r\n){0,49}"
)
_SIMPLE_RESPONSE = re.compile(
    rb"HTTP/1\.1 (?:200|[45]\d\d) [ -~]{0,99}\r\n"
    + _FIELDS
    + rb"(?i:content-length): (0|[1-9]\d{0,14})\r\n"
    + _FIELDS
    + rb"\r\n"
)
_STATUS_LINE = re.compile(rb"HTTP/(\d(?:\.\d)?)[ \t]+(\d{3})(?:[ \t]+(.*))?", re.DOTALL)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_REST_OF_CHUNKS = re.compile(rb"(?:[^\r\n:]+:[^\r\n]*\r?\n)*\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class MalformedResponseError(ValueError):
    """The data are not valid HTTP; the message contains none of them."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


class ResponseFramer:
    """Cuts one response out of the bytes of a connection.

    Attributes:
        is_complete: True when all of it has arrived.
        is_reusable: True if the connection can be reused; false after surplus data.
        headers: Its header fields; ``None`` if all of them were passed on.
        codings: Remaining content codings of the body, in the order of application.
    """

    is_complete: bool = False
    is_reusable: bool = True
    headers: CIMultiDict[str] | None = None
    codings: Sequence[str] = ()

    _buffer: bytearray
    _scanned = 0  # bytes of the buffer already searched for the end of the head
    _interim = 0  # bytes of interim responses
    _head_came = False
    _chunked = False
    _left: int | None = None  # bytes of the body, or of the chunk, still to come

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take data of the socket; return the normalised data.

        Raises:
            MalformedResponseError: The data are not an HTTP/1 response.
        """
        if not self._head_came and not self._buffer and self._is_simple_response(data):
            self.is_complete = True
            return data
        self._buffer += data
        pieces: list[bytes] = []
        if not self._head_came and not self._read_head(pieces):
            return b""
        if self._chunked:
            while not self.is_complete and self._read_chunk(pieces):
                pass
        else:
            self._read_body(pieces)
        if self.is_complete and self._buffer:
            self.is_reusable = False
        return b"".join(pieces)

    def _is_simple_response(self, data: bytes) -> bool:
        """Return True for one complete response that needs no normalisation, as most are."""
        head = _SIMPLE_RESPONSE.match(data)
        return head is not None and head.end() + int(head[1]) == len(data)

    # ── The head ────────────────────────────────────────────────────────────────────

    def _read_head(self, pieces: list[bytes]) -> bool:
        while (head := self._next_head()) is not None:
            first, *lines = head.replace(b"\r\n", b"\n").split(b"\n")
            found = _STATUS_LINE.fullmatch(first)
            if found is None:
                raise MalformedResponseError(_("its status line is malformed"))
            status = int(found[2])
            if status == 101:
                raise MalformedResponseError(_("it switches protocols"))
            if status >= 200:
                version = found[1] if found[1] == b"1.0" else b"1.1"
                self._begin(b"HTTP/%s %d" % (version, status), found[3] or b"", lines, pieces)
                return True
            self._interim += len(head)
        return False

    def _next_head(self) -> bytes | None:
        """Remove the next head from the buffer; ``None`` if it is incomplete."""
        buffer = self._buffer
        if not self._scanned:
            blank = len(buffer) - len(buffer.lstrip(b"\r\n"))  # some servers send blank lines
            self._interim += blank
            del buffer[:blank]
        if not b"HTTP/".startswith(buffer[:5]):
            raise MalformedResponseError(_("it does not begin with HTTP/"))
        end = _BLANK_LINE.search(buffer, max(0, self._scanned - 3))
        if self._interim + (end.start() if end else len(buffer)) > MAX_HEAD_SIZE:
            raise MalformedResponseError(
                _("its head is larger than {size} KiB", size=MAX_HEAD_SIZE // 1024)
            )
        if end is None:
            self._scanned = len(buffer)
            return None
        head = bytes(buffer[: end.start()])
        del buffer[: end.end()]
        self._scanned = 0
        return head

    def _begin(
        self, status_line: bytes, reason: bytes, lines: list[bytes], pieces: list[bytes]
    ) -> None:
        """Determine the framing of the body, and pass the head on with that framing only."""
        fields = _parse_fields(lines)
        self.headers = CIMultiDict(
            (name.decode("ascii"), value.decode("utf-8", "surrogateescape"))
            for name, value in fields
        )
        self._head_came = True
        framing = self._framing(int(status_line[-3:]))
        codings = _list_items(self.headers, "content-encoding")
        if len(codings) > MAX_CODINGS:
            raise MalformedResponseError(
                _("it is compressed more than {limit} times", limit=MAX_CODINGS)
            )
        if set(codings) <= ContentDecoder.KNOWN:
            self.codings = codings
            self.headers.popall("content-encoding", None)
        left_out = {b"content-length", b"transfer-encoding", b"keep-alive", b"trailer", b"upgrade"}
        if self.codings:
            left_out.add(b"content-encoding")
        handed_on = [
            b"%s: %s\r\n" % (name, _CONTROLS.sub(b" ", value))
            for name, value in fields
            if name.lower() not in left_out and len(value) < 4000
        ]
        reason = _CONTROLS.sub(b" ", reason[:200])
        pieces.append(
            b"%s %s\r\n%s%s\r\n" % (status_line, reason, b"".join(handed_on[:90]), framing)
        )

    def _framing(self, status: int) -> bytes:
        assert self.headers is not None  # noqa: S101
        lengths = set(_list_items(self.headers, "content-length"))
        codings = _list_items(self.headers, "transfer-encoding")
        if status in (204, 304):
            self._left = 0
            return b""
        if set(codings) == {"chunked"}:  # stated twice, it is applied once
            self._chunked = True
            if lengths or len(codings) > 1:
                self.is_reusable = False  # contradictory framing
            return b"Transfer-Encoding: chunked\r\n"
        if codings:
            raise MalformedResponseError(_("its Transfer-Encoding is not supported"))
        if not lengths:
            self.is_reusable = False
            return b"Connection: close\r\n"
        if len(lengths) > 1:
            raise MalformedResponseError(_("it has several Content-Length values"))
        (length,) = lengths
        if not (length.isascii() and length.isdecimal() and len(length) < 16):
            raise MalformedResponseError(_("its Content-Length is not a number"))
        self._left = int(length)
        return b"Content-Length: %d\r\n" % self._left

    # ── The body ────────────────────────────────────────────────────────────────────

    def _read_body(self, pieces: list[bytes]) -> None:
        """Pass on a body of a known length, or everything until the end of the connection."""
        if self._left is None:
            pieces.append(self._take(len(self._buffer)))
            return
        pieces.append(self._take(self._left))
        self._left -= len(pieces[-1])
        self.is_complete = self._left == 0

    def _read_chunk(self, pieces: list[bytes]) -> bool:
        """Hand on a piece of a chunk; return False if nothing more can be read yet."""
        if self._left is None:
            return self._read_chunk_size(pieces)
        if self._left:
            piece = self._take(self._left)
            self._left -= len(piece)
            if piece:
                pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
            return bool(piece)
        end = bytes(self._buffer[:2])
        if end[:1] != b"\n" and end != b"\r\n":
            if b"\r\n".startswith(end):
                return False
            raise MalformedResponseError(_("a chunk is longer than its size"))
        del self._buffer[: end.index(b"\n") + 1]
        self._left = None
        return True

    def _read_chunk_size(self, pieces: list[bytes]) -> bool:
        end = self._buffer.find(b"\n", 0, 2**14)
        if end < 0:
            if len(self._buffer) >= 2**14:
                raise MalformedResponseError(_("the size of a chunk is not a number"))
            return False
        size = _CHUNK_SIZE.fullmatch(self._take(end + 1).rstrip(b"\r\n"))
        if size is None:
            raise MalformedResponseError(_("the size of a chunk is not a number"))
        self._left = int(size[1], 16)
        if self._left == 0:
            # That is all of the body.  Trailers say nothing; if they have not come completely, or
            # more has, the connection is not used again.
            self.is_complete = True
            rest = _REST_OF_CHUNKS.match(self._buffer) if len(self._buffer) < 2**14 else None
            self.is_reusable &= rest is not None and rest.end() == len(self._buffer)
            self._buffer.clear()
            pieces.append(b"0\r\n\r\n")
        return True

    def _take(self, most: int) -> bytes:
        piece = bytes(self._buffer[:most])
        del self._buffer[:most]
        return piece


def _parse_fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Return names and values; invalid lines are dropped, folded ones are joined."""
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if fields:
                fields[-1] = fields[-1][0], fields[-1][1] + b" " + line.strip()
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        if colon and _NAME.fullmatch(name):
            fields.append((name, value.strip(b" \t\r")))
    return fields


def _list_items(headers: CIMultiDict[str], name: str) -> list[str]:
    """Return the items of all fields of a name, in lower case, without ``identity``."""
    items = (
        item.strip().lower() for value in headers.getall(name, ()) for item in value.split(",")
    )
    return [item for item in items if item not in ("", "identity")]


class ContentDecoder:
    """Decompresses a body incrementally.

    Like requests and httpx: data after the compressed data are ignored; several gzip members are
    one body; ``deflate`` may lack the zlib header.
    """

    KNOWN = frozenset({"gzip", "x-gzip", "deflate"})
    PIECE = 2**18

    def __init__(self, codings: Sequence[str]) -> None:
        self._inflaters = [_Inflater(coding) for coding in reversed(codings)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress data; yield at most ``PIECE`` bytes at a time.

        Raises:
            MalformedResponseError: The data do not match their content coding.
        """
        pieces: Iterator[bytes] = iter((data,))
        for inflater in self._inflaters:
            pieces = inflater.feed(pieces)
        return pieces


class _Inflater:
    def __init__(self, coding: str) -> None:
        self._coding = coding.removeprefix("x-")
        self._start = b""  # too short to recognize the format
        self._object: zlib._Decompress | None = None  # pyright: ignore[reportPrivateUsage]
        self._members = 0
        self._is_over = False

    def feed(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            # In small slices: the end of a member copies the rest.
            for start in range(0, len(piece), 2**12):
                yield from self._feed_slice(piece[start : start + 2**12])

    def _feed_slice(self, data: bytes) -> Iterator[bytes]:
        data = self._start + data
        while data and not self._is_over:
            if self._object is None and not self._start_member(data):
                break
            try:
                data = yield from self._inflate(data)
            except zlib.error:
                if not self._members:
                    raise MalformedResponseError(
                        _("its {coding} data are corrupt", coding=self._coding)
                    ) from None
                self._is_over = True

    def _start_member(self, data: bytes) -> bool:
        """Choose the decompressor of the next member; return False if there is none yet."""
        self._start = data if len(data) < 2 else b""
        if self._start:
            return False
        if self._coding == "deflate":
            with_header = data[0] & 15 == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._object = zlib.decompressobj(15 if with_header else -15)
        elif data[:2] == b"\x1f\x8b":
            self._object = zlib.decompressobj(31)
        elif self._members:
            self._is_over = True
        else:
            raise MalformedResponseError(_("its Content-Encoding is gzip, but the data are not"))
        return self._object is not None

    def _inflate(self, data: bytes) -> Generator[bytes, None, bytes]:
        """Yield the decompressed data of the member; return the data after it."""
        member = self._object
        assert member is not None  # noqa: S101
        more = True
        while more and not member.eof:
            piece = member.decompress(data, ContentDecoder.PIECE)
            data = member.unconsumed_tail
            more = bool(data) or len(piece) == ContentDecoder.PIECE
            if piece:
                yield piece
        if member.eof:
            self._object = None
            self._members += 1
            self._is_over = self._coding == "deflate"
        return member.unused_data
