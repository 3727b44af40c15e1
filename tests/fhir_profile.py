"""Checks a FHIR instance against the snapshot of a StructureDefinition; it knows nothing of our app.

Checked: cardinality at every path and in every slice, unknown elements, JSON shape (array or single),
the data types tabled below, fixed[x] and pattern[x], open and closed slices found by value, pattern or type,
the required bindings tabled below, and the error-level constraints tabled below.
Not checked: extensible bindings, the target types of references, contained resources and primitive
extensions (`_name`), which are both reported as issues rather than passed over.
A profile with a required binding, constraint or discriminator that is not tabled here is refused.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from fhir.resources.R4B.observation import Observation
from pydantic import ValidationError

Json = dict[str, Any]
Issues = Iterator[str]
Places = list[tuple[str, Any]]

_MONTH, _DAY, _ZONE = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])", r"(Z|[+-]\d\d:\d\d)"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"

# FHIR R4 datatypes.html#primitive: the texts that each primitive type allows.
TEXT_TYPES = {
    "string": r"(?s).*\S.*",
    "xhtml": r"(?s)<div.*</div>",
    **dict.fromkeys(("System.String", "uri", "canonical"), r"\S+"),
    "code": r"[^\s]+(\s[^\s]+)*",
    "id": r"[A-Za-z0-9\-.]{1,64}",
    "dateTime": rf"\d{{4}}(-{_MONTH}(-{_DAY}(T{_TIME}{_ZONE})?)?)?",
    "instant": rf"\d{{4}}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}",
    "time": _TIME,
}
JSON_TYPES: dict[str, set[type]] = {"boolean": {bool}, "integer": {int}, "decimal": {int, Decimal}}
_R4: Json = json.loads((Path(__file__).parent / "data/us_core_610/r4_datatypes.json").read_text("utf-8"))
COMPLEX_TYPES: dict[str, str] = _R4["complex_types"]  # the elements of each type: `*` a list, `!` required
REQUIRED_CODES: dict[str, list[str]] = _R4["required_codes"]  # the value sets that the profiles require


def _has(node: Any, *names: str) -> bool:
    return isinstance(node, dict) and any(name in node for name in names)


def _has_value(node: Any) -> bool:
    return isinstance(node, dict) and any(re.match(r"value[A-Z]", name) for name in node)


def _code_pairs(node: Any) -> list[tuple[object, object]]:
    codings = _values_at(node, ["code", "coding"])
    return [(coding.get("system"), coding.get("code")) for coding in codings if isinstance(coding, dict)]


def _repeats_its_code(root: Json) -> bool:
    components = _values_at(root, ["component"])
    return any(pair in _code_pairs(root) for component in components for pair in _code_pairs(component))


# The FHIRPath of each constraint, read from the profiles, as a function of (the element, the resource).
CONSTRAINTS: dict[str, Callable[[Any, Json], bool]] = {
    "ele-1": lambda value, _: value not in (None, "", [], {}),
    "ext-1": lambda value, _: _has(value, "extension") != _has_value(value),
    **dict.fromkeys(("dom-2", "dom-3", "dom-4", "dom-5"), lambda value, _: not _has(value, "contained")),
    "obs-3": lambda value, _: _has(value, "low", "high", "text"),
    "obs-6": lambda value, _: not (_has(value, "dataAbsentReason") and _has_value(value)),
    "obs-7": lambda value, root: not (_has_value(value) and _repeats_its_code(root)),
    "vs-1": lambda value, _: not isinstance(value, str) or len(value) >= len("2000-01-01"),
    "vs-2": lambda value, _: _has(value, "component", "hasMember", "dataAbsentReason") or _has_value(value),
    "vs-3": lambda value, _: _has(value, "dataAbsentReason") or _has_value(value),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile's snapshot by element id, in the order of the file."""

    url: str
    type: str
    elements: dict[str, Json]

    def children(self, element_id: str) -> list[Json]:
        """Return the elements one step below, without their slices."""
        children = (self.elements[i] for i in self.elements if i.rpartition(".")[0] == element_id)
        return [child for child in children if "sliceName" not in child]

    def slices(self, element_id: str) -> list[Json]:
        """Return the slices of an element."""
        slices = (self.elements[i] for i in self.elements if i.rpartition(":")[0] == element_id)
        return [slice_ for slice_ in slices if "sliceName" in slice_]


def load_json(path: Path) -> Json:
    """Read a JSON file, its decimals kept as written."""
    instance: Json = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return instance


def load_profile(path: Path) -> Profile:
    """Read a StructureDefinition's snapshot; ValueError if it has a rule that this checker cannot check."""
    definition = load_json(path)
    elements = {element["id"]: element for element in definition["snapshot"]["element"]}
    unknown = [f"{i}: {rule}" for i, e in elements.items() for rule in _unknown_rules(e)]
    if unknown:
        raise ValueError(f"{definition['url']} has rules that are not checked: {unknown}")
    return Profile(definition["url"], definition["type"], elements)


def profile_issues(profile: Profile, instance: Json) -> list[str]:
    """Return what is wrong with the instance, one sentence each; an empty list is a pass."""
    found: list[str] = list(_empty_values(instance, profile.type))
    if instance.get("resourceType") != profile.type:
        found.append(f"resourceType: {instance.get('resourceType')!r}, expected {profile.type!r}")
    body = {name: value for name, value in instance.items() if name != "resourceType"}
    found.extend(_element_issues(profile, profile.elements[profile.type], body, profile.type, body))
    return list(dict.fromkeys(found))


def fhir_resources_issues(instance: Json) -> list[str]:
    """Return what the fhir.resources library (R4B, base resource only) finds wrong: a second opinion."""
    try:
        Observation.model_validate(instance)
    except ValidationError as refusal:
        return [f"{error['loc']}: {error['msg']}" for error in refusal.errors()]
    return []


def _unknown_rules(element: Json) -> Iterator[str]:
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and binding["valueSet"] not in REQUIRED_CODES:
        yield f"binding {binding['valueSet']}"
    for constraint in element.get("constraint", []):
        if constraint["severity"] == "error" and constraint["key"] not in CONSTRAINTS:
            yield f"constraint {constraint['key']}"
    for discriminator in element.get("slicing", {}).get("discriminator", []):
        if discriminator["type"] not in ("value", "pattern", "type"):
            yield f"discriminator {discriminator['type']}"


def _empty_values(value: object, path: str) -> Issues:
    if value is None or value in ("", [], {}):
        yield f"{path}: empty value {value!r}"
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _empty_values(child, f"{path}.{name}")
    elif isinstance(value, list):
        for place, item in _places(value, path):
            yield from _empty_values(item, place)


def _element_issues(profile: Profile, element: Json, value: Any, path: str, root: Json) -> Issues:
    """Check one value against one element: its own rules, then everything below it."""
    yield from _value_issues(element, value, path)
    for constraint in element.get("constraint", []):
        if constraint["severity"] == "error" and not CONSTRAINTS[constraint["key"]](value, root):
            yield f"{path}: {constraint['key']} {constraint['human']}"
    target = str(element.get("contentReference", element["id"]))
    children = profile.children(target.rpartition("#")[2])
    if not children or not isinstance(value, dict):
        return
    known = {name for child in children for name in _json_names(child)}
    yield from (f"{path}.{name}: unknown element" for name in value if name not in known)
    for child in children:
        yield from _child_issues(profile, child, value, path, root)


def _child_issues(profile: Profile, child: Json, parent: Json, path: str, root: Json) -> Issues:
    present = {name: type_ for name, type_ in _json_names(child).items() if name in parent}
    label = f"{path}.{child['path'].rpartition('.')[2]}"
    if len(present) > 1:
        yield f"{label}: only one type allowed, found {sorted(present)}"
    items: Places = []
    for name, type_ in present.items():
        place = f"{path}.{name}"
        yield from _shape_issues(parent[name], place, is_list=child["base"]["max"] != "1")
        places = _places(parent[name], place)
        items += places
        for item_place, item in places:
            yield from _type_issues(type_, item, item_place)
            yield from _element_issues(profile, child, item, item_place, root)
    yield from _count_issues(child, len(items), label)
    yield from _slice_issues(profile, child, items, label, root)


def _slice_issues(profile: Profile, sliced: Json, items: Places, label: str, root: Json) -> Issues:
    matched: list[str] = []
    slices = profile.slices(sliced["id"])
    for slice_ in slices:
        members = [(place, item) for place, item in items if _in_slice(profile, sliced, slice_, item)]
        matched += [place for place, _ in members]
        yield from _count_issues(slice_, len(members), f"{label}:{slice_['sliceName']}")
        for place, item in members:
            yield from _element_issues(profile, slice_, item, place, root)
    yield from (f"{place}: in more than one slice" for place in set(matched) if matched.count(place) > 1)
    if slices and sliced["slicing"]["rules"] == "closed":
        yield from (f"{place}: in no slice" for place, _ in items if place not in matched)


def _in_slice(profile: Profile, sliced: Json, slice_: Json, item: Any) -> bool:
    discriminators = sliced["slicing"]["discriminator"]
    if any(discriminator["type"] == "type" for discriminator in discriminators):
        return not list(_type_issues(slice_["type"][0]["code"], item, slice_["id"]))
    return all(_matches_discriminator(profile, slice_, discriminator["path"], item) for discriminator in discriminators)


def _matches_discriminator(profile: Profile, slice_: Json, path: str, item: Any) -> bool:
    steps = [] if path == "$this" else path.split(".")
    rule = profile.elements[".".join([slice_["id"], *steps])]
    if not any(key.startswith(("fixed", "pattern")) for key in rule):
        raise ValueError(f"{rule['id']} tells no slice: it has neither fixed[x] nor pattern[x]")
    return any(not list(_value_issues(rule, value, path)) for value in _values_at(item, steps))


def _values_at(value: Any, steps: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in _values_at(item, steps)]
    if not steps:
        return [value]
    return _values_at(value[steps[0]], steps[1:]) if isinstance(value, dict) and steps[0] in value else []


def _value_issues(element: Json, value: Any, path: str) -> Issues:
    for rule, expected in element.items():
        if rule.startswith("fixed") and value != expected:
            yield f"{path}: {value!r}, fixed to {expected!r}"
        if rule.startswith("pattern") and not _contains(value, expected):
            yield f"{path}: does not contain the pattern {expected!r}"
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and value not in REQUIRED_CODES[binding["valueSet"]]:
        yield f"{path}: {value!r} is not in {binding['valueSet']}"


def _contains(value: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        known = value if isinstance(value, dict) else {}
        return all(name in known and _contains(known[name], part) for name, part in pattern.items())
    if isinstance(pattern, list):
        items = value if isinstance(value, list) else []
        return all(any(_contains(item, part) for item in items) for part in pattern)
    return bool(value == pattern)


def _count_issues(element: Json, count: int, label: str) -> Issues:
    if count < element["min"]:
        yield f"{label}: found {count}, at least {element['min']} required"
    if element["max"] != "*" and count > int(element["max"]):
        yield f"{label}: found {count}, at most {element['max']} allowed"


def _shape_issues(value: Any, path: str, *, is_list: bool) -> Issues:
    if isinstance(value, list) != is_list:
        yield f"{path}: must {'' if is_list else 'not '}be an array"


def _type_issues(type_: str, value: Any, path: str) -> Issues:
    if type_ in COMPLEX_TYPES:
        yield from _complex_issues(COMPLEX_TYPES[type_], value, path)
    elif not _is_primitive(type_, value):
        yield f"{path}: {value!r} is not a FHIR {type_}"


def _complex_issues(fields: str, value: Any, path: str) -> Issues:
    if not isinstance(value, dict):
        yield f"{path}: must be an object"
        return
    known = dict(field.split(":") for field in fields.split())
    for name, type_ in known.items():
        if type_.endswith("!") and name not in value:
            yield f"{path}.{name}: found 0, at least 1 required"
    for name in value.keys() - {"id", "extension"}:
        if name not in known:
            yield f"{path}.{name}: unknown element"
            continue
        yield from _shape_issues(value[name], f"{path}.{name}", is_list=known[name].endswith("*"))
        for place, item in _places(value[name], f"{path}.{name}"):
            yield from _type_issues(known[name].rstrip("*!"), item, place)


def _is_primitive(type_: str, value: Any) -> bool:
    if type_ in TEXT_TYPES:
        return isinstance(value, str) and re.fullmatch(TEXT_TYPES[type_], value) is not None
    return type(value) in JSON_TYPES.get(type_, {dict})


def _places(value: Any, path: str) -> Places:
    if isinstance(value, list):
        return [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    return [(path, value)]


def _json_names(element: Json) -> dict[str, str]:
    """Return the JSON names that an element may have, each with its type: value[x] has one per type."""
    name = element["path"].rpartition(".")[2]
    types = [entry["code"].rpartition("/")[2] for entry in element.get("type", [{"code": "BackboneElement"}])]
    if name.endswith("[x]"):
        return {name[:-3] + type_[0].upper() + type_[1:]: type_ for type_ in types}
    return {name: types[0]}
