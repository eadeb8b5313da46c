"""The letters of a file: any usual encoding to UTF-8."""

from __future__ import annotations

import codecs
import re

from quant_model.data.reading.containers import SUPPORTED
from quant_model.errors import UserError

__all__ = ["to_utf8"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 4096
_BINARY_SHARE = 0.05
"""Of control characters among a file's first bytes, from which it is no text."""
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 26, 27})
_HIGH = re.compile(rb"[\x80-\xff]+")
_DOS_LETTER = re.compile(rb"(?<=[A-Za-z])[\x80-\x9f]|[\x80-\x9f](?=[a-z])|\xf8(?=[CFK\])])")
_LATIN_LETTER = re.compile(rb"(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[a-z])|[\xb0\xb5]")


def to_utf8(content: bytes, name: str) -> tuple[bytes, str]:
    r"""Bring text to UTF-8 with plain line ends.

    Bytes that are no UTF-8 are letters of one of the older encodings, which differ in letters alone: digits
    and separators are the same in all of them, so that a wrong guess spells a name wrong and nothing else.

    Returns:
        The text without a byte order mark, lines ending in ``\n``; and the encoding's name, empty for UTF-8.

    Raises:
        UserError: The bytes are no text.
    """
    text, encoding = _decoded(content, name)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text, encoding


def _decoded(content: bytes, name: str) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _recoded(content, encoding, name), "" if mark == codecs.BOM_UTF8 else encoding.upper()
    if (wide := _wide(content)) is not None:
        return _recoded(content, wide, name), wide.upper()
    _check_text(content, name)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        encoding = _older(content)
        return content.decode(encoding, errors="replace").encode(), encoding
    return content, ""


def _recoded(content: bytes, encoding: str, name: str) -> bytes:
    try:
        return content.decode(encoding).encode()
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        remedy = "save the file as CSV in UTF-8"
        raise UserError(f"{name} row {row}", f"not text in {encoding.upper()}", remedy) from error


def _wide(content: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of digits and separators is zero."""
    sample = content[:_SAMPLE]
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    for encoding, zeros in (("utf-16-le", sample[1::2].count(0)), ("utf-16-be", sample[0::2].count(0))):
        if zeros > 0.7 * pairs:
            return encoding
    return None


def _check_text(content: bytes, name: str) -> None:
    sample = content[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROL))
    if controls > max(1, _BINARY_SHARE * len(sample)):
        raise UserError(name, "not text", SUPPORTED)


def _older(content: bytes) -> str:
    """The likeliest of the encodings of before UTF-8."""
    runs = _HIGH.findall(content[: 1 << 20])
    long = sum(len(run) > 1 for run in runs)
    if 2 * long >= len(runs):
        # Two bytes a letter, or an alphabet that is not Latin.
        even = all(len(run) % 2 == 0 for run in runs)
        leads = [byte for run in runs for byte in run[::2]]
        usual = sum(0xB0 <= byte <= 0xD7 for byte in leads)
        # GB 2312 has its 3,755 commonest characters in these rows; Cyrillic small letters lie behind them.
        if even and 2 * usual > len(leads) and _reads(content, "gb18030", "[\u4e00-\u9fff]"):
            return "gb18030"
        if _reads(content, "cp932", "[\u3040-\u30ff\u4e00-\u9fff]"):
            return "cp932"
        if _reads(content, "cp1251", "[\u0410-\u044f]"):
            return "cp1251"
    dos, latin = (len(pattern.findall(content[: 1 << 20])) for pattern in (_DOS_LETTER, _LATIN_LETTER))
    return "cp850" if dos > latin else "cp1252"


def _reads(content: bytes, encoding: str, letters: str) -> bool:
    """Whether an encoding makes most letters beyond ASCII those of its language."""
    try:
        text = content[: 1 << 20].decode(encoding)
    except UnicodeDecodeError:
        return False
    foreign = re.findall(r"[^\x00-\x7f]", text)
    return len(re.findall(letters, text)) > 0.8 * len(foreign)
