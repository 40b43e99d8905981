"""The house rules of docs/architecture.md that a reader of the source can check."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.urls import reverse

ROOT = settings.BASE_DIR

# Each may import what stands before it. Single modules of ``portal`` that are not named here
# (errors, celery, adminsite, settings, ...) stand before all: they import nothing of ours.
LINE = (
    "portal.audit",
    "portal.adminsite",
    "portal.documents",
    "portal.catalogue",
    "portal.accounts",
    "portal.jobs",
    "portal.messaging",
    "portal.rounds",
    "applications",
    "review",
    "portal.views",
    "portal.middleware",
    "portal.urls",
)
INSIDE_APPLICATIONS = (
    *("states", "models", "field_rules", "fields", "forms", "sections", "checks", "confirming"),
    *("interests", "telling"),
    *("workflow", "saving", "editing", "commenting", "inspection", "viewing", "attachments"),
    *("grids", "sheets", "bulk", "runs", "comparison", "papers", "receipts", "book"),
    *("carrying", "reentry", "assessment"),
    *("tasks", "views", "urls"),
    "on top",  # templatetags, management, apps
)
# Where a status is written, and whose.
STATUS_WRITERS = {
    "applications.workflow": "Application",
    "review.ranking": "RankedList",
    "portal.jobs.tasks": "Job",
}
# What everybody may know of; any other model is asked for through visible_to().
PUBLIC_MODELS = {"Bureau", "Round"}
MAY_TAKE_REQUEST = {"views", "admin", "adminsite", "middleware", "access", "resources"}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    module_name(path): ast.parse(path.read_text())
    for package in ("portal", "applications", "review")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
}
TEMPLATES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.html"))
}


def imports(tree: ast.AST) -> Iterator[str]:
    """Everything a module imports, to the deepest module that exists here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative import"
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield deeper if deeper in MODULES else node.module


def is_ours(module: str) -> bool:
    return module.split(".")[0] in ("portal", "applications", "review")


def place(module: str) -> int:
    for number, package in enumerate(LINE):
        if module == package or module.startswith(f"{package}."):
            return number
    assert module.count(".") < 2, f"{module} has no place in the line"
    return -1


def place_inside_applications(module: str) -> int:
    names = [*module.split("."), ""]
    part = names[1] if names[1] in INSIDE_APPLICATIONS else "on top"
    return INSIDE_APPLICATIONS.index(part)


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(function: ast.expr) -> str:
    """``update`` for ``Model.objects.filter(...).update``."""
    return getattr(function, "attr", None) or getattr(function, "id", "")


def root_of(expression: ast.expr) -> str:
    """``Model`` for ``Model.objects.filter(...).update``."""
    while not isinstance(expression, ast.Name):
        inner = getattr(expression, "func", None) or getattr(expression, "value", None)
        if inner is None:
            return ""
        expression = inner
    return expression.id


def test_imports_run_one_way():
    wrong = [
        f"{module} imports {imported}"
        for module, tree in MODULES.items()
        for imported in filter(is_ours, imports(tree))
        if place(imported) > place(module)
    ]
    assert not wrong


def test_imports_inside_applications_run_one_way():
    wrong = [
        f"{module} imports {imported}"
        for module, tree in MODULES.items()
        if module.startswith("applications.")
        for imported in imports(tree)
        if imported.startswith("applications.")
        if place_inside_applications(imported) > place_inside_applications(module)
    ]
    assert not wrong


def test_nothing_is_imported_inside_a_function_but_the_writers():
    late = {
        module
        for module, tree in MODULES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Call) and name_of(node.func) in ("import_module", "__import__"))
    }
    assert late == {"portal.documents"}  # its docstring says why


def test_the_writers_know_nothing_of_django():
    wrong = [
        module
        for module, tree in MODULES.items()
        if place(module) == LINE.index("portal.documents")
        and any(name.split(".")[0] == "django" for name in imports(tree))
    ]
    assert not wrong


def status_writes(tree: ast.AST) -> Iterator[str]:
    """Whose status is written, as far as the source tells."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            for target in getattr(node, "targets", None) or [node.target]:
                if isinstance(target, ast.Attribute) and target.attr == "status":
                    yield root_of(target).title()
    writers = "(bulk_)?update|(bulk_)?create|get_or_create|update_or_create|Application|RankedList"
    for call in calls(tree):
        said = [keyword.arg for keyword in call.keywords]
        said += [n.value for a in call.args for n in ast.walk(a) if isinstance(n, ast.Constant)]
        if "status" in said and re.fullmatch(writers, name_of(call.func)):
            yield root_of(call.func)


def test_a_status_is_written_in_one_place_only():
    wrong = [
        f"{module} writes the status of {owner}"
        for module, tree in MODULES.items()
        for owner in status_writes(tree)
        if owner != STATUS_WRITERS.get(module)
    ]
    assert not wrong


def test_there_are_no_signals():
    wrong = [
        f"{module} imports {imported}"
        for module, tree in MODULES.items()
        for imported in imports(tree)
        if {"dispatch", "signals"} & set(imported.split("."))
    ]
    assert not wrong


def test_nothing_below_the_views_takes_a_request():
    wrong = [
        module
        for module, tree in MODULES.items()
        if not MAY_TAKE_REQUEST & set(module.split("."))
        for node in ast.walk(tree)
        if isinstance(node, ast.arguments)
        if "request" in {argument.arg for argument in (*node.args, *node.kwonlyargs)}
    ]
    assert not wrong


def test_no_module_is_a_drawer_for_anything():
    last_names = {name.split(".")[-1] for name in MODULES}
    assert not last_names & {"utils", "services", "helpers", "common", "misc"}


def test_every_query_of_a_view_starts_from_what_its_user_may_see():
    wrong = [
        f"{module}: {ast.unparse(node)}"
        for module, tree in MODULES.items()
        if is_view(module)
        for node in unscoped_queries(tree)
    ]
    assert not wrong


def is_view(module: str) -> bool:
    return "views" in module.split(".") or module == "review.lists"


def unscoped_queries(tree: ast.AST) -> Iterator[ast.AST]:
    """``Model.objects`` without ``.visible_to`` behind it, ``get_object_or_404(Model, ...)``."""
    scoped = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "visible_to"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "objects" and node not in scoped:
            model = root_of(node)
        elif isinstance(node, ast.Call) and name_of(node.func).endswith("_or_404"):
            model = getattr(node.args[0], "id", "")
        else:
            continue
        if model[:1].isupper() and model not in PUBLIC_MODELS:
            yield node


def test_templates_hold_no_script_no_style_and_no_foreign_address():
    forbidden = re.compile(
        r"<style|\sstyle=|\son[a-z]+=|javascript:"  # inline
        r"|<script(?![^>]*\ssrc=)"
        r"|<script[^>]*>\s*[^<\s]"
        r"""|\b(src|href|srcset|action)\s*=\s*["']?(https?:)?//""",
        re.IGNORECASE,
    )
    wrong = [f"{name}: {found[0]}" for name, found in occurrences(forbidden, TEMPLATES)]
    assert not wrong


def test_templates_ask_no_role():
    assert not list(occurrences(re.compile(r"user\.role"), TEMPLATES))


def test_style_sheets_and_scripts_load_nothing_from_elsewhere():
    files = [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]
    foreign = re.compile(r"""(url\(|import|from|fetch\()\s*\(?['"]?(https?:)?//\w""")
    wrong = [name for name, _ in occurrences(foreign, {p.name: p.read_text() for p in files})]
    assert not wrong


def test_nginx_lets_through_the_largest_upload():
    rules = (ROOT / "deploy" / "nginx.conf").read_text()
    uploading = re.search(
        r"location ~ (\S*attachments\S*) \{[^}]*client_max_body_size (\d+)m;", rules
    )
    for name, args in (
        ("applications:upload", [1, 1]),
        ("review:visit_add", [1]),
        ("review:visit_change", [1]),
    ):
        assert re.match(uploading[1], reverse(name, args=args))
    assert int(uploading[2]) > settings.LARGEST_UPLOAD_MB


def occurrences(pattern: re.Pattern, texts: dict[str, str]) -> Iterator[tuple[str, re.Match]]:
    return ((name, found) for name, text in texts.items() for found in pattern.finditer(text))
