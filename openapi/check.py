"""Validates an OpenAPI description, and its examples against their schemas."""

import sys

import jsonschema
import yaml
from openapi_spec_validator import validate


class Loader(yaml.SafeLoader):
    """As JSON would read it: a date stays the text it is."""


Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if "timestamp" not in tag]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def main(path, least):
    """`least` is how many examples there must be, so that none is missed silently."""
    with open(path, encoding="utf-8") as file:
        document = yaml.load(file, Loader)
    validate(document)
    problems, count = [], 0

    def follow(node):
        while isinstance(node, dict) and "$ref" in node:
            target = document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node

    def visit(node, place):
        nonlocal count
        if isinstance(node, list):
            for index, item in enumerate(node):
                visit(item, f"{place}/{index}")
        if not isinstance(node, dict):
            return
        if "schema" in node:
            values = [node["example"]] if "example" in node else []
            values += [follow(example)["value"] for example in node.get("examples", {}).values()]
            schema = {"$ref": "#/schema", "schema": node["schema"],
                      "components": document["components"]}
            for value in values:
                count += 1
                for error in jsonschema.Draft202012Validator(schema).iter_errors(value):
                    problems.append(f"{path}: {place}: {error.json_path}: {error.message}")
        for name, item in node.items():
            if name not in ("example", "examples", "value"):
                visit(item, f"{place}/{name}")

    visit(document["paths"], "paths")
    visit(document.get("webhooks", {}), "webhooks")
    visit(document["components"], "components")
    if count < least:
        problems.append(f"{path}: only {count} examples were found")
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
