"""What people do with kubectl, as data: run for real where kubectl is, and recorded once as HTTP exchanges.

Each case starts with a fresh cluster. A step gives kubectl's arguments, its input, its exit code and what it prints.
"""

from __future__ import annotations

from dataclasses import dataclass

SERVICE = """\
apiVersion: aim.eai.amd.com/v1alpha1
kind: AIMService
metadata: {name: chat, labels: {team: red}}
spec:
  model: {name: qwen}
  replicas: 1
"""
WRONG_SERVICE = SERVICE.replace("replicas: 1", "replicsa: 1")
TWO_MODELS = SERVICE.replace("{name: qwen}", "{name: qwen, image: x}")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1"}
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {a: '1'}\n"
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n"


@dataclass(frozen=True)
class Step:
    args: str
    stdin: str = ""
    code: int = 0
    prints: tuple[str, ...] = ()
    or_done: bool = False
    """An older kubectl sends JSON where a newer one sends protobuf, and is then served."""

    def is_as_wanted(self, code: int, text: str) -> bool:
        if self.or_done and code == 0:
            return "created" in text
        return code == self.code and all(wanted in text for wanted in self.prints)


def _apply(text: str, *more: str) -> Step:
    return Step(" ".join(("apply", "-f", "-", *more)), text)


CASES: dict[str, tuple[Step, ...]] = {
    "about": (
        Step("version", prints=("Server Version: v1.",)),
        Step("api-versions", prints=("aim.eai.amd.com/v1alpha1", "apps/v1", "v1")),
        Step("api-resources", prints=("aimsvc", "aimclustermodels", "deployments")),
        Step("api-resources --api-group=aim.eai.amd.com -o wide", prints=("aim,all", "AIMTemplateCache")),
        Step("cluster-info", prints=("control plane",)),
        Step("auth can-i create aimservices", prints=("yes",)),
        Step("get --raw /readyz", prints=("ok",)),
        Step("get nosuchthings", code=1, prints=("the server doesn't have a resource type",)),
    ),
    "read": (
        _apply(SERVICE),
        Step("get aimsvc", prints=("NAME", "STATUS", "MODEL", "TEMPLATE", "REPLICAS", "AGE", "chat")),
        Step("get aimservices.aim.eai.amd.com chat -o yaml", prints=("kind: AIMService", "replicas: 1")),
        Step("get aimsvc chat -o json", prints=('"kind": "AIMService"',)),
        Step("get aimsvc -o wide", prints=("chat",)),
        Step("get aimsvc -o name", prints=("aimservice.aim.eai.amd.com/chat",)),
        Step("get aimsvc chat -o jsonpath={.spec.model.name}", prints=("qwen",)),
        Step("get aimsvc -A -l team=red", prints=("NAMESPACE", "chat")),
        Step("get aimsvc -l team=blue", prints=("No resources found in default namespace.",)),
        Step("get aimsvc --field-selector metadata.name=chat", prints=("chat",)),
        Step("get aimsvc --field-selector spec.model=x", code=1, prints=("field label not supported",)),
        Step("get aimsvc --sort-by=.metadata.name", prints=("chat",)),
        Step("get aim", prints=("aimservice.aim.eai.amd.com/chat",)),
        Step("get all", prints=("aimservice.aim.eai.amd.com/chat",)),
        Step("get aimsvc nope", code=1, prints=('aimservices.aim.eai.amd.com "nope" not found',)),
        Step("get ns", prints=("default", "Active")),
        Step("get nodes", prints=("Ready",)),
        Step("describe aimsvc chat", prints=("Name:         chat", "Replicas:  1", "Events:")),
        Step("describe ns default", prints=("Name:         default",)),
        Step("get crd aimservices.aim.eai.amd.com", prints=("CREATED AT",)),
    ),
    "explain": (
        Step("explain aimservice", prints=("KIND:       AIMService", "spec", "metadata")),
        Step("explain aimservice.spec.model", prints=("FIELD: model", "custom")),
        Step("explain aimservice --recursive", prints=("averageUtilization", "minReplicas")),
        Step("explain deployment.spec", prints=("replicas",)),
        Step("explain pod.metadata.ownerReferences", prints=("controller",)),
        Step("explain aimservice.spec.nope", code=1, prints=('field "nope" does not exist',)),
    ),
    "apply": (
        _apply(SERVICE),
        _apply(SERVICE),
        _apply(SERVICE.replace("replicas: 1", "replicas: 2")),
        Step("get aimsvc chat -o jsonpath={.spec.replicas}", prints=("2",)),
        _apply(SERVICE, "--dry-run=server"),
        Step("diff -f -", SERVICE, code=1, prints=("replicas",)),
        Step("apply -f -", WRONG_SERVICE, code=1, prints=('unknown field "spec.replicsa"',)),
        Step("apply -f -", TWO_MODELS, code=1, prints=("exactly one of name, image, or custom",)),
    ),
    "server-side": (
        _apply(SERVICE, "--server-side"),
        _apply(SERVICE.replace("replicas: 1", "replicas: 2"), "--server-side"),
        Step(
            "apply --server-side --field-manager=other -f -",
            SERVICE.replace("replicas: 1", "replicas: 3"),
            code=1,
            prints=("conflict with", ".spec.replicas"),
        ),
        _apply(SERVICE.replace("replicas: 1", "replicas: 3"), "--server-side --field-manager=other --force-conflicts"),
        Step("get aimsvc chat -o yaml --show-managed-fields", prints=("manager: other", "manager: kubectl")),
        _apply(DEPLOYMENT, "--server-side"),
        Step("apply --server-side -f -", WRONG_SERVICE, code=1, prints=("replicsa",)),
    ),
    "write": (
        Step("create -f -", SERVICE, prints=("created",)),
        Step("create -f -", SERVICE, code=1, prints=("already exists",)),
        Step("create -f -", WRONG_SERVICE, code=1, prints=('unknown field "spec.replicsa"',)),
        Step('patch aimsvc chat --type=merge -p {"spec":{"replicas":2}}', prints=("patched",)),
        Step(
            'patch aimsvc chat --type=json -p [{"op":"replace","path":"/spec/replicas","value":3}]', prints=("patched",)
        ),
        Step('patch aimsvc chat -p {"spec":{"replicas":3}}', code=1, prints=("strategic",)),
        Step(
            'patch aimsvc chat --subresource=status --type=merge -p {"status":{"observedGeneration":3}}',
            prints=("patched",),
        ),
        Step("label aimsvc chat team=blue --overwrite", prints=("labeled",)),
        Step("annotate aimsvc chat note=hello", prints=("annotated",)),
        Step("replace -f -", SERVICE.replace("replicas: 1", "replicas: 4"), prints=("replaced",)),
        Step("edit aimsvc chat", prints=("edited",)),
        Step("get aimsvc chat -o jsonpath={.spec.replicas}", prints=("5",)),
    ),
    "built-in": (
        _apply(DEPLOYMENT),
        _apply(DEPLOYMENT.replace("nginx:1", "nginx:2")),
        Step('patch deploy web -p {"spec":{"template":{"metadata":{"annotations":{"x":"y"}}}}}', prints=("patched",)),
        Step("scale deploy web --replicas=3", prints=("scaled",)),
        Step("get deploy web -o jsonpath={.spec.replicas}", prints=("3",)),
        Step("get deploy", prints=("UP-TO-DATE", "web")),
        Step("get all", prints=("deployment.apps/web", "replicaset.apps/web-", "pod/web-")),
        Step("get events", prints=("LAST SEEN", "replicaset/web-")),
        Step("describe deploy web", prints=("Replicas:",)),
        Step("rollout restart deploy web", prints=("restarted",)),
        _apply(CONFIG_MAP),
        _apply(CONFIG_MAP.replace("a: '1'", "b: '2'")),
        Step("get cm cm -o jsonpath={.data}", prints=('{"b":"2"}',)),
        Step("describe cm cm", prints=("Name:         cm",)),
        _apply(NAMESPACE),
        Step("get ns team", prints=("Active",)),
    ),
    "wait": (
        _apply(SERVICE),
        Step("wait aimsvc/chat --for=jsonpath={.spec.replicas}=1 --timeout=5s", prints=("condition met",)),
        Step("wait aimsvc/chat --for=condition=Ready --timeout=1s", code=1, prints=("timed out",)),
        Step("delete aimsvc chat --wait=false", prints=("deleted",)),
        Step("wait aimsvc/chat --for=delete --timeout=5s"),
    ),
    "delete": (
        _apply(SERVICE),
        _apply(CONFIG_MAP),
        Step("delete aimsvc chat --dry-run=server", prints=("deleted",)),
        Step("delete aimsvc chat --cascade=foreground", prints=("deleted",)),
        _apply(SERVICE),
        Step("delete aimsvc chat --cascade=orphan", prints=("deleted",)),
        _apply(SERVICE),
        Step("delete -f -", SERVICE, prints=("deleted",)),
        Step("delete cm --all", prints=('"cm" deleted',)),
        Step("delete cm gone --ignore-not-found"),
        Step("delete cm gone", code=1, prints=("not found",)),
    ),
    "protobuf": (
        Step("create ns team", code=1, prints=("does not read protobuf",), or_done=True),
        Step("create secret generic s --from-literal=a=b", code=1, prints=("does not read protobuf",), or_done=True),
        Step("create secret generic s --from-literal=a=b --dry-run=client -o yaml", prints=("kind: Secret",)),
    ),
}
