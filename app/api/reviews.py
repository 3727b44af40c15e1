"""Reviews of patients and the clinical decisions (`/api/v1/triage/patients/{id}/reviews/`, `/api/v1/triage/audit/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.domain.triage.decisions import DecisionQuery
from app.domain.triage.reviews import NewReview
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.reviews import DecisionQuerySchema, DecisionSchema, NewReviewSchema, ReviewSchema
from app.services.triage.decisions import list_decisions
from app.services.triage.reviews import list_reviews, review_patient
from app.web.responses import page_body
from app.web.security import actor, requires

reviews = EndpointGroup("reviews", __name__, path="triage", description="Reviews of patients and clinical decisions")


@reviews.route("/patients/<uuid:patient_id>/review/")
class PatientReview(MethodView):
    """Having looked at a patient."""

    @requires(Permission.WRITE_TRIAGE)
    @reviews.arguments(NewReviewSchema, required=False)
    @reviews.response(201, ReviewSchema)
    def post(self, new: NewReview, patient_id: UUID) -> Any:
        """Mark a patient as reviewed."""
        return review_patient(actor(), patient_id, new)


@reviews.route("/patients/<uuid:patient_id>/reviews/")
class PatientReviews(MethodView):
    """The reviews of one patient; none is ever changed."""

    @requires(Permission.READ_TRIAGE)
    @reviews.arguments(PageOnlySchema, location="query")
    @reviews.response(200, page_of(ReviewSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List a patient's reviews, newest first."""
        return page_body(list_reviews(actor(), patient_id, paging))


@reviews.route("/audit/")
class ClinicalDecisions(MethodView):
    """Every clinical decision."""

    @requires(Permission.READ_TRIAGE)
    @reviews.arguments(DecisionQuerySchema, location="query")
    @reviews.response(200, page_of(DecisionSchema))
    def get(self, query: DecisionQuery) -> Any:
        """List the clinical decisions in order: what, about whom, by whom, why."""
        return page_body(list_decisions(actor(), query))
