"""The outline of FHIR resources for the docs; the domain builds them whole."""

from marshmallow import Schema, fields

_OBJECT = {"type": "object"}


class FhirObservationSchema(Schema):
    """A US Core vital sign. See http://hl7.org/fhir/us/core/STU6.1/."""

    resourceType = fields.Constant("Observation", required=True)  # noqa: N815 - FHIR's own names
    id = fields.String(required=True)
    meta = fields.Dict(required=True)
    status = fields.String(required=True)
    category = fields.List(fields.Dict(), required=True)
    code = fields.Dict(required=True)
    subject = fields.Dict(required=True)
    effectiveDateTime = fields.String(required=True)  # noqa: N815
    device = fields.Dict()
    valueQuantity = fields.Dict()  # noqa: N815
    component = fields.List(fields.Dict())
