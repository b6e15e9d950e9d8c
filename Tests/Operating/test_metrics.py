"""docker/prometheus and docker/grafana against the metrics of a running service: nothing is named that
does not exist, every panel shows something, and a healthy service raises no alert."""

import contextlib
import http.client
import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import yaml

import promql
from files import DOCKER, ROOT, load, program

from acp import ACP
from beckon import BINARY, Beckon, Phone, authorization_server
from ports import free_port

ALERTS = DOCKER / "prometheus/alerts.yaml"
DASHBOARD = json.loads((DOCKER / "grafana/dashboard.json").read_text(encoding="utf-8"))
RULES = [rule for group in load("prometheus/alerts.yaml")["groups"] for rule in group["rules"]]
# What Prometheus itself adds.
OWN_METRICS = {"up": {"job", "instance"}}
OWN_LABELS = {"job", "instance", "le"}
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ", re.MULTILINE)
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')


def queries():
    """(panel, expression) of each query of the dashboard."""
    return [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"]
            for target in panel.get("targets", [])]


def plain(expression):
    """An expression of the dashboard with values for Grafana's variables."""
    return (expression.replace("$__rate_interval", "10s").replace("$__interval", "10s")
            .replace("$server", ".*"))


EXPRESSIONS = [(rule["alert"], rule["expr"]) for rule in RULES] + [
    (panel, plain(expression)) for panel, expression in queries()] + [
    ("annotations", plain(note["expr"])) for note in DASHBOARD["annotations"]["list"]]


class Services(contextlib.ExitStack):
    """Two services: one that has handled a login and a wrong password, and one with everything that
    has metrics of its own: TLS, a client certificate, clients, and the audit in a file."""

    def __init__(self):
        super().__init__()
        try:
            self.begin()
        except BaseException:
            self.close()
            raise

    def begin(self):
        folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="operating-")))
        for name in ("server", "client"):
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "90", "-subj", f"/CN={name}",
                 "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
                check=True, capture_output=True)
        phone = self.enter_context(Phone())
        acp = self.enter_context(ACP("http://127.0.0.1:9"))
        plain = self.enter_context(Beckon(phone, acp.url))
        plain.run("users", "add", "--user=customer-4711")
        acp.beckon = urllib.parse.urlsplit(plain.url)
        login = acp.start()
        assert phone.decide(plain, login.id, "approve")[0] == 200
        phone.receipt(plain, login.id)
        server = authorization_server(
            "acp", "https://127.0.0.1:9", client_secret=None,
            client_authentication="tls_client_auth", certificate=str(folder / "client.pem"),
            key=str(folder / "client.key"))
        server["outbound"].pop("client_secret")
        port = free_port()
        tls = {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
        full = self.enter_context(Beckon(None, None, {
            "public_url": f"https://127.0.0.1:{port}",
            "listen": {"address": f"127.0.0.1:{port}", "tls": {**tls, "client_certificates": "any"},
                       "people": {"address": "127.0.0.1:0", "tls": tls}},
            "authorization_servers": [server],
            "trust": {},
            "log": {"audit": str(folder / "audit.ndjson")},
        }))
        self.all = [plain, full]
        self.text = "".join(service.metrics() for service in self.all)


@unittest.skipUnless(program("prometheus"), "Prometheus is not installed")
class MetricsTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.services = Services()
        cls.addClassCleanup(cls.services.close)
        # The labels of each metric, with the values that were seen.
        cls.known = {name: {} for name in re.findall(r"^# TYPE (\S+)", cls.services.text, re.MULTILINE)}
        for name, labels in SAMPLE.findall(cls.services.text):
            for label, value in LABEL.findall(labels):
                cls.known.setdefault(name, {}).setdefault(label, set()).add(value)
            cls.known.setdefault(name, {})

    def test_every_metric_that_is_named_exists(self):
        for where, expression in EXPRESSIONS:
            named = promql.metrics(expression)
            self.assertTrue(named, (where, expression))
            self.assertLessEqual(named, self.known.keys() | OWN_METRICS.keys(), where)

    def test_every_label_and_value_that_is_named_exists(self):
        for where, expression in EXPRESSIONS:
            labels = set().union(*(self.known.get(name, ()) for name in promql.metrics(expression)))
            self.assertLessEqual(promql.groupings(expression), labels | OWN_LABELS, where)
            for metric, label, operator, value in promql.matchers(expression):
                if label in OWN_LABELS:
                    continue
                seen = self.known[metric].get(label, set())
                # Statuses are series once they have been answered.
                if operator == "=" or (operator == "=~" and label != "status"):
                    self.assertTrue(
                        any(re.fullmatch(value, one) if operator == "=~" else one == value
                            for one in seen), f"{where}: no {metric} has {label}{operator}{value}")

    def test_every_listener_with_a_certificate_says_when_it_expires(self):
        seen = self.known["beckon_listener_certificate_expiry_timestamp_seconds"]["listener"]
        self.assertEqual(seen, {"public", "people"})

    def test_every_metric_of_the_service_is_shown(self):
        shown = set().union(*(promql.metrics(expression) for _, expression in EXPRESSIONS))
        shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
        families = set(re.findall(r"^# TYPE (\S+)", self.services.text, re.MULTILINE))
        self.assertEqual(families - shown, set(), "neither in the dashboard nor in an alert")

    def test_promtool_accepts_rules_configuration_and_every_query(self):
        for command in (["check", "rules", ALERTS],
                        ["check", "config", DOCKER / "prometheus/prometheus.yaml"]):
            run = subprocess.run(["promtool", *command], text=True, capture_output=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        # Debian's Prometheus is built without Kubernetes: everything else of this one.
        config = load("prometheus/kubernetes.yaml")
        config["rule_files"] = [str(ALERTS)]
        for job in config["scrape_configs"]:
            del job["kubernetes_sd_configs"]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(config, file)
            file.flush()
            run = subprocess.run(["promtool", "check", "config", file.name], text=True,
                                 capture_output=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "dashboard", "rules": [
                {"record": f"a:{number}", "expr": expression}
                for number, (_, expression) in enumerate(EXPRESSIONS)]}]}, file)
            file.flush()
            run = subprocess.run(["promtool", "check", "rules", file.name], text=True,
                                 capture_output=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_alerts_fire_when_they_must_and_not_before(self):
        run = subprocess.run(["promtool", "test", "rules", "alerts.test.yaml"],
                             cwd=pathlib.Path(__file__).parent, text=True, capture_output=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_every_alert_says_what_to_do_in_words_that_exist(self):
        sources = "".join(file.read_text(encoding="utf-8")
                          for file in (ROOT / "Sources").rglob("*.swift"))
        example = (ROOT / "Config/beckon.example.json5").read_text(encoding="utf-8")
        self.assertEqual(len({rule["alert"] for rule in RULES}), len(RULES))
        for rule in RULES:
            runbook = rule["annotations"]["runbook"]
            self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
            self.assertTrue(rule["annotations"]["summary"])
            self.assertGreater(len(runbook), 100, rule["alert"])
            for metric in re.findall(r"\b(?:beckon|process)_[a-z_]+", runbook):
                self.assertIn(metric, self.known, rule["alert"])
            for other in re.findall(r"\bBeckon[A-Z]\w+", runbook):
                self.assertIn(other, [rule["alert"] for rule in RULES])
            for word in re.findall(r"\b[a-z_]+\.[a-z_]+\b", runbook):
                self.assertTrue(f'"{word}"' in sources
                                or re.search(rf"\b{word.split('.')[1]}:", example), word)
            for words, options in re.findall(
                    r"\bbeckon ((?:check|logins|audit|notify-test|blocks|health)(?: [a-z]+)?)"
                    r"((?: --[a-z-]+)*)", runbook):
                words = words.split()
                if words[0] in ("check", "notify-test", "health"):
                    words = words[:1]
                run = subprocess.run([BINARY, *words, "--help"], text=True, capture_output=True)
                self.assertEqual(run.returncode, 0, (rule["alert"], words))
                for option in options.split():
                    self.assertIn(option, run.stdout, rule["alert"])

    def test_the_dashboard_is_one_that_grafana_can_load(self):
        panels = DASHBOARD["panels"]
        numbers = [panel["id"] for panel in panels]
        self.assertEqual(len(set(numbers)), len(numbers))
        variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
        self.assertIn("datasource", variables)
        wanted = {"type": "prometheus", "uid": "${datasource}"}
        places = set()
        for panel in panels:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}
            self.assertTrue(places.isdisjoint(cells), f"{panel['title']} covers another panel")
            places |= cells
            if panel["type"] == "row":
                continue
            self.assertEqual(panel["datasource"], wanted, panel["title"])
            self.assertTrue(panel["targets"], panel["title"])
            names = [target["refId"] for target in panel["targets"]]
            self.assertEqual(len(set(names)), len(names), panel["title"])
            for target in panel["targets"]:
                self.assertEqual(target["datasource"], wanted, panel["title"])
        for name in re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)):
            self.assertTrue(name in variables or name.startswith("__"), f"${name}")


class Prometheus:
    """The server, with the committed configuration, for these services."""

    def __init__(self, folder, services):
        self.port = free_port()
        config = load("prometheus/prometheus.yaml")
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        [job] = config["scrape_configs"]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{one.management}" for one in services]}]
        config["rule_files"] = [str(ALERTS)]
        file = pathlib.Path(folder) / "prometheus.yaml"
        file.write_text(yaml.safe_dump(config))
        self.process = subprocess.Popen(
            [program("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error"],
            stderr=subprocess.DEVNULL)

    def ask(self, path, **query):
        with contextlib.closing(
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
            answer = json.loads(connection.getresponse().read())
        assert answer["status"] == "success", (query, answer)
        return answer["data"]

    def value(self, expression):
        """The first value; nil without one, and while the server starts."""
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            found = self.ask("query", query=expression)["result"]
            return float(found[0]["value"][1]) if found else None

    def wait(self, expression, value, limit=60):
        end = time.monotonic() + limit
        while (self.value(expression) or 0) < value:
            assert time.monotonic() < end, f"{expression} is {self.value(expression)}, not {value}"
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@unittest.skipUnless(program("prometheus"), "Prometheus is not installed")
class ScrapedTests(unittest.TestCase):
    def test_every_panel_shows_something_and_a_healthy_service_raises_no_alert(self):
        folder = tempfile.TemporaryDirectory(prefix="prometheus-")
        self.addCleanup(folder.cleanup)
        services = Services()
        self.addCleanup(services.close)
        prometheus = Prometheus(folder.name, services.all)
        self.addCleanup(prometheus.stop)
        prometheus.wait('min(count_over_time(up{job="beckon"}[1m]))', 4)
        for panel, expression in queries():
            with self.subTest(panel):
                found = prometheus.ask("query", query=plain(expression))["result"]
                # A rate of one login may be over before it is read.
                if "> 0" not in expression:
                    self.assertTrue(found, expression)
        rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
        self.assertEqual(len(rules), len(RULES))
        for rule in rules:
            self.assertEqual(rule["health"], "ok", (rule["name"], rule.get("lastError")))
        self.assertEqual(prometheus.ask("alerts")["alerts"], [])
        # A replica that is gone is noticed.
        services.all[0].kill()
        prometheus.wait('count(ALERTS{alertname="BeckonDown"})', 1)


if __name__ == "__main__":
    unittest.main()
