"""The usual mistakes that make a hash wrong: what was hashed, and what to do instead.

The texts claim only what is proven: what was hashed and what was sent.  Which of the two is right,
and why a program did that, is not; where it matters, the hint says how to decide.  A hint that is
followed literally leads to a right hash over the right data.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from justclick_async.messages import Message, _

__all__ = ["CAUSES", "Cause"]


@frozen
class Cause:
    """A mistake; ``{about}`` in its texts stands for a name.

    Attributes:
        name: A name for programs.
        why: What was hashed: a sentence without capital letter and full stop.
        hint: What to do.
    """

    name: str
    why: Message
    hint: Message


# ── Hints that several causes share ─────────────────────────────────────────────────

_ENCODE = _(
    "Encode as PHP's http_build_query does: a space is +, and all but Latin letters, digits, - _ ."
    " is %XX in capitals."
)
_JOIN = _("Hash the encoded parameters, the login and the key, joined by :: and nothing else.")
_DIGEST = _("Send md5(parameters::login::key) as 32 hexadecimal digits in lower case.")
_STRIP_KEY = _(
    "Strip what surrounds the key where you read it, and compare it with the one in the account"
    " character by character."
)
_COPY_KEY = _(
    "Copy the key from the account to where your program reads it, and hash the key itself."
)
_HASH_AS_SENT = _(
    "Hash the values exactly as they are sent: convert them to text once, before signing."
)
_SEND_AS_HASHED = _(
    "Send the values exactly as they were hashed: convert them to text once, before signing."
)
_WORDS = _(
    "In the hash and in the request, write true as 1 and false as 0, and leave out parameters"
    " without a value."
)
_SAME_ORDER = _("Do not sort: hash the parameters in the order in which they are sent.")
_HASH_ALL = _(
    'Hash all that is sent, "0" and empty values too: add parameters before signing and drop none'
    ' (array_filter drops "0").'
)
_GROUP = _("Keep the fields of an array together, in the hash and in the request.")
_LOGIN = _("Hash the login exactly as in the account, even if you use a domain of your own.")
_GARBLED = _(
    "Look at the text in the request. If it is garbled (\u0420\u0452, \u00d0), send what was hashed"
    " and do not convert text that is UTF-8 already. If it is readable, hash it in UTF-8."
)
_ENCODE_ONCE = _("Encode once: build one string with http_build_query, hash it and send it.")
_SEND_HASHED_BODY = _(
    "Send the very body that was hashed: the HTTP library must not encode it again."
)
_INDEX = _("Number the items in the hash and in the request: rid[0]=..., rid[1]=...")
_LATIN_DIGITS = _("In the hash and in the request, write numbers alike, such as 1500.50.")
_CLEAN_TEXT = _(
    "Clean the text once, before signing, and hash and send the result: replace special spaces and"
    " remove invisible characters."
)
_NORMALIZE = _("Normalize the text to NFC once, before signing, and hash and send the result.")

_CAUSES: Mapping[str, tuple[Message, Message]] = {
    # ── What was hashed ─────────────────────────────────────────────────────────────
    "sorted": (_("the parameters were hashed sorted by name"), _SAME_ORDER),
    "interleaved": (
        _(
            "the keys were hashed in the order in which they were sent, but PHP groups them: all of"
            " goods[0], then all of goods[1]"
        ),
        _GROUP,
    ),
    "bent_name": (
        _("the name {about} was hashed, in which PHP replaces dots and spaces by _"),
        _("Use _ in the name, in the hash and in the request."),
    ),
    "without_index": (_("{about} was hashed without an index, where PHP writes [0]"), _INDEX),
    "from_one": (
        _("the items of {about} were hashed with indexes from 1, but sent from 0"),
        _INDEX,
    ),
    "sent_from_one": (
        _("the items of {about} were hashed with indexes from 0, but sent from 1"),
        _INDEX,
    ),
    "repeated_name": (_("the items of {about} were hashed without brackets"), _INDEX),
    "sent_repeated_name": (
        _("{about} was sent several times without brackets, and PHP keeps the last one"),
        _INDEX,
    ),
    "dotted_name": (
        _("the keys of {about} were hashed with dots instead of brackets"),
        _("Write the keys in brackets, in the hash and in the request: goods[0][good_name]."),
    ),
    "array_as_text": (_("{about} was hashed as text (JSON or a list), not item by item"), _INDEX),
    "sent_array_as_text": (
        _("{about} was hashed item by item, but sent as text (JSON or a list)"),
        _INDEX,
    ),
    "twice": (
        _("{about} was hashed as often as it was sent, but PHP keeps the last one"),
        _("Send each parameter once; number the items of a list: rid[0], rid[1]."),
    ),
    "as_sent": (
        _("names and values were hashed as they were sent, but PHP reads them differently"),
        _(
            "PHP hashes what it has read: choose names that it reads unchanged, and hash and send"
            " those."
        ),
    ),
    "raw_body": (
        _("the body was hashed as it was sent, but PHP encodes it differently"),
        _("Send what you hash, encoded as PHP's http_build_query does it."),
    ),
    "nothing": (
        _("no parameters were hashed at all"),
        _("Hash all parameters except hash itself."),
    ),
    "left_out": (_("{about} was sent, but not hashed"), _HASH_ALL),
    "filtered": (_("parameters that are empty or 0 were not hashed ({about})"), _HASH_ALL),
    "empty_hash": (
        _("an empty hash was hashed along with the parameters"),
        _("Hash all parameters except hash itself."),
    ),
    "empty_left_out": (_("empty parameters were not hashed"), _HASH_ALL),
    "python_words": (_("True, False or None were hashed as Python writes them"), _WORDS),
    "json_words": (_("true, false or null were hashed as JSON writes them"), _WORDS),
    "script_words": (_("undefined or NaN was hashed where a value is missing"), _WORDS),
    "php_words": (_("1 and 0 were hashed, but true, false, True or False were sent"), _WORDS),
    "none_sent": (
        _("None, null or undefined was sent as text, but not hashed"),
        _(
            "Leave parameters without a value out of the request. If the word itself is meant, hash"
            " it, too."
        ),
    ),
    "empty_kept": (
        _("None and empty arrays were hashed as empty values, but PHP leaves them out"),
        _("Leave None and empty arrays out of the hash, as they are left out of the request."),
    ),
    "whole_numbers": (
        _("numbers were hashed without a fraction, but sent with one (1500.0)"),
        _SEND_AS_HASHED,
    ),
    "floats": (
        _("numbers were hashed with a fraction (1500.0), but sent without"),
        _HASH_AS_SENT,
    ),
    "cents": (
        _("amounts were hashed with two decimals (1500.00), but sent differently"),
        _HASH_AS_SENT,
    ),
    "short_cents": (
        _("amounts were hashed without trailing zeros (1500.5), but sent with them"),
        _HASH_AS_SENT,
    ),
    "float_digits": (
        _("numbers were hashed with the digits of a float (0.30000000000000004)"),
        _("Calculate with decimals, or round before signing; hash and send the same text."),
    ),
    "sent_float_digits": (
        _("numbers were sent with the digits of a float (0.30000000000000004), but hashed rounded"),
        _SEND_AS_HASHED,
    ),
    "exponent": (_("numbers were hashed with an exponent (1e+16)"), _HASH_AS_SENT),
    "sent_exponent": (
        _("numbers were sent with an exponent (1e+16), but hashed without"),
        _SEND_AS_HASHED,
    ),
    "number_format": (
        _("numbers were hashed as people write them (1 500,00), but sent differently"),
        _LATIN_DIGITS,
    ),
    "sent_number_format": (
        _("numbers were sent as people write them (1 500,00), but hashed differently"),
        _LATIN_DIGITS,
    ),
    "stripped": (
        _("values were hashed without the spaces around them, but sent with them"),
        _HASH_AS_SENT,
    ),
    "collapsed": (
        _("values were hashed with single spaces, but sent with several in a row"),
        _HASH_AS_SENT,
    ),
    "padded": (_("values were hashed with a space or line break that was not sent"), _HASH_AS_SENT),
    "letter_case": (_("values were hashed in other letter case than sent"), _HASH_AS_SENT),
    "line_feeds": (_("line breaks were hashed as \\n, but sent as \\r\\n"), _HASH_AS_SENT),
    "carriage_returns": (_("line breaks were hashed as \\r\\n, but sent as \\n"), _HASH_AS_SENT),
    "plain_blanks": (
        _("plain spaces were hashed, but special spaces (such as U+00A0) were sent"),
        _CLEAN_TEXT,
    ),
    "special_blanks": (
        _("special spaces (such as U+00A0) were hashed, but plain spaces were sent"),
        _CLEAN_TEXT,
    ),
    "invisible": (
        _("an invisible character (such as U+200B) was hashed, but not sent"),
        _CLEAN_TEXT,
    ),
    "sent_invisible": (
        _("invisible characters (such as U+200B) were sent, but not hashed"),
        _CLEAN_TEXT,
    ),
    "decomposed": (
        _("text was hashed decomposed (Unicode NFD), but sent composed (NFC)"),
        _NORMALIZE,
    ),
    "sent_decomposed": (
        _("text was hashed composed (Unicode NFC), but sent decomposed (NFD)"),
        _NORMALIZE,
    ),
    "entities": (
        _("values were hashed with HTML entities such as &quot;, but sent without"),
        _("Hash the values as they are sent, without HTML entities."),
    ),
    "no_entities": (
        _("values were hashed without the HTML entities that were sent"),
        _(
            "Send the values as they were hashed. If the entities themselves are meant, hash them,"
            " too."
        ),
    ),
    "slashes": (
        _("values were hashed with backslashes before quotation marks (O\\'Brien)"),
        _("Hash the values as they are sent, without addslashes or magic quotes."),
    ),
    "sent_slashes": (
        _("values were sent with backslashes before quotation marks (O\\'Brien)"),
        _("Send the values as they were hashed, without addslashes or magic quotes."),
    ),
    "bare_plus": (
        _("a + in a value was sent unencoded, and PHP reads it as a space"),
        _("Send + as %2B: build the body with the function that builds what is hashed."),
    ),
    "bare_ampersand": (
        _("a & in a value was sent unencoded, and ends the value for PHP"),
        _(
            "Send & within a value as %26: build the body with the function that builds what is"
            " hashed."
        ),
    ),
    "sent_with_amp": (
        _("parameters were sent joined by &amp;, but hashed joined by &"),
        _("Send &: in PHP, pass '&' as the third argument of http_build_query."),
    ),
    "sent_with_semicolon": (
        _("parameters were sent joined by ;, but hashed joined by &"),
        _("Send &: in PHP, pass '&' as the third argument of http_build_query."),
    ),
    "charset": (
        _("text was hashed in {about}, but sent in UTF-8"),
        _("Convert all text to UTF-8 before signing."),
    ),
    "sent_charset": (
        _("text was hashed in UTF-8, but sent in {about}"),
        _("Send text in UTF-8, as it was hashed."),
    ),
    "sent_garbled": (
        _(
            "other bytes were hashed than sent: those of the text in {about}, which are valid"
            " UTF-8, too"
        ),
        _GARBLED,
    ),
    "garbled": (
        _("the bytes that were sent were read as {about} and hashed as UTF-8 once more"),
        _GARBLED,
    ),
    "encoded_twice": (_("values were hashed encoded twice, but sent encoded once"), _ENCODE_ONCE),
    "sent_encoded_twice": (
        _("values were hashed encoded once, but sent encoded twice"),
        _SEND_HASHED_BODY,
    ),
    "values": (_("only the values were hashed, without names"), _ENCODE),
    "json": (_("the parameters were hashed as JSON"), _ENCODE),
    # ── How it was encoded ──────────────────────────────────────────────────────────
    "bare": (_("the character {about} was hashed unencoded"), _ENCODE),
    "blanks": (_("spaces were hashed as %20"), _ENCODE),
    "rfc3986": (_("spaces were hashed as %20 and ~ unencoded (RFC 3986)"), _ENCODE),
    "encode_uri_component": (
        _("the parameters were hashed as encodeURIComponent writes them"),
        _ENCODE,
    ),
    "encode_uri_component_plus": (
        _("the parameters were hashed as encodeURIComponent writes them, with + for spaces"),
        _ENCODE,
    ),
    "encode_uri": (_("the parameters were hashed as encodeURI writes them"), _ENCODE),
    "python_quote": (_("the parameters were hashed as Python's quote writes them"), _ENCODE),
    "lower_case": (_("%xx was hashed in lower case"), _ENCODE),
    "dotnet": (
        _(
            "the parameters were hashed as .NET's UrlEncode writes them: %xx in lower case,"
            " ! * ( ) unencoded"
        ),
        _ENCODE,
    ),
    "plain": (_("the parameters were hashed without any encoding"), _ENCODE),
    "bare_brackets": (_("names were hashed with unencoded brackets"), _ENCODE),
    "separator": (
        _("the parameters were hashed joined by {about} instead of &"),
        _(
            "Join by &: in PHP, arg_separator.output is set differently; pass '&' as the third"
            " argument of http_build_query."
        ),
    ),
    "unjoined": (_("the parameters were hashed without & between them"), _ENCODE),
    # ── How login and key were joined to it ─────────────────────────────────────────
    "no_login": (_("the login is missing from what was hashed"), _JOIN),
    "no_key": (_("the key is missing from what was hashed"), _JOIN),
    "key_first": (_("the key was hashed before the login"), _JOIN),
    "key_in_front": (_("the key was hashed before the parameters"), _JOIN),
    "login_in_front": (_("the login was hashed before the parameters"), _JOIN),
    "no_colons": (_("the parts were joined without ::"), _JOIN),
    "one_colon": (_("the parts were joined by : instead of ::"), _JOIN),
    "last_and": (_("a & after the parameters was hashed"), _JOIN),
    "question_mark": (_("a ? before the parameters was hashed"), _JOIN),
    "last_colons": (_(":: after the key was hashed"), _JOIN),
    "login": (_("another login was hashed: {about}"), _LOGIN),
    "empty_login": (_("an empty login was hashed"), _LOGIN),
    "key_as_login": (_("the key was hashed in place of the login"), _LOGIN),
    "blank_key": (_("the key was hashed with a space around it"), _STRIP_KEY),
    "newline_key": (_("the key was hashed with a line break after it"), _STRIP_KEY),
    "bom_key": (_("the key was hashed with a byte order mark before it"), _STRIP_KEY),
    "invisible_key": (
        _("the key was hashed with an invisible character or special space ({about}) in it"),
        _STRIP_KEY,
    ),
    "quoted_key": (_("the key was hashed with quotation marks around it"), _STRIP_KEY),
    "key_case": (_("the key was hashed in other letter case"), _STRIP_KEY),
    "short_key": (_("the key was hashed without its first or last character"), _STRIP_KEY),
    "hashed_key": (_("the MD5 of the key was hashed in place of the key"), _COPY_KEY),
    "empty_key": (_("an empty key was hashed"), _COPY_KEY),
    "login_as_key": (_("the login was hashed in place of the key"), _COPY_KEY),
    "sample_key": (_("sample text was hashed in place of the key"), _COPY_KEY),
    # ── How it was digested ─────────────────────────────────────────────────────────
    "digest": (_("{about} was used instead of MD5"), _DIGEST),
    "md5_twice": (_("the hash was hashed a second time"), _DIGEST),
    "hmac": (_("an HMAC with the key was computed instead of MD5"), _DIGEST),
    # ── The hash itself ─────────────────────────────────────────────────────────────
    "capitals": (
        _("the hash is right except for its capital letters"),
        _("Send it in lower case."),
    ),
    "surrounded": (
        _("the hash is right except for what surrounds it"),
        _("Send only the 32 digits: no spaces, line breaks or quotation marks."),
    ),
    "key_sent": (
        _("the key itself was sent in place of the hash"),
        _("Send the MD5, never the key; the key has been transmitted, so consider replacing it."),
    ),
    "no_md5": (
        _("the hash is not an MD5, which has 32 hexadecimal digits"),
        _("Send md5(...) as 32 hexadecimal digits in lower case."),
    ),
    "unfinished": (
        _("the search ended before all usual mistakes were tried"),
        _(
            "Compare what you hash with the canonical string, character by character, or sign a"
            " smaller request with the same program and have that explained."
        ),
    ),
    "unknown": (
        _(
            "none of the usual mistakes gives this hash: most likely login or key differ, or a"
            " parameter was changed after signing"
        ),
        _(
            "Compare login and key with the account, and what you hash with the canonical string,"
            " character by character."
        ),
    ),
}


CAUSES: Mapping[str, Cause] = {name: Cause(name, *texts) for name, texts in _CAUSES.items()}
"""Every mistake by its name."""
