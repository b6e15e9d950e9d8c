"""docker/kubernetes: valid by the schemas of Kubernetes, hardened, and in agreement with the service."""

import re
import subprocess
import tempfile
import unittest

import yaml

from files import DOCKER, Checked, drain_seconds, load

from beckon import BINARY, Beckon

FOLDER = DOCKER / "kubernetes"
# The oldest version that is still seen in use, and what the manifests are written for.
VERSIONS = ("1.31", "1.37")


class Kubernetes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.resources = [resource for file in sorted(FOLDER.glob("*.yaml"))
                         for resource in yaml.safe_load_all(file.read_text(encoding="utf-8"))]
        cls.template = yaml.safe_load(
            (FOLDER / "secret.yaml.template").read_text(encoding="utf-8"))
        cls.one = {resource["kind"]: resource for resource in cls.resources}
        cls.pod = cls.one["Deployment"]["spec"]["template"]
        cls.containers = cls.pod["spec"]["containers"]
        cls.config = cls.one["ConfigMap"]["data"]["beckon.json5"]
        [cls.beckon] = cls.containers
        cls.ports = {port["name"]: port["containerPort"] for port in cls.beckon["ports"]}

    def test_the_schemas_accept_every_manifest(self):
        try:
            import kubernetes_validate
        except ModuleNotFoundError:
            self.skipTest("the schemas of Kubernetes are not installed (Tests/setup.sh test)")
        for version in VERSIONS:
            for resource in [*self.resources, self.template]:
                with self.subTest(f"{resource['kind']} of {version}"):
                    kubernetes_validate.validate(resource, version, strict=True)
        wrong = yaml.safe_load(yaml.safe_dump(self.one["Deployment"]))
        wrong["spec"]["template"]["spec"]["containers"][0]["securityContxt"] = {}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)

    def test_there_is_one_of_each_kind(self):
        self.assertEqual(len(self.one), len(self.resources))
        self.assertEqual(set(self.one), {
            "Namespace", "ServiceAccount", "ConfigMap", "Deployment", "Service",
            "PodDisruptionBudget", "NetworkPolicy"})
        for resource in [*self.resources, self.template]:
            if resource["kind"] != "Namespace":
                self.assertEqual(resource["metadata"]["namespace"],
                                 self.one["Namespace"]["metadata"]["name"])

    def test_every_selector_finds_the_pods(self):
        labels = self.pod["metadata"]["labels"]
        policy, budget = self.one["NetworkPolicy"]["spec"], self.one["PodDisruptionBudget"]["spec"]
        selectors = [
            self.one["Deployment"]["spec"]["selector"]["matchLabels"],
            self.one["Service"]["spec"]["selector"], budget["selector"]["matchLabels"],
            policy["podSelector"]["matchLabels"],
            *(spread["labelSelector"]["matchLabels"]
              for spread in self.pod["spec"]["topologySpreadConstraints"])]
        for selector in selectors:
            self.assertTrue(selector)
            self.assertLessEqual(selector.items(), labels.items())

    def test_a_replica_can_leave_and_others_stay(self):
        spec = self.one["Deployment"]["spec"]
        self.assertGreaterEqual(spec["replicas"], 2)
        self.assertEqual(spec["strategy"]["rollingUpdate"]["maxUnavailable"], 0)
        self.assertEqual(self.one["PodDisruptionBudget"]["spec"]["maxUnavailable"], 1)
        keys = {spread["topologyKey"] for spread in self.pod["spec"]["topologySpreadConstraints"]}
        self.assertIn("kubernetes.io/hostname", keys)

    def test_containers_have_no_privilege_and_write_nowhere(self):
        pod = self.pod["spec"]["securityContext"]
        self.assertEqual(self.one["Namespace"]["metadata"]["labels"][
            "pod-security.kubernetes.io/enforce"], "restricted")
        self.assertIs(pod["runAsNonRoot"], True)
        self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
        image = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
        self.assertIn(f"USER {pod['runAsUser']}\n", image)
        self.assertNotIn("initContainers", self.pod["spec"])
        for container in self.containers:
            security = container["securityContext"]
            self.assertIs(security["readOnlyRootFilesystem"], True)
            self.assertIs(security["allowPrivilegeEscalation"], False)
            self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
            self.assertLessEqual({"requests", "limits"}, container["resources"].keys())
            for mount in container["volumeMounts"]:
                self.assertIs(mount["readOnly"], True)

    def test_nothing_in_the_pod_may_call_kubernetes(self):
        self.assertIs(self.one["ServiceAccount"]["automountServiceAccountToken"], False)
        self.assertIs(self.pod["spec"]["automountServiceAccountToken"], False)
        self.assertEqual(self.pod["spec"]["serviceAccountName"],
                         self.one["ServiceAccount"]["metadata"]["name"])

    def test_the_probes_ask_what_a_running_service_answers(self):
        probes = {name: self.beckon[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}
        with Beckon(None, "http://127.0.0.1:9") as beckon:
            for name, probe in probes.items():
                get = probe["httpGet"]
                self.assertEqual(get["port"], "management")
                status, said = beckon.request("GET", get["path"], port=beckon.management)
                self.assertEqual(status, 200, name)
                self.assertEqual(said["status"], "ready" if name == "readiness" else "live")
                # Nobody else reaches them.
                self.assertEqual(beckon.request("GET", get["path"])[0], 404)

    def test_a_replica_has_the_time_that_it_needs_to_stop(self):
        [program, before] = self.beckon["lifecycle"]["preStop"]["exec"]["command"]
        self.assertEqual(program, "sleep")
        self.assertGreater(self.pod["spec"]["terminationGracePeriodSeconds"],
                           int(before) + drain_seconds(self.config))

    def test_ports_are_those_of_the_configuration(self):
        for name, group in (("http", "listen"), ("management", "management")):
            address = re.search(rf'\b{group}: {{\s*address: "0.0.0.0:(\d+)"', self.config)
            self.assertEqual(int(address.group(1)), self.ports[name])
        [port] = self.one["Service"]["spec"]["ports"]
        self.assertEqual(port["targetPort"], "http")

    def test_prometheus_finds_the_pods(self):
        [job] = load("prometheus/kubernetes.yaml")["scrape_configs"]
        self.assertEqual(job["job_name"], "beckon")
        [discovery] = job["kubernetes_sd_configs"]
        self.assertEqual(discovery["namespaces"]["names"],
                         [self.one["Namespace"]["metadata"]["name"]])
        kept = {rule["source_labels"][0]: rule["regex"] for rule in job["relabel_configs"]
                if rule.get("action") == "keep"}
        self.assertEqual(kept, {
            "__meta_kubernetes_pod_label_app_kubernetes_io_name":
                self.pod["metadata"]["labels"]["app.kubernetes.io/name"],
            "__meta_kubernetes_pod_container_port_name": "management"})

    def test_who_reaches_the_pods_and_whom_they_reach(self):
        policy = self.one["NetworkPolicy"]["spec"]
        self.assertEqual(set(policy["policyTypes"]), {"Ingress", "Egress"})
        ingress = [(rule["from"], [port["port"] for port in rule["ports"]])
                   for rule in policy["ingress"]]
        self.assertEqual([ports for _, ports in ingress], [["http"], ["management"]])
        for peers, _ in ingress:
            for peer in peers:
                self.assertLessEqual({"namespaceSelector", "podSelector"}, peer.keys())
        egress = [sorted({port["port"] for port in rule["ports"]}) for rule in policy["egress"]]
        self.assertEqual(egress, [[53], [5432], [443]])
        store = re.search(r'url: "postgresql://[^/"]*:(\d+)/', self.config).group(1)
        self.assertIn([int(store)], egress)
        self.assertIn("169.254.0.0/16", policy["egress"][2]["to"][0]["ipBlock"]["except"])

    def test_every_secret_of_the_configuration_is_in_the_template_and_has_no_value(self):
        [mount] = [mount for mount in self.beckon["volumeMounts"] if mount["name"] == "secrets"]
        named = set(re.findall(rf'"{re.escape(mount["mountPath"])}/([^"]+)"', self.config))
        self.assertEqual(named, set(self.template["stringData"]))
        self.assertEqual(set(self.template["stringData"].values()), {"REPLACE"})
        [volume] = [volume for volume in self.pod["spec"]["volumes"] if volume["name"] == "secrets"]
        self.assertEqual(volume["secret"]["secretName"], self.template["metadata"]["name"])
        self.assertEqual(volume["secret"]["defaultMode"] & 0o007, 0)
        # kubectl apply reads every file of a folder that is named so.
        self.assertFalse(list(FOLDER.glob("secret*.yaml")))

    def test_the_pod_starts_with_the_file_of_the_config_map(self):
        [option] = [argument for argument in self.beckon["args"] if argument.startswith("--config=")]
        folder, file = option.removeprefix("--config=").rsplit("/", 1)
        self.assertEqual(self.one["ConfigMap"]["data"].keys(), {file})
        [mount] = [mount for mount in self.beckon["volumeMounts"] if mount["name"] == "config"]
        self.assertEqual(mount["mountPath"], folder)

    def test_beckon_accepts_the_configuration(self):
        def beckon(*arguments, **more):
            return subprocess.run([BINARY, *arguments], text=True, capture_output=True, check=True,
                                  **more).stdout
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=db", "-keyout",
                 f"{folder}/key", "-out", f"{folder}/pem"], check=True, capture_output=True)
            with open(f"{folder}/pem", encoding="ascii") as file:
                authority = file.read()
        checked = Checked(self.config, "/run/secrets/beckon", {
            "postgres-password": "0123456789abcdef",
            "postgres-ca.pem": authority,
            "acp-password-hash": beckon("hash-secret", input="not-a-secret-but-long-enough\n"),
            "acp-client-secret": "not-a-secret-but-long-enough",
            "webhook-secret": beckon("hash-secret", "--webhook"),
        })
        self.assertEqual(checked.status, 0, checked.said)


if __name__ == "__main__":
    unittest.main()
