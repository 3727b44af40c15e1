"""The catalogue."""

from app.domain.devices.catalog import CATALOG, MODELS


def test_the_six_documented_models_are_there() -> None:
    """By the names of the contract."""
    names = {f"{model.manufacturer} {model.name}" for model in CATALOG}
    assert names == {
        "A&D UA-651BLE", "A&D UA-767PBT-Ci", "A&D UC-352BLE", "A&D UC-355PBT-Ci", "OneTouch Verio Flex", "Nonin 3230",
    }  # fmt: skip


def test_every_model_has_an_id_of_its_own_and_measures_something() -> None:
    """What is added must too."""
    assert len(MODELS) == len(CATALOG)
    assert all(model.measurements for model in CATALOG)


def test_all_that_are_shipped_count_for_the_device_codes() -> None:
    """FDA-defined, and nobody types anything."""
    assert all(model.fda_device and model.auto_upload for model in CATALOG)
