"""docker/many: every file that the composition names is there, and the files agree with each other."""

import json
import re
import subprocess
import unittest
from importlib import resources

import jsonschema

from files import DOCKER, ROOT, Checked, drain_seconds, load

FOLDER = DOCKER / "many"


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()
    return int(number) * {"s": 1, "m": 60}[unit]


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = load("many/compose.yaml")
        cls.services = cls.file["services"]
        cls.config = (FOLDER / "beckon.json5").read_text(encoding="utf-8")
        cls.replicas = {name: service for name, service in cls.services.items()
                        if service["image"] == "beckon" and "command" not in service}

    def test_the_schema_of_compose_accepts_every_composition(self):
        try:
            schema = resources.files("compose").joinpath("config/compose_spec.json")
            schema = json.loads(schema.read_text(encoding="utf-8"))
        except ModuleNotFoundError:
            self.skipTest("the schema of compose is not installed (Tests/setup.sh test)")
        for path in ("compose.yaml", "many/compose.yaml"):
            file = load(path)
            # The schema is older than this field.
            self.assertRegex(file.pop("name"), "^[a-z0-9][a-z0-9_-]*$")
            jsonschema.validate(file, schema)
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate({"services": {"a": {"image": ["b"]}}}, schema)

    def test_compose_itself_accepts_them(self):
        def compose(*arguments):
            try:
                return subprocess.run(["docker", "compose", *arguments], text=True,
                                      capture_output=True)
            except FileNotFoundError as error:
                return subprocess.CompletedProcess([], 1, "", str(error))
        if compose("version").returncode:
            self.skipTest("docker compose is not installed")
        for path in ("compose.yaml", "many/compose.yaml"):
            run = compose("--file", str(DOCKER / path), "config", "--quiet")
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_there_are_replicas_that_differ_in_nothing(self):
        self.assertGreaterEqual(len(self.replicas), 2)
        one, *others = self.replicas.values()
        for other in others:
            self.assertEqual(other, one)
        self.assertIn("--ready", one["healthcheck"]["test"])

    def test_what_a_service_names_exists(self):
        for name, service in self.services.items():
            for key in ("networks", "secrets"):
                for used in service.get(key, []):
                    self.assertIn(used, self.file[key], name)
            for other in service.get("depends_on", []):
                self.assertIn(other, self.services, name)
            for volume in service.get("volumes", []):
                source, _, *mode = volume.split(":")
                if source.startswith("."):
                    self.assertTrue((FOLDER / source).is_file(), volume)
                    self.assertEqual(mode, ["ro"], volume)
                else:
                    self.assertIn(source, self.file["volumes"], volume)
            if "build" in service:
                build = service["build"]
                self.assertTrue((FOLDER / build["context"] / build["dockerfile"]).is_file(), name)
            else:
                self.assertRegex(service["image"], r":v?\d", "of a version")

    def test_only_this_machine_reaches_what_is_published(self):
        for name, service in self.services.items():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), (name, port))

    def test_only_the_replicas_reach_the_database(self):
        self.assertIs(self.file["networks"]["store"]["internal"], True)
        inside = {name for name, service in self.services.items() if "store" in service["networks"]}
        self.assertEqual(inside, {"postgres", "user", *self.replicas})
        self.assertNotIn("ports", self.services["postgres"])

    def test_containers_have_no_privilege_and_write_nowhere_else(self):
        for name, service in self.services.items():
            self.assertIn("no-new-privileges:true", service["security_opt"], name)
            if name != "postgres":  # Its image starts as root and changes the owner of its folder.
                self.assertEqual(service["cap_drop"], ["ALL"], name)
                self.assertIs(service["read_only"], True, name)

    def test_a_replica_has_the_time_that_it_needs_to_stop(self):
        for service in self.replicas.values():
            self.assertGreater(seconds(service["stop_grace_period"]), drain_seconds(self.config))

    def test_secrets_are_files_outside_of_the_repository(self):
        for secret in self.file["secrets"].values():
            path = (FOLDER / secret["file"]).relative_to(ROOT)
            ignored = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", str(path)],
                                     cwd=ROOT).returncode
            self.assertEqual(ignored, 0, f"{path} could be committed")
            ignored = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
            self.assertIn("docker/many/secrets", ignored, "it would be sent to the builder")

    def test_the_replicas_believe_the_proxy_and_nobody_else(self):
        address = self.services["proxy"]["networks"]["front"]["ipv4_address"]
        self.assertIn(f'trusted_proxies: ["{address}/32"]', self.config)

    def test_the_proxy_reaches_every_replica(self):
        listens = re.search(r'listen: \{\s*address: "0.0.0.0:(\d+)"', self.config).group(1)
        proxy = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"^ *server (\S+) ", proxy, re.MULTILINE)),
                         {f"{name}:{listens}" for name in self.replicas})
        [inside] = re.findall(r"^ *listen (\d+);", proxy, re.MULTILINE)
        [published] = self.services["proxy"]["ports"]
        self.assertEqual(published.split(":")[-1], inside)
        public = re.search(r'public_url: "http://([^"]+)"', self.config).group(1)
        self.assertEqual(published.rsplit(":", 1)[0], public)
        self.assertIn(f"--service-url=http://proxy:{inside}", self.services["acp"]["command"])

    def test_prometheus_scrapes_every_replica(self):
        port = re.search(r'management: \{ address: "0.0.0.0:(\d+)"', self.config).group(1)
        [job] = load("prometheus/prometheus.yaml")["scrape_configs"]
        self.assertEqual(job["job_name"], "beckon")
        [group] = job["static_configs"]
        self.assertEqual(set(group["targets"]), {f"{name}:{port}" for name in self.replicas})

    def test_prometheus_and_grafana_find_their_files(self):
        mounted = {name: dict(volume.split(":")[:2] for volume in self.services[name]["volumes"])
                   for name in ("prometheus", "grafana")}
        for name in load("prometheus/prometheus.yaml")["rule_files"]:
            self.assertEqual(mounted["prometheus"][f"../prometheus/{name}"], f"/etc/prometheus/{name}")
        self.assertIn("--config.file=" + mounted["prometheus"]["../prometheus/prometheus.yaml"],
                      self.services["prometheus"]["command"])
        [provider] = load("grafana/provider.yaml")["providers"]
        dashboard = mounted["grafana"]["../grafana/dashboard.json"]
        self.assertEqual(dashboard.rsplit("/", 1)[0], provider["options"]["path"])
        environment = self.services["grafana"]["environment"]
        self.assertEqual(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"], dashboard)
        [source] = load("grafana/datasource.yaml")["datasources"]
        self.assertEqual((source["type"], source["url"]), ("prometheus", "http://prometheus:9090"))

    def test_beckon_accepts_the_configuration(self):
        checked = Checked(self.config, "/run/secrets", {"postgres-password": "0123456789abcdef"})
        self.assertEqual(checked.status, 0, checked.said)


if __name__ == "__main__":
    unittest.main()
