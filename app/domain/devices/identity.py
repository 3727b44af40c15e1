"""By what a device is known: its serial number, its IMEI, its number at the vendor's.

A gateway's number is none of these: it changes when the hub is replaced, and one hub serves several devices.
"""

from functools import lru_cache

IMEI_DIGITS = 15


def is_imei(text: str) -> bool:
    """Say whether the text is an IMEI: 15 digits of which the last is the check digit (Luhn; 3GPP TS 23.003)."""
    if not (len(text) == IMEI_DIGITS and text.isascii() and text.isdecimal()):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(text))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


@lru_cache(maxsize=4096)
def identifier_key(text: str) -> str:
    """Return the form in which identifiers are compared: without spaces, in lower case."""
    return "".join(text.split()).casefold()


def identifier_keys(serial: str | None, imei: str | None, vendor_device_id: str | None) -> frozenset[str]:
    """Return every key under which messages may name the device.

    Some vendors send the IMEI without its leading zeros and its check digit: that form counts as well.
    """
    keys = {identifier_key(text) for text in (serial, imei, vendor_device_id) if text}
    keys.add(imei[:-1].lstrip("0") if imei else "")
    return frozenset(keys - {""})
