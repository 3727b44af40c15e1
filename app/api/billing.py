"""The billing ledger (`/api/v1/billing/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.entries import EntryQuery, NewBillingEntry
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.billing import EntryQuerySchema, EntrySchema, NewEntrySchema
from app.services.billing.entries import create_entry, list_entries
from app.web.responses import etag, page_body
from app.web.security import actor, requires

billing = EndpointGroup("billing", __name__, description="The billing ledger")


@billing.route("/entries/")
class BillingEntries(MethodView):
    """Lines of the ledger."""

    @requires(Permission.READ_BILLING)
    @billing.arguments(EntryQuerySchema, location="query")
    @billing.response(200, page_of(EntrySchema))
    def get(self, query: EntryQuery) -> Any:
        """List billing entries."""
        return page_body(list_entries(actor(), query))

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(NewEntrySchema)
    @billing.response(201, EntrySchema)
    def post(self, new: NewBillingEntry) -> Any:
        """Enter a line by hand."""
        line = create_entry(actor(), new)
        return line, etag(line.entry.version)
