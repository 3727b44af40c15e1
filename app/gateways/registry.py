"""The vendors, as data. A new one is a file beside this and a line here."""

from app.gateways import bodytrace, ihealth, impilo, mioconnect, smart_meter, telli, tenovi, validic, withings
from app.gateways.messages import FetchOrder, Headers, Message, Options, Unreadable
from app.gateways.vendor import Vendor

ALL: tuple[Vendor, ...] = (
    mioconnect.VENDOR,
    tenovi.VENDOR,
    smart_meter.VENDOR,
    bodytrace.VENDOR,
    withings.VENDOR,
    validic.VENDOR,
    telli.VENDOR,
    ihealth.VENDOR,
    impilo.VENDOR,
)
VENDORS: dict[str, Vendor] = {vendor.id: vendor for vendor in ALL}


def parse(vendor_id: str, raw: bytes, content_type: str, headers: Headers, options: Options) -> tuple[Message, ...]:
    """Return what a vendor's message says. Pure: the same bytes and options, the same messages. Raises Unreadable."""
    return VENDORS[vendor_id].parse(raw, content_type, headers, options)


def parse_fetched(vendor_id: str, raw: bytes, order: FetchOrder, options: Options) -> tuple[Message, ...]:
    """Return what a vendor answered to a fetch order. Raises Unreadable."""
    reader = VENDORS[vendor_id].parse_fetched
    if reader is None:
        raise Unreadable("Nothing is fetched from this vendor.")
    return reader(raw, order, options)
