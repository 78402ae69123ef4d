"""The API description as HTML, so that /docs reads without a script: operations by tag, with
parameters, bodies and answers. Used by embed.py."""
import json
import re
from html import escape

METHODS = ("get", "put", "post", "delete", "head", "patch", "options")


def prose(text):
    """`code` and **strong** inside paragraphs; nothing else of Markdown is used there."""
    paragraphs = [p for p in re.split(r"\n\s*\n", (text or "").strip()) if p]
    marked = (re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>",
                     re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(p))) for p in paragraphs)
    return "".join(f"<p>{p}</p>" for p in marked)


def table(heads, rows):
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell or ''))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


class Page:
    def __init__(self, api):
        self.api = api

    def resolve(self, node):
        if not node or "$ref" not in node:
            return node or {}
        found = self.api
        for key in node["$ref"][2:].split("/"):
            found = found[key]
        return found

    def type_of(self, schema):
        if not schema:
            return ""
        if "$ref" in schema:
            return schema["$ref"].split("/")[-1]
        if "enum" in schema:
            return " | ".join(str(value) for value in schema["enum"])
        if schema.get("type") == "array":
            return f"array of {self.type_of(schema.get('items'))}"
        kind = schema.get("type") or "object"
        return " or ".join(kind) if isinstance(kind, list) else kind

    def body(self, title, content):
        parts = []
        for media_type, media in (content or {}).items():
            parts.append(f"<p>{title}: {escape(media_type)} {escape(self.type_of(media.get('schema')))}</p>")
            schema = self.resolve(media.get("schema"))
            if schema.get("properties"):
                required = schema.get("required", [])
                parts.append(table(["field", "type", "meaning"], [
                    (name + (" *" if name in required else ""), self.type_of(field),
                     self.resolve(field).get("description")) for name, field in schema["properties"].items()]))
            examples = [e.get("value") for e in media.get("examples", {}).values()]
            example = media.get("example", examples[0] if examples else None)
            if example is not None:
                parts.append(f"<pre>{escape(json.dumps(example, indent=2, ensure_ascii=False, default=str))}</pre>")
        return "".join(parts)

    def operation(self, path, method, shared, op):
        parts = [f"<summary><b>{method.upper()}</b><code>{escape(path)}</code>"
                 f"<span>{escape(op.get('summary', ''))}</span></summary>", prose(op.get("description"))]
        parameters = [self.resolve(p) for p in shared + op.get("parameters", [])]
        if parameters:
            parts.append(table(["parameter", "in", "type", "meaning"], [
                (p["name"] + (" *" if p.get("required") else ""), p["in"], self.type_of(p.get("schema")),
                 p.get("description")) for p in parameters]))
        parts.append(self.body("Body", self.resolve(op.get("requestBody")).get("content")))
        for status, answer in op.get("responses", {}).items():
            found = self.resolve(answer)
            parts.append(f"<h4>{escape(str(status))} {escape(found.get('description', ''))}</h4>")
            if int(status) < 400:
                parts.append(self.body("Answer", found.get("content")))
        return f"<details>{''.join(parts)}</details>"

    def render(self):
        by_tag = {}
        for path, item in self.api["paths"].items():
            for method in METHODS:
                if method in item:
                    op = item[method]
                    by_tag.setdefault((op.get("tags") or ["other"])[0], []).append(
                        self.operation(path, method, item.get("parameters", []), op))
        groups = "".join(f"<h2>{escape(tag)}</h2>{''.join(all_of)}" for tag, all_of in by_tag.items())
        return prose(self.api["info"].get("description")) + groups
