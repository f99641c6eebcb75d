# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Encodes and signs what is usual, in one pass; returns None for everything else.

What is usual: exact dicts, lists and tuples, up to 60 levels; keys that are all str or all int;
values that are str, bytes, int, bool or None.  The pure modules decide about the rest, so every
exception has one place.  No Python code runs while an array is read: nothing can change it.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_DecodeASCII, PyUnicode_GET_LENGTH
from cpython.unicode cimport PyUnicode_KIND, PyUnicode_READ
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp, memcpy, memset

try:
    from _md5 import md5  # OpenSSL's, behind hashlib, takes longer to find than to run
except ImportError:  # CPython may be built without
    from hashlib import md5

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)

VERSION = 1  # see core.py

cdef enum:
    DEEPEST = 60  # beyond that, the pure module looks for an array that contains itself
    LONGEST = 1 << 24  # characters of one text: twelve times as many bytes still fit into 32 bits
    MOST_VARIABLES = 999  # with the hash, as many as PHP reads
    LARGEST = 1 << 23  # bytes that PHP reads

cdef const char* HEX = b"0123456789ABCDEF"
cdef char[3][256] KEPT  # by encoding: what is written for a byte; 0 for an escape
for _byte in list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."):
    KEPT[1][_byte] = KEPT[2][_byte] = _byte
KEPT[1][c" "], KEPT[2][c"~"] = c"+", c"~"

cdef struct Buffer:
    char* text
    Py_ssize_t size
    Py_ssize_t capacity

cdef struct Job:
    Buffer query
    Buffer name  # of the array that is being written
    const char* kept
    Py_ssize_t variables
    bint plain  # so far, PHP reads all names as they are


# Functions that return int return 1, or 0 if the pure modules have to decide.

cdef inline int reserve(Buffer* to, Py_ssize_t more) except -1:
    cdef Py_ssize_t capacity = (to.size + more) * 2 + 1024
    if to.size + more > to.capacity:
        grown = <char*>PyMem_Realloc(to.text, capacity)
        if grown == NULL:
            raise MemoryError
        to.text, to.capacity = grown, capacity
    return 1

cdef inline int append(Buffer* to, const void* text, Py_ssize_t size) except -1:
    reserve(to, size)
    memcpy(to.text + to.size, text, size)
    to.size += size
    return 1

cdef inline char* put(char* to, uint8_t byte, const char* kept) noexcept:
    if kept[byte]:
        to[0] = kept[byte]
        return to + 1
    to[0], to[1], to[2] = c"%", HEX[byte >> 4], HEX[byte & 15]
    return to + 3

cdef int append_bytes(Buffer* to, const uint8_t* data, Py_ssize_t size, const char* kept) except -1:
    cdef Py_ssize_t i
    if size > LONGEST:
        return 0
    reserve(to, size * 3)
    cdef char* end = to.text + to.size
    for i in range(size):
        end = put(end, data[i], kept)
    to.size = end - to.text
    return 1

cdef int append_text(Buffer* to, str given, const char* kept) except -1:
    # Read where it lies: PyUnicode_AsUTF8 would keep a copy as long as the text lives.
    cdef Py_ssize_t i, size = PyUnicode_GET_LENGTH(given)
    cdef int kind = PyUnicode_KIND(given)
    cdef const void* data = PyUnicode_DATA(given)
    cdef uint32_t one  # Cython would shift a Py_UCS4 as a str
    if PyUnicode_IS_ASCII(given):
        return append_bytes(to, <const uint8_t*>data, size, kept)
    if size > LONGEST:
        return 0
    reserve(to, size * 12)
    cdef char* end = to.text + to.size
    for i in range(size):
        one = <uint32_t>PyUnicode_READ(kind, data, i)
        if one < 0x80:
            end = put(end, one, kept)
        elif 0xDC80 <= one <= 0xDCFF:  # stands for a byte (PEP 383)
            end = put(end, one - 0xDC00, kept)
        elif 0xD800 <= one <= 0xDFFF:
            return 0
        else:
            if one >= 0x10000:
                end = put(put(end, 0xF0 | one >> 18, kept), 0x80 | one >> 12 & 63, kept)
            elif one >= 0x800:
                end = put(end, 0xE0 | one >> 12, kept)
            end = put(end, (0x80 | one >> 6 & 63) if one >= 0x800 else 0xC0 | one >> 6, kept)
            end = put(end, 0x80 | one & 63, kept)
    to.size = end - to.text
    return 1

cdef int append_integer(Buffer* to, object given) except -1:
    cdef int overflow = 0
    cdef long long value = PyLong_AsLongLongAndOverflow(given, &overflow)
    return 0 if overflow else append_number(to, value)

cdef int append_number(Buffer* to, long long value) except -1:
    cdef char[24] digits
    cdef int at = 24
    cdef unsigned long long left = value
    if value < 0:
        left = 0 - left  # -value would overflow for the smallest number there is
    while at == 24 or left:
        at -= 1
        digits[at] = c"0" + <char>(left % 10)
        left //= 10
    if value < 0:
        at -= 1
        digits[at] = c"-"
    return append(to, &digits[at], 24 - at)

cdef int append_scalar(Buffer* to, object value, const char* kept) except -1:
    if isinstance(value, str):
        return append_text(to, <str>value, kept)
    if value is True or value is False:
        return append(to, b"1" if value is True else b"0", 1)
    if isinstance(value, int):
        return append_integer(to, value)
    if isinstance(value, bytes):
        return append_bytes(
            to, <const uint8_t*>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), kept
        )
    return 0

cdef bint is_plain(const char* key, Py_ssize_t size, bint inside) noexcept:
    """Say whether PHP surely reads an escaped key as it is, and it is not the signature's name."""
    cdef Py_ssize_t i
    if size == 0 or size > 1 and key[0] == c"_" and key[1] == c"_":  # PHP reserves __Host-
        return False
    for i in range(size):
        if key[i] == c"%" or key[i] == c"+" or key[i] == c".":
            return False
    return inside or size != 4 or memcmp(key, b"hash", 4) != 0

cdef int append_element(Job* job, object key, Py_ssize_t index, object value, int depth) except -1:
    """Write what is under a key, or under an index where *key* is None."""
    cdef Py_ssize_t start, mark = job.name.size
    cdef int done
    if depth:
        append(&job.name, b"%5B", 3)
    start = job.name.size
    if key is None:
        done = append_number(&job.name, index)
    elif type(key) is str:
        done = append_text(&job.name, key, job.kept)
    else:
        done = append_integer(&job.name, key)
    if not done:
        return 0
    job.plain = job.plain and is_plain(job.name.text + start, job.name.size - start, depth > 0)
    if depth:
        append(&job.name, b"%5D", 3)
    if is_array(value):
        done = append_array(job, value, depth + 1)
    elif value is not None:
        if job.variables:
            append(&job.query, b"&", 1)
        job.variables += 1
        append(&job.query, job.name.text, job.name.size)
        append(&job.query, b"=", 1)
        done = append_scalar(&job.query, value, job.kept)
    job.name.size = mark
    return done

cdef inline bint is_array(object data) noexcept:
    return type(data) is dict or type(data) is list or type(data) is tuple

cdef int append_array(Job* job, object data, int depth) except -1:
    cdef Py_ssize_t index
    cdef type kind = None
    if depth > DEEPEST:
        return 0
    if type(data) is list:
        for index in range(len(<list>data)):
            if not append_element(job, None, index, (<list>data)[index], depth):
                return 0
        return 1
    if type(data) is tuple:
        for index in range(len(<tuple>data)):
            if not append_element(job, None, index, (<tuple>data)[index], depth):
                return 0
        return 1
    for key, value in (<dict>data).items():
        kind = type(key) if kind is None else kind
        if type(key) is not kind or (kind is not str and kind is not int):  # 1 beside "1"
            return 0
        if not append_element(job, key, 0, value, depth):
            return 0
    return 1

cdef int encode(Job* job, object data, object encoding, bint canonical) except -1:
    """Write the query; if *canonical*, only one that PHP surely encodes to the same again."""
    memset(job, 0, sizeof(Job))
    if not is_array(data) or type(encoding) is not int or (encoding != 1 and encoding != 2):
        return 0
    job.kept, job.plain = KEPT[<int>encoding], True
    reserve(&job.query, 1024)
    reserve(&job.name, 64)
    if not append_array(job, data, 0):
        return 0
    return not canonical or (
        job.plain and job.variables <= MOST_VARIABLES and job.query.size <= LARGEST
    )

cdef int append_ascii(Buffer* to, object given) except -1:
    if type(given) is not str or not PyUnicode_IS_ASCII(given):
        return 0
    return append(to, PyUnicode_DATA(given), PyUnicode_GET_LENGTH(given))

cdef void release(Job* job) noexcept:
    PyMem_Free(job.query.text)
    PyMem_Free(job.name.text)

def build_query(data, encoding=1, bint canonical=False):
    """Return the query, or None."""
    cdef Job job
    try:
        if not encode(&job, data, encoding, canonical):
            return None
        return PyUnicode_DecodeASCII(job.query.text, job.query.size, NULL)
    finally:
        release(&job)

def build_signed(data, login, api_key, bint canonical=False):
    """Return the query with the hash of a request behind it, or None."""
    cdef Job job
    cdef Py_ssize_t size
    try:
        if not encode(&job, data, 1, canonical):
            return None
        size = job.query.size
        for part in (login, api_key):
            append(&job.query, b"::", 2)
            if not append_ascii(&job.query, part):
                return None
        digest = md5(job.query.text[: job.query.size], usedforsecurity=False).hexdigest()
        job.query.size = size
        append(&job.query, b"&hash=" if size else b"hash=", 6 if size else 5)
        append_ascii(&job.query, digest)
        return PyBytes_FromStringAndSize(job.query.text, job.query.size)
    finally:
        release(&job)
