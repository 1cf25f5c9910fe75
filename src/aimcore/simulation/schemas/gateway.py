"""HTTPRoute and Gateway `gateway.networking.k8s.io/v1`: limits, defaults and the rules in CEL.

1. Every list of the route's spec is atomic; conditions of a parent are a map list by type.
2. A bare backend or parent reference gets its group, kind and weight from the server.
"""

from __future__ import annotations

from typing import Any

from aimcore.simulation.schemas.words import (
    CONDITIONS,
    INTEGER,
    TEXT,
    Schema,
    atomic,
    bounded,
    choice,
    default,
    fields,
    map_list,
    open_fields,
)

_DURATION = {**TEXT, "pattern": "^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
_GROUP, _KIND, _OBJECT_NAME = (
    TEXT,
    {**TEXT, "minLength": 1, "maxLength": 63},
    {**TEXT, "minLength": 1, "maxLength": 253},
)
_NAMESPACE = {**TEXT, "minLength": 1, "maxLength": 63}
PATH_CHARACTERS = r"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$"


def _rule(rule: str, message: str) -> dict[str, str]:
    return {"rule": rule, "message": message}


def _validated(schema: Schema, *rules: dict[str, str]) -> Schema:
    return {**schema, "x-kubernetes-validations": list(rules)}


def _path_rules() -> list[dict[str, str]]:
    """Rules for the values of Exact and PathPrefix matches."""
    applies = "(self.type in ['Exact','PathPrefix'])"
    rules = [
        _rule(
            f"{applies} ? self.value.startsWith('/') : true",
            "value must be an absolute path and start with '/' when type one of ['Exact', 'PathPrefix']",
        )
    ]
    for part in ("//", "/./", "/../", "%2f", "%2F", "#"):
        text = f"must not contain '{part}' when type one of ['Exact', 'PathPrefix']"
        rules.append(_rule(f"{applies} ? !self.value.contains('{part}') : true", text))
    for end in ("/..", "/."):
        text = f"must not end with '{end}' when type one of ['Exact', 'PathPrefix']"
        rules.append(_rule(f"{applies} ? !self.value.endsWith('{end}') : true", text))
    rules.append(
        _rule(
            f"{applies} ? self.value.matches(r'''{PATH_CHARACTERS}''') : true",
            f"must only contain valid characters (matching {PATH_CHARACTERS}) for types ['Exact', 'PathPrefix']",
        )
    )
    return rules


PARENT_REFERENCE = fields(
    {
        "group": default(_GROUP, "gateway.networking.k8s.io"),
        "kind": default(_KIND, "Gateway"),
        "namespace": _NAMESPACE,
        "name": _OBJECT_NAME,
        "sectionName": _OBJECT_NAME,
        "port": bounded(1, 65535),
    },
    ("name",),
)
_BACKEND = _validated(
    fields(
        {
            "group": default(_GROUP, ""),
            "kind": default(_KIND, "Service"),
            "namespace": _NAMESPACE,
            "name": _OBJECT_NAME,
            "port": bounded(1, 65535),
            "weight": default(bounded(0, 1_000_000), 1),
            "filters": atomic(open_fields({"type": TEXT})),
        },
        ("name",),
    ),
    _rule(
        "(size(self.group) == 0 && self.kind == 'Service') ? has(self.port) : true",
        "Must have port for Service reference",
    ),
)
_PATH = default(
    fields(
        {
            "type": default(choice("Exact", "PathPrefix", "RegularExpression"), "PathPrefix"),
            "value": default({**TEXT, "maxLength": 1024}, "/"),
        }
    ),
    {"type": "PathPrefix", "value": "/"},
)
_PATH["x-kubernetes-validations"] = _path_rules()
_NAMED_VALUE = open_fields({"name": TEXT, "type": default(TEXT, "Exact"), "value": TEXT}, ("name", "value"))
_MATCH = fields(
    {
        "path": _PATH,
        "headers": {**map_list(_NAMED_VALUE, "name"), "maxItems": 16},
        "queryParams": {**map_list(_NAMED_VALUE, "name"), "maxItems": 16},
        "method": TEXT,
    }
)
_REWRITE = fields(
    {
        "hostname": TEXT,
        "path": fields(
            {
                "type": choice("ReplaceFullPath", "ReplacePrefixMatch"),
                "replacePrefixMatch": {**TEXT, "maxLength": 1024},
                "replaceFullPath": {**TEXT, "maxLength": 1024},
            },
            ("type",),
        ),
    }
)
_FILTER = open_fields({"type": TEXT, "urlRewrite": _REWRITE}, ("type",))
_FILTERS = _validated(
    atomic(_FILTER, maxItems=16),
    _rule(
        "!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'URLRewrite'))",
        "May specify either httpRouteFilterRequestRedirect or httpRouteFilterRequestRewrite, but not both",
    ),
    _rule("self.filter(f, f.type == 'URLRewrite').size() <= 1", "URLRewrite filter cannot be repeated"),
)
_TIMEOUTS = _validated(
    fields({"request": _DURATION, "backendRequest": _DURATION}),
    _rule(
        "!(has(self.request) && has(self.backendRequest) && duration(self.request) != duration('0s') "
        "&& duration(self.backendRequest) > duration(self.request))",
        "backendRequest timeout cannot be longer than request timeout",
    ),
)
_RULE = _validated(
    fields(
        {
            "name": _OBJECT_NAME,
            "matches": default(atomic(_MATCH, maxItems=64), [{"path": {"type": "PathPrefix", "value": "/"}}]),
            "filters": _FILTERS,
            "backendRefs": atomic(_BACKEND, maxItems=16),
            "timeouts": _TIMEOUTS,
            "retry": open_fields({}),
            "sessionPersistence": open_fields({}),
        }
    ),
    _rule(
        "(has(self.filters) && self.filters.exists_one(f, has(f.urlRewrite) && has(f.urlRewrite.path) "
        "&& f.urlRewrite.path.type == 'ReplacePrefixMatch' && has(f.urlRewrite.path.replacePrefixMatch))) "
        "? (size(self.matches) == 1 && has(self.matches[0].path) && self.matches[0].path.type == 'PathPrefix') : true",
        "When using URLRewrite filter with path.replacePrefixMatch, exactly one PathPrefix match must be specified",
    ),
)
_DEFAULT_RULES: list[dict[str, Any]] = [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]
_PARENT_REFERENCES = _validated(
    atomic(PARENT_REFERENCE, maxItems=32),
    _rule(
        "self.all(p1, self.exists_one(p2, p1.group == p2.group && p1.kind == p2.kind && p1.name == p2.name "
        "&& (has(p1.namespace) ? p1.namespace : '') == (has(p2.namespace) ? p2.namespace : '') "
        "&& (has(p1.sectionName) ? p1.sectionName : '') == (has(p2.sectionName) ? p2.sectionName : '')))",
        "sectionName must be unique when parentRefs includes 2 or more references to the same parent",
    ),
)
_RULES = _validated(
    default(atomic(_RULE, minItems=1, maxItems=16), _DEFAULT_RULES),
    _rule(
        " + ".join(f"(self.size() > {i} && has(self[{i}].matches) ? self[{i}].matches.size() : 0)" for i in range(16))
        + " <= 128",
        "While 16 rules and 64 matches per rule are allowed, the total number of matches across all rules in a route "
        "must be less than 128",
    ),
)
_STATUS = fields(
    {
        "parents": atomic(
            fields(
                {
                    "parentRef": PARENT_REFERENCE,
                    "controllerName": TEXT,
                    "conditions": {**CONDITIONS, "minItems": 1, "maxItems": 8},
                },
                ("parentRef", "controllerName"),
            ),
            maxItems=32,
        )
    },
    ("parents",),
)
HTTP_ROUTE: Schema = fields(
    {
        "spec": fields({"parentRefs": _PARENT_REFERENCES, "hostnames": atomic(TEXT, maxItems=16), "rules": _RULES}),
        "status": _STATUS,
    },
    ("spec",),
)
GATEWAY: Schema = fields(
    {
        "spec": open_fields(
            {
                "gatewayClassName": TEXT,
                "listeners": map_list(
                    open_fields({"name": TEXT, "port": INTEGER, "protocol": TEXT}, ("name", "port", "protocol")), "name"
                ),
            },
            ("gatewayClassName", "listeners"),
        ),
        "status": open_fields(
            {
                "conditions": CONDITIONS,
                "listeners": map_list(open_fields({"name": TEXT, "conditions": CONDITIONS}), "name"),
            }
        ),
    },
    ("spec",),
)
