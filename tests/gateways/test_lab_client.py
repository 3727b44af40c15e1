"""The lab's client against the application itself: what it sends is what the API takes."""

from random import Random

import httpx
from flask import Flask
from flask.testing import FlaskClient

from app.cli.lab_client import LabClient
from app.domain.roles import Role
from app.gateways.lab.samples import numbers
from tests.builders import PASSWORD, a_user, signed_in


def test_the_lab_makes_a_patient_who_holds_a_device(app: Flask, client: FlaskClient) -> None:
    """By the documented API only."""
    admin, device = a_user(role=Role.ADMIN), numbers(Random(5))
    lab = LabClient("http://localhost", "", httpx.WSGITransport(app))
    lab.sign_in(admin.email, PASSWORD)
    patient = lab.create_patient(device)
    lab.give_device("telli", device, patient)
    held = client.get(f"/api/v1/devices/?patient_id={patient}", headers=signed_in(client, admin)).json["results"]
    assert [(one["imei"], one["vendor"], one["vendor_device_id"]) for one in held] == [
        (device.imei, "telli", device.vendor_device_id)
    ]
