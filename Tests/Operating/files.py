"""The files for operators, read as the programs read them that they are for."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/BlackBox"))

from beckon import BINARY  # noqa: E402

DOCKER = ROOT / "docker"


def load(path):
    """The one document of a YAML file."""
    return yaml.safe_load((DOCKER / path).read_text(encoding="utf-8"))


def program(name):
    """Where a program of an administrator is, which is only in root's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


class Checked:
    """`beckon check` of a configuration with the secrets that it names.

    `secrets` are the contents of files by name; the configuration looks for them in `place`.
    """

    def __init__(self, text, place, secrets):
        with tempfile.TemporaryDirectory(prefix="operating-") as own:
            folder = pathlib.Path(own)
            # As Kubernetes mounts a Secret: the names are links to files in a folder of one version.
            (folder / "..data").mkdir()
            for name, content in secrets.items():
                (folder / "..data" / name).write_text(content)
                (folder / "..data" / name).chmod(0o440)
                (folder / name).symlink_to(f"..data/{name}")
            text = text.replace(place, own)
            file = folder / "beckon.json5"
            file.write_text(text)
            file.chmod(0o640)
            run = subprocess.run([BINARY, "check", f"--config={file}"], text=True,
                                 capture_output=True)
        self.status, self.said = run.returncode, run.stdout + run.stderr


def drain_seconds(text):
    """How long a service with this configuration may take to stop: limits.drain, and 2 seconds for
    work that runs."""
    example = (ROOT / "Config/beckon.example.json5").read_text(encoding="utf-8")
    found = re.search(r'^ *drain: "(\d+)s"', text, re.MULTILINE) \
        or re.search(r'\bdrain: "(\d+)s"', text) or re.search(r'^ *drain: "(\d+)s"', example, re.MULTILINE)
    return int(found.group(1)) + 2
