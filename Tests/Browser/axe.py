"""axe-core, which finds barriers in a page. Tests/setup.sh installs it."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RUN = """
    const options = { resultTypes: ['violations'] };
    if (arguments[0]) options.runOnly = [arguments[0]];
    return axe.run(options).then((found) => found.violations.map(
      (rule) => rule.id + ': ' + rule.nodes.map((node) => node.target.join(' ')).join(', ')));
"""


def source():
    """The library as a script; None where it could not be installed."""
    found = sorted(ROOT.glob(".venv/browser/lib/python*/site-packages/**/axe.min.js"))
    return found[0].read_text() if found else None


def barriers(browser, script, only=None):
    """What is wrong with the page in the browser, by all rules or one; empty if nothing is."""
    if browser.run("return typeof axe === 'undefined'"):
        browser.run(script)
    return browser.run(RUN, only)
