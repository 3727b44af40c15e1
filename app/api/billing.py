"""The billing ledger (`/api/v1/billing/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.entries import EntryQuery, EntryStatus, ImpactQuery, NewBillingEntry
from app.domain.billing.runs import RunRequest
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.billing import EntryQuerySchema, EntrySchema, NewEntrySchema
from app.schemas.billing_lines import (
    EntryChangesSchema,
    EntryDetailSchema,
    ImpactQuerySchema,
    ImpactSchema,
    RunRequestSchema,
    RunResultSchema,
    StatusNoteSchema,
    StatusReasonSchema,
    SubmitSchema,
)
from app.services.billing.entries import create_entry, list_entries, update_entry
from app.services.billing.impacts import acknowledge_impact, list_impacts
from app.services.billing.life_cycle import EntryDetail, get_entry, move_entry, submit_entry
from app.services.billing.run import generate_entries
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

billing = EndpointGroup("billing", __name__, description="The billing ledger")


def _shown(detail: EntryDetail) -> tuple[EntryDetail, dict[str, str]]:
    return detail, etag(detail.entry.version)


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


@billing.route("/entries/<uuid:entry_id>/")
class OneBillingEntry(MethodView):
    """One line."""

    @requires(Permission.READ_BILLING)
    @billing.response(200, EntryDetailSchema)
    def get(self, entry_id: UUID) -> Any:
        """Return a line with its proof, history and conflicts."""
        return _shown(get_entry(actor(), entry_id))

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(EntryChangesSchema)
    @billing.response(200, EntrySchema)
    def patch(self, changes: dict[str, Any], entry_id: UUID) -> Any:
        """Change a pending line that was entered by hand, or the notes of any line."""
        line = update_entry(actor(), entry_id, changes, expected_version())
        return line, etag(line.entry.version)


@billing.route("/entries/<uuid:entry_id>/submit/")
class BillingEntrySubmission(MethodView):
    """Sending a line out."""

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(SubmitSchema, required=False)
    @billing.response(200, EntryDetailSchema)
    def post(self, body: dict[str, Any], entry_id: UUID) -> Any:
        """Mark a line as submitted; refused while it clashes with others, unless a reason overrides that."""
        return _shown(submit_entry(actor(), entry_id, body["override_reason"], expected_version()))


@billing.route("/entries/<uuid:entry_id>/mark-paid/")
class BillingEntryPayment(MethodView):
    """The payer paid."""

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(StatusNoteSchema, required=False)
    @billing.response(200, EntryDetailSchema)
    def post(self, body: dict[str, Any], entry_id: UUID) -> Any:
        """Mark a submitted or appealed line as paid."""
        return _shown(move_entry(actor(), entry_id, EntryStatus.PAID, body["note"], expected_version()))


@billing.route("/entries/<uuid:entry_id>/deny/")
class BillingEntryDenial(MethodView):
    """The payer refused."""

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(StatusReasonSchema)
    @billing.response(200, EntryDetailSchema)
    def post(self, body: dict[str, Any], entry_id: UUID) -> Any:
        """Mark a submitted or appealed line as denied."""
        return _shown(move_entry(actor(), entry_id, EntryStatus.DENIED, body["reason"], expected_version()))


@billing.route("/entries/<uuid:entry_id>/appeal/")
class BillingEntryAppeal(MethodView):
    """Objecting to a denial."""

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(StatusNoteSchema, required=False)
    @billing.response(200, EntryDetailSchema)
    def post(self, body: dict[str, Any], entry_id: UUID) -> Any:
        """Mark a denied line as appealed."""
        return _shown(move_entry(actor(), entry_id, EntryStatus.APPEALED, body["note"], expected_version()))


@billing.route("/entries/<uuid:entry_id>/void/")
class BillingEntryVoid(MethodView):
    """Taking a line back."""

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(StatusReasonSchema)
    @billing.response(200, EntryDetailSchema)
    def post(self, body: dict[str, Any], entry_id: UUID) -> Any:
        """Void a line; the engine does not bring it back."""
        return _shown(move_entry(actor(), entry_id, EntryStatus.VOID, body["reason"], expected_version()))


@billing.route("/generate/")
class BillingRuns(MethodView):
    """Engine runs."""

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(RunRequestSchema, required=False)
    @billing.response(200, RunResultSchema)
    def post(self, request: RunRequest) -> Any:
        """Judge what may be billed and bring the pending lines up to date; repeating it changes nothing."""
        return generate_entries(actor(), request)


@billing.route("/impacts/")
class BillingImpacts(MethodView):
    """What late facts did to lines that went out."""

    @requires(Permission.READ_BILLING)
    @billing.arguments(ImpactQuerySchema, location="query")
    @billing.response(200, page_of(ImpactSchema))
    def get(self, query: ImpactQuery) -> Any:
        """List impacts, the newest first."""
        return page_body(list_impacts(actor(), query))


@billing.route("/impacts/<uuid:impact_id>/acknowledge/")
class BillingImpactAcknowledgement(MethodView):
    """Seen and settled."""

    @requires(Permission.WRITE_BILLING)
    @billing.arguments(StatusNoteSchema, required=False)
    @billing.response(200, ImpactSchema)
    def post(self, body: dict[str, Any], impact_id: UUID) -> Any:
        """Acknowledge an impact."""
        shown = acknowledge_impact(actor(), impact_id, body["note"], expected_version())
        return shown, etag(shown.impact.version)
