"""What an expression of Prometheus names: enough of its grammar to find metrics and labels."""

import re

STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^{}]*)\}")
MATCHER = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
OPERATORS = {"or", "and", "unless", "bool", "offset", "inf", "nan"}


def matchers(expression):
    """(metric, label, operator, value) of each matcher."""
    return [(metric, *matcher) for metric, inner in SELECTOR.findall(expression)
            for matcher in MATCHER.findall(inner)]


def groupings(expression):
    """The labels by which is grouped."""
    return {name.strip() for inner in GROUPING.findall(STRING.sub('""', expression))
            for name in inner.split(",") if name.strip()}


def metrics(expression):
    """The names of metrics."""
    text = STRING.sub('""', expression)
    text = re.sub(r"\{[^{}]*\}", "", GROUPING.sub(" ", text))
    text = re.sub(r"\[[^\]]*\]", "", text)
    text = re.sub(r"\b\d[\w.]*", "", text)
    return {name.group() for name in NAME.finditer(text)
            if name.group().lower() not in OPERATORS
            and not re.match(r"\s*\(", text[name.end():])
            and not re.match(r"\s*(by|without)\s*\(", text[name.end():])}
