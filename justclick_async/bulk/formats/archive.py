"""Files that are ZIP archives of XML parts, read as a stream.

Memory holds one element of a part; whatever a file pretends to be, it never holds much more.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import BadZipFile, ZipFile, ZipInfo

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.sheets import damaged_file_error, password_error, size_error
from justclick_async.messages import _

__all__ = ["Archive", "translate_damage"]

_PIECE = 2**14
_LARGEST_ELEMENT, _MOST_INSIDE = 2**24, 2**19
"""Bytes and tags of which one element may consist."""

_UNPACKED, _RATIO = 2**24, 200
"""Beyond so many bytes no honest sheet is packed to less than a two-hundredth."""


@contextmanager
def translate_damage(path: Path) -> Generator[None, None, None]:
    """Translate errors of reading an archive, and malformed numbers, into ``FileProblem``."""
    try:
        yield
    except (
        *(BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error),
        *(ExpatError, ValueError, KeyError),
    ):
        raise damaged_file_error(path) from None


class Archive:
    """The parts of a file that is a ZIP archive; no part is unpacked as a whole.

    Raises:
        FileProblem: It is damaged, or has a password.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with translate_damage(path):
            self._file = ZipFile(path)
        self._parts = {_plain(info.filename): info for info in self._file.infolist()}

    def __contains__(self, part: str) -> bool:
        return _plain(part) in self._parts

    def pieces(self, part: str) -> Iterator[bytes]:
        """Unpack a part piece by piece.

        Raises:
            FileProblem: It is damaged, has a password, or unpacks to far too much.
        """
        with translate_damage(self.path):
            info = self._parts[_plain(part)]
            if info.flag_bits & 1:
                raise password_error(self.path)
            unpacked = 0
            with self._file.open(info) as stream:
                while piece := stream.read(_PIECE):
                    unpacked += len(piece)
                    self._refuse_bomb(info, unpacked)
                    yield piece

    def _refuse_bomb(self, info: ZipInfo, unpacked: int) -> None:
        if unpacked > _UNPACKED and unpacked > _RATIO * info.compress_size:
            raise FileProblem(
                _(
                    "{path} unpacks to more than {ratio} times its size.",
                    path=self.path,
                    ratio=_RATIO,
                ),
                _("Save it as CSV (UTF-8)."),
            )

    def elements(self, part: str, *names: str, opened: Collection[str] = ()) -> Iterator[Element]:
        """Parse an XML part, and yield each element of some names, without prefixes.

        Args:
            part: The part.
            names: The elements to yield when they end, with all that is inside.
            opened: The elements to yield when they begin, without what is inside.

        Raises:
            FileProblem: It is not XML, defines entities, or has an element that is too large.
        """
        reader = _ElementReader(names, opened)
        fed = begin = inside = 0
        with translate_damage(self.path):
            for piece in chain(self.pieces(part), (b"",)):
                reader.parser.Parse(piece, not piece)
                fed += len(piece)
                before, begin = begin, reader.begin
                inside = inside + piece.count(b"<") if begin == before else 0
                if fed - begin > _LARGEST_ELEMENT or inside > _MOST_INSIDE:
                    raise size_error(self.path)
                yield from reader.found
                reader.found.clear()


class _ElementReader:
    """A parser that builds only the elements that are wanted.

    Attributes:
        found: The elements that are complete.
    """

    def __init__(self, names: Collection[str], opened: Collection[str]) -> None:
        self.found: list[Element] = []
        self._names = names
        self._opened = opened
        self._name = ""  # of the element that is being built
        self._begin = 0
        self._builder = TreeBuilder()
        self.parser = ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start

    @property
    def begin(self) -> int:
        """The byte at which the element or the token that is not complete begins."""
        return self._begin if self._name else self.parser.CurrentByteIndex

    def _start(self, name: str, given: dict[str, str]) -> None:
        bare = name.rpartition(":")[2]
        if bare in self._opened:
            self.found.append(Element(bare, _without_prefixes(given)))
        if bare in self._names:
            self._name, self._begin = name, self.parser.CurrentByteIndex
            self._builder = builder = TreeBuilder()
            builder.start(bare, _without_prefixes(given))
            # No function of ours between parser and builder where names have no prefixes.
            self.parser.StartElementHandler = builder.start if name == bare else self._start_inside
            self.parser.CharacterDataHandler = builder.data
            self.parser.EndElementHandler = self._end

    def _start_inside(self, name: str, given: dict[str, str]) -> None:
        self._builder.start(name.rpartition(":")[2], _without_prefixes(given))

    def _end(self, name: str) -> None:
        element = self._builder.end(name)
        if name == self._name:
            self.found.append(element)
            self._name = ""
            self.parser.StartElementHandler = self._start
            self.parser.CharacterDataHandler = self.parser.EndElementHandler = None

    def _refuse(self, *_: object) -> None:
        raise ValueError("entities are defined")


def _without_prefixes(given: dict[str, str]) -> dict[str, str]:
    """Return attributes by their names without prefixes as well."""
    return {name.rpartition(":")[2]: text for name, text in given.items()} | given


def _plain(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").casefold()
