"""A patient's score over HTTP: explained, as it was shown then, and overridden."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services.triage import board
from app.services.triage.board import refresh_scores_of
from deploy.local_postgres import LocalPostgres
from tests.admin.visits import enter
from tests.builders import a_reading, in_house
from tests.enrolment import Chart, a_chart


def _url(chart: Chart, path: str = "") -> str:
    return f"/api/v1/triage/patients/{chart.patient_id}/score/{path}"


def _score(chart: Chart, as_of: str | None = None) -> Any:
    query = {"as_of": as_of} if as_of else {}
    return chart.client.get(_url(chart), query_string=query, headers=chart.headers).json


def _override(chart: Chart, **fields: Any) -> Any:
    expires = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    body = {"risk_score": 30, "reason": "known white coat", "expires_at": expires, **fields}
    return chart.client.post(_url(chart, "override/"), json=body, headers=chart.headers)


def test_the_parts_sum_to_the_score_and_name_their_readings(client: FlaskClient) -> None:
    """With the smallest change that would lower the band."""
    chart = a_chart(client)
    reading = a_reading(chart.provider.actor, chart.patient_id, 150)
    score = _score(chart)
    assert sum(part["points"] for part in score["parts"]) == score["risk_score"]
    assert score["parts"][0]["source_ids"] == [str(reading.observation.id)]
    assert score["counterfactual"]["changes"] == [{"what": "systolic", "before": 150, "after": 139}]
    assert (score["counterfactual"]["risk_level"], score["is_recomputed"]) == ("normal", True)


def test_a_score_as_of_then_is_what_was_shown_then(client: FlaskClient) -> None:
    """After readings, a review of the thresholds and an override: each moment keeps its own."""
    chart = a_chart(client)
    shown = []
    for systolic in (120, 150, 190):
        a_reading(chart.provider.actor, chart.patient_id, systolic)
        shown.append((datetime.now(UTC).isoformat(), _board(chart)))
    chart.client.put(chart.url("thresholds/"), json={"systolic_low": 100}, headers=chart.headers)
    _override(chart)
    shown.append((datetime.now(UTC).isoformat(), _board(chart)))
    again = [_score(chart, at) for at, _ in shown]
    assert [(one["risk_score"], one["risk_level"]) for one in again] == [told for _, told in shown]
    assert [one["is_recomputed"] for one in again] == [True] * 4
    assert [one["threshold_version"] for one in again] == ["1.0", "1.0", "1.0", "1.1"]


def _board(chart: Chart) -> tuple[int, str]:
    line = chart.client.get(f"/api/v1/triage/patients/{chart.patient_id}/", headers=chart.headers).json
    return line["risk_score"], line["risk_level"]


def test_before_the_patient_was_there_is_no_score(client: FlaskClient) -> None:
    """404."""
    chart = a_chart(client)
    assert (
        client.get(_url(chart), query_string={"as_of": "2020-01-01T00:00:00Z"}, headers=chart.headers).status_code
        == 404
    )
    assert (_score(chart)["risk_level"], _score(chart)["parts"]) == ("no_data", [])


def test_an_override_stands_beside_the_computed_score(client: FlaskClient) -> None:
    """On the board, too; the latest one holds, and taken back the computed score is shown again."""
    chart = a_chart(client)
    a_reading(chart.provider.actor, chart.patient_id, 190)
    computed = _score(chart)["risk_score"]
    _override(chart, risk_score=20)
    answer = _override(chart)
    assert (answer.status_code, answer.json["risk_score"], answer.json["computed_score"]) == (201, 30, computed)
    assert (answer.json["override"]["reason"], _board(chart)) == ("known white coat", (30, "normal"))
    ended = client.delete(_url(chart, "override/"), headers=chart.headers)
    assert (ended.status_code, ended.json["risk_score"], ended.json["override"]) == (200, computed, None)
    assert client.delete(_url(chart, "override/"), headers=chart.headers).status_code == 404


def test_an_expired_override_is_gone_with_the_next_refresh(client: FlaskClient, postgres: LocalPostgres) -> None:
    """By the job, within minutes; no page view is needed."""
    chart = a_chart(client)
    a_reading(chart.provider.actor, chart.patient_id, 190)
    _override(chart)
    hour_ago = "now() - interval '50 minutes'"
    for table, column in (("triage_summaries", "override_expires_at"), ("score_overrides", "expires_at")):
        set_at = (
            f", set_at = {hour_ago} - interval '1 day'"
            if table == "score_overrides"
            else f", refreshed_at = {hour_ago}"
        )
        postgres.query(
            f"UPDATE {table} SET {column} = now() - interval '1 minute'{set_at} WHERE patient_id = '{chart.patient_id}'"
        )
    with in_house():
        refresh_scores_of(chart.provider.actor.practice_id)
    assert _board(chart)[1] == "critical"


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"risk_score": 0}, "risk_score"), ({"risk_score": 101}, "risk_score"), ({"reason": " "}, "reason"),
     ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"), ({"risk_level": "normal"}, "risk_level")],
)  # fmt: skip
def test_a_bad_override_is_refused_by_name(client: FlaskClient, fields: Any, field: str) -> None:
    """And nothing is set."""
    chart = a_chart(client)
    answer = _override(chart, **fields)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])


def test_the_job_finds_the_silent_patient(client: FlaskClient, postgres: LocalPostgres) -> None:
    """Three days without a reading: a part of the score, without anybody looking."""
    chart = a_chart(client)
    a_reading(chart.provider.actor, chart.patient_id, 120, measured_at=datetime.now(UTC) - timedelta(days=4))
    postgres.query(
        f"UPDATE triage_summaries SET refreshed_at = now() - interval '2 hours' WHERE patient_id = '{chart.patient_id}'"
    )
    with in_house():
        refresh_scores_of(chart.provider.actor.practice_id)
    assert "missing_data" in [part["name"] for part in _score(chart)["parts"]]
    rows = postgres.query(
        f"SELECT rule_state->'rules' ? 'no_reading_days' FROM triage_summaries WHERE patient_id = '{chart.patient_id}'"
    )
    assert rows.strip() == "t"


def test_looking_scores_nobody_anew(app: Flask, client: FlaskClient, postgres: LocalPostgres) -> None:
    """Neither an answer nor a page: a score that time has made old stays until the job has been there."""
    chart = a_chart(client)
    a_reading(chart.provider.actor, chart.patient_id, 120, measured_at=datetime.now(UTC) - timedelta(days=4))
    of = f"WHERE patient_id = '{chart.patient_id}'"
    postgres.query(f"UPDATE triage_summaries SET refreshed_at = now() - interval '5 days' {of}")
    kept = f"SELECT xmin, refreshed_at, risk_score, parts, rule_state FROM triage_summaries {of}"
    before = postgres.query(kept)
    board = "/api/v1/triage/patients/"
    for path in ("", "stats/", f"{chart.patient_id}/", f"{chart.patient_id}/score/"):
        assert client.get(board + path, headers=chart.headers).status_code == 200
    visitor = app.test_client()
    enter(visitor, chart.provider)
    for path in ("", f"triage/{chart.patient_id}", f"patients/{chart.patient_id}"):
        assert visitor.get(f"/admin/{path}").status_code == 200
    assert postgres.query(kept) == before
    with in_house():
        refresh_scores_of(chart.provider.actor.practice_id)
    assert postgres.query(kept) != before


def test_a_changed_practice_threshold_reaches_scores_by_the_job(client: FlaskClient) -> None:
    """Within its next round, not only with the next reading."""
    chart = a_chart(client)
    a_reading(chart.provider.actor, chart.patient_id, 130)
    client.put("/api/v1/triage/thresholds/", json={"systolic_high": 125}, headers=chart.headers)
    with in_house():
        refresh_scores_of(chart.provider.actor.practice_id)
    assert _board(chart)[1] == "warning"


def test_thresholds_of_a_clock_that_is_ahead_do_not_hold_up_the_job(
    client: FlaskClient, postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's may be ahead of the worker's: the patient is judged when the worker's has come as far."""
    chart, rounds, one_more = a_chart(client), [], board._refresh_batch
    a_reading(chart.provider.actor, chart.patient_id, 130)
    ahead = "UPDATE practice_thresholds SET updated_at = now() + interval '1 hour' WHERE practice_id = %s"
    with psycopg.connect(postgres.superuser_dsn("vantrexia")) as connection:
        connection.execute(ahead, (chart.provider.actor.practice_id,))

    def counted(practice_id: UUID) -> int:
        rounds.append(practice_id)
        assert rounds.count(practice_id) < 5, "the same patients again and again"
        return one_more(practice_id)

    monkeypatch.setattr(board, "_refresh_batch", counted)
    with in_house():
        refresh_scores_of(chart.provider.actor.practice_id)
    assert rounds.count(chart.provider.actor.practice_id) == 1


def test_another_practices_score_is_nobodys(client: FlaskClient) -> None:
    """Read, overridden or taken back."""
    chart, foreign = a_chart(client), a_chart(client)
    assert client.get(_url(foreign), headers=chart.headers).status_code == 404
    assert client.delete(_url(foreign, "override/"), headers=chart.headers).status_code == 404
    chart_of_foreign = Chart(client, chart.provider, foreign.patient_id, chart.headers)
    assert _override(chart_of_foreign).status_code == 404
