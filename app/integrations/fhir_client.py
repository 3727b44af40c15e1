"""Asking a FHIR R4 server for patients: the protocol. What a Patient means to us stands in `domain.fhir.patient`."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.domain.errors import EmrUnavailable, NotFound
from app.integrations.egress import Gate, Params, Reply, gate

_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")  # FHIR R4, data type `id`
_SEARCH_PATHS = ("/Patient", "/Patient/", "", "/")  # servers page by either, with a query of their own
_ACCEPT = {"Accept": "application/fhir+json"}
_OK, _UNAUTHORISED, _FORBIDDEN, _GONE, _NOT_FOUND = 200, 401, 403, 410, 404


@dataclass(frozen=True, slots=True)
class Access:
    """Where a FHIR server is and how one signs in to it."""

    base_url: str
    auth: str = "none"
    username: str | None = None
    secret: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What a request carries to be let in."""
        if self.auth == "bearer":
            return {"Authorization": f"Bearer {self.secret}"}
        if self.auth == "basic":
            pair = f"{self.username}:{self.secret}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search below the base address: its path and its query."""

    path: str
    query: Params


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search: resources, how many there are in all if the server says so, where the next page is."""

    resources: tuple[Mapping[str, Any], ...]
    total: int | None
    following: "Asked | None"


class FhirClient:
    """One server, on behalf of one practice."""

    def __init__(self, access: Access, way_out: Gate = gate) -> None:
        self._access, self._gate = access, way_out

    def capability(self) -> Mapping[str, Any]:
        """Return the server's CapabilityStatement."""
        return self._resource("/metadata", (), "CapabilityStatement")

    def read_patient(self, patient_id: str) -> Mapping[str, Any]:
        """Return a Patient; raises NotFound."""
        if not _FHIR_ID.fullmatch(patient_id):
            raise NotFound("The medical record system has no such patient.")
        return self._resource(f"/Patient/{patient_id}", (), "Patient")

    def search_patients(self, asked: Asked) -> Found:
        """Return a page of the Patients that fit."""
        if asked.path not in _SEARCH_PATHS:
            raise EmrUnavailable("The medical record system's next page lies elsewhere.")
        bundle = self._resource(asked.path, asked.query, "Bundle")
        entries = [entry for entry in _list(bundle.get("entry")) if isinstance(entry, Mapping)]
        resources = [entry.get("resource") for entry in entries]
        patients = [one for one in resources if isinstance(one, Mapping) and one.get("resourceType") == "Patient"]
        total = bundle.get("total")
        return Found(tuple(patients), total if isinstance(total, int) else None, self._following(bundle))

    def _following(self, bundle: Mapping[str, Any]) -> Asked | None:
        """Return where the next page is. Its host does not matter: we only ever ask the configured one."""
        for link in _list(bundle.get("link")):
            if isinstance(link, Mapping) and link.get("relation") == "next" and isinstance(link.get("url"), str):
                return below_base(str(link["url"]), self._access.base_url)
        return None

    def _resource(self, path: str, params: Params, kind: str) -> Mapping[str, Any]:
        reply = self._gate.get(self._access.base_url, path, params, {**_ACCEPT, **self._access.headers})
        _refuse_status(reply.status)
        resource = _parsed(reply)
        if resource.get("resourceType") != kind:
            raise EmrUnavailable(f"The medical record system did not answer with a {kind}.")
        return resource


def below_base(url: str, base_url: str) -> Asked | None:
    """Return the part of a link below the base address; None when it leads elsewhere."""
    link, prefix = urlsplit(url), urlsplit(base_url).path.rstrip("/")
    path = link.path.removeprefix(prefix)
    if not link.path.startswith(prefix) or path not in _SEARCH_PATHS:
        return None
    return Asked(path, tuple(parse_qsl(link.query, keep_blank_values=True)))


def _refuse_status(status: int) -> None:
    if status in {_UNAUTHORISED, _FORBIDDEN}:
        raise EmrUnavailable("The medical record system refuses our sign-in. Check the connection's settings.")
    if status in {_NOT_FOUND, _GONE}:
        raise NotFound("The medical record system has no such patient.")
    if status != _OK:
        raise EmrUnavailable(f"The medical record system answered with status {status}.")


def _parsed(reply: Reply) -> Mapping[str, Any]:
    try:
        resource = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise EmrUnavailable("The medical record system did not answer with JSON.") from error
    if not isinstance(resource, dict):
        raise EmrUnavailable("The medical record system did not answer with a resource.")
    return resource


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
