"""The devices of `openapi/examples` enrol at a running service and approve logins: what can be compiled
here. A language whose compiler is missing is skipped, and the reason is printed."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "BlackBox"))

from acp import ACP
from beckon import Beckon, Phone
from ports import free_port

EXAMPLES = HERE.parents[1] / "openapi/examples"
DRIVERS = HERE / "Examples"
PERSON = "customer-4711"
JSON_JAR = pathlib.Path("/usr/share/java/json-android.jar")


def missing(*programs):
    return ", ".join(name for name in programs if not shutil.which(name))


def compile_with(*command):
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.phone, cls.acp = Phone(), ACP("http://127.0.0.1:1")
        cls.beckon = Beckon(cls.phone, cls.acp.url, {
            "approval": {"tap": False, "device_key_pin": True},
            "public_url": "http://127.0.0.1:%d" % free_port(),
        })
        address = cls.beckon.config["public_url"]
        cls.beckon.config["listen"] = {"address": address.removeprefix("http://")}
        cls.beckon.file.write_text(json.dumps(cls.beckon.config))
        cls.beckon.run("migrate")
        cls.beckon.run("users", "add", f"--user={PERSON}")
        cls.beckon.start()
        cls.acp.beckon = cls.acp.beckon._replace(netloc=f"127.0.0.1:{cls.beckon.port}")

    @classmethod
    def tearDownClass(cls):
        cls.beckon.close()
        for server in (cls.phone, cls.acp):
            server.__exit__(None, None, None)

    def drive(self, *command):
        """Runs a device until it has approved a login."""
        code = json.loads(self.beckon.run("devices", "enrol", f"--user={PERSON}", "--json"))["code"]
        words = [word.replace("{service}", self.beckon.url).replace("{code}", code) for word in command]
        device = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        try:
            line = device.stdout.readline()
            self.assertEqual(line, "enrolled\n", device.stderr.read() if not line else "")
            login = self.acp.start(PERSON)
            self.phone.prompt(login.id)  # then the login waits
            output, errors = device.communicate("\n", timeout=60)
        finally:
            device.kill()
            device.wait()
        self.assertEqual(device.returncode, 0, errors)
        told = json.loads(output)
        self.assertEqual(told["shown"], login.scopes)
        self.assertEqual((told["receipt"]["id"], told["receipt"]["decision"]), (login.id, "approve"))
        self.assertTrue(login.decided.wait(20))
        self.assertEqual(login.decision, "accept")

    def skip(self, absent):
        reason = f"{self._testMethodName}: not installed: {absent}"
        print("skipped " + reason, flush=True)
        self.skipTest(reason)

    def test_typescript(self):
        absent = missing("tsc", "node")
        if absent:
            self.skip(absent)
        with tempfile.TemporaryDirectory() as folder:
            compile_with("tsc", "--strict", "--target", "es2022", "--module", "es2022", "--lib",
                         "es2022,dom,dom.iterable", "--outDir", folder, str(EXAMPLES / "device.ts"))
            module = os.path.join(folder, "device.mjs")
            os.rename(os.path.join(folder, "device.js"), module)
            self.drive("node", str(DRIVERS / "drive.mjs"), module, "{service}", "{code}")

    def test_kotlin(self):
        absent = missing("kotlinc", "java") or ("" if JSON_JAR.exists() else str(JSON_JAR))
        if absent:
            self.skip(absent)
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "device.jar")
            compile_with("kotlinc", "-nowarn", "-include-runtime", "-cp", str(JSON_JAR), "-d", program,
                         str(EXAMPLES / "Device.kt"), str(DRIVERS / "Drive.kt"))
            self.drive("java", "-cp", f"{program}:{JSON_JAR}", "DriveKt", "{service}", "{code}")

    def test_swift(self):
        absent = missing("swiftc", "openssl")
        if absent:
            self.skip(absent)
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "device")
            compile_with("swiftc", "-swift-version", "6", "-parse-as-library", "-o", program,
                         str(EXAMPLES / "Device.swift"), str(DRIVERS / "Drive.swift"))
            self.drive(program, "{service}", "{code}", folder)


if __name__ == "__main__":
    unittest.main()
