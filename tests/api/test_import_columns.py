"""The columns of the whole record in a file: read by the same schemas, the Social Security number never shown."""

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_user, signed_in
from tests.imports import counts, done, send

HEADER = "first,last,dob,sex,mrn,SSN,Language,Emergency contact,Emergency phone,Emergency relationship,Diagnoses\n"
ANN = "Ann,Lee,1958-03-15,F,A-1,123-45-6789,Spanish,Bo Lee,217-555-0102,son,I10; E11.65;\n"
PATIENTS = "/api/v1/patients/"
Headers = dict[str, str]


@pytest.fixture
def nurse(client: FlaskClient) -> Headers:
    """Somebody who may import."""
    return signed_in(client, a_user(role=Role.NURSE))


def test_a_file_fills_the_whole_record(client: FlaskClient, nurse: Headers) -> None:
    """Language, emergency contact, conditions; of the number the last four can be read."""
    done(client, nurse, HEADER + ANN)
    one = client.get(PATIENTS, headers=nurse).json["results"][0]
    record = client.get(f"{PATIENTS}{one['id']}/", headers=nurse).json
    assert (record["ssn_last_four"], record["preferred_language"]) == ("6789", "es")
    assert record["emergency_contact"] == {"name": "Bo Lee", "phone": "+12175550102", "relationship": "son"}
    assert record["conditions"] == ["I10", "E11.65"]


def test_s62_a_preview_never_shows_a_social_security_number(client: FlaskClient, nurse: Headers) -> None:
    """Neither a good one nor a wrong one, nor their errors."""
    wrong = ANN.replace("123-45-6789", "999-88-7777").replace("A-1", "A-2")
    answer = send(client, nurse, HEADER + ANN + wrong, "dry_run=true")
    assert [row["fields"]["ssn"] for row in answer.json["preview"]] == ["***", "***"]
    assert not [text for text in ("123-45-6789", "123456789", "999-88-7777") if text in answer.text]


def test_a_file_with_the_same_values_changes_nothing(client: FlaskClient, nurse: Headers) -> None:
    """The number too is compared, without being read."""
    done(client, nurse, HEADER + ANN)
    assert counts(done(client, nurse, HEADER + ANN, "on_existing=update")) == (0, 0, 1, 0, 0)


@pytest.mark.parametrize(("before", "after"), [("6789", "6780"), ("Spanish", "en"), ("son", "brother"), ("I10; ", "")])
def test_a_file_with_another_value_updates_it(client: FlaskClient, nurse: Headers, before: str, after: str) -> None:
    """Each of the fields."""
    done(client, nurse, HEADER + ANN)
    again = HEADER + ANN.replace(before, after)
    assert counts(send(client, nurse, again, "dry_run=true&on_existing=update").json) == (0, 1, 0, 0, 0)
    assert counts(done(client, nurse, again, "on_existing=update")) == (0, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("before", "after", "column"),
    [
        ("123-45-6789", "12", "ssn"), ("Spanish", "Klingonese", "preferred_language"),
        ("217-555-0102", "12", "emergency_contact_phone"), ("Bo Lee", "", "emergency_contact_name"),
        ("I10; ", "I99.99; ", "conditions"), ("I10; ", "E11; ", "conditions"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_an_error_of_its_column(
    client: FlaskClient, nurse: Headers, before: str, after: str, column: str
) -> None:
    """Without the value: messages are kept in the clear."""
    report = send(client, nurse, HEADER + ANN.replace(before, after), "dry_run=true").json
    assert [error["column"] for error in report["errors"]] == [column]
    assert "I99" not in report["errors"][0]["message"]
    assert "E11 " not in report["errors"][0]["message"]
