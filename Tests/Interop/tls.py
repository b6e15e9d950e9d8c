"""Checks the listener's TLS with sslyze against Mozilla's intermediate profile.

    tls.py BECKON

Fails on everything that sslyze finds, except what depends on who issued the certificate.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "BlackBox"))

import beckon as driver  # noqa: E402

driver.BINARY = sys.argv[1]


def certificate(directory):
    """One as the profile wants it: ECDSA with P-256, and not valid for long."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "90", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.pem",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        cwd=directory, check=True, capture_output=True)


def scan(port, directory):
    report = pathlib.Path(directory) / "report.json"
    run = subprocess.run(
        [sys.executable, "-m", "sslyze", "--mozilla_config=intermediate",
         f"--certinfo_ca_file={directory}/server.pem", f"--json_out={report}", "--http_headers",
         "--certinfo", "--heartbleed", "--openssl_ccs", "--robot", "--reneg", "--compression",
         "--fallback", "--early_data", "--ems", "--elliptic_curves", "--resum", "--sslv2", "--sslv3",
         "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", f"localhost:{port}"],
        capture_output=True, text=True, timeout=300)
    return run, json.loads(report.read_text())["server_scan_results"][0]["scan_result"]


def findings(run, result):
    def value(command):
        assert result[command]["status"] == "COMPLETED", (command, result[command])
        return result[command]["result"]

    profile = run.stdout[run.stdout.find("COMPLIANCE AGAINST"):]
    lines = [line.strip() for line in profile.splitlines()]
    assert any("ompliant" in line for line in lines), run.stdout + run.stderr
    # Nobody has issued the certificate.
    yield from (line for line in lines
                if line.startswith("* ") and "certificate_path_validation" not in line)
    curves = {curve["name"] for curve in value("elliptic_curves")["supported_curves"]}
    if not curves <= {"X25519", "secp256r1", "secp384r1", "X25519MLKEM768"}:
        yield f"curves: {curves}"
    if value("heartbleed")["is_vulnerable_to_heartbleed"]:
        yield "Heartbleed"
    if value("openssl_ccs_injection")["is_vulnerable_to_ccs_injection"]:
        yield "CCS injection"
    if not value("robot")["robot_result"].startswith("NOT_VULNERABLE"):
        yield "ROBOT"
    if value("session_renegotiation")["is_vulnerable_to_client_renegotiation_dos"]:
        yield "renegotiation by the client"
    if not value("session_renegotiation")["supports_secure_renegotiation"]:
        yield "insecure renegotiation"
    if value("tls_compression")["supports_compression"]:
        yield "compression"
    if value("tls_1_3_early_data")["supports_early_data"]:
        yield "early data"
    if not value("tls_extended_master_secret")["supports_ems_extension"]:
        yield "no extended master secret"
    header = value("http_headers")["strict_transport_security_header"]
    if not header or header["max_age"] < 15_768_000:
        yield f"Strict-Transport-Security: {header}"


def main():
    with tempfile.TemporaryDirectory(prefix="beckon-") as directory:
        certificate(directory)
        config = {"listen": {"tls": {"certificate": f"{directory}/server.pem",
                                     "key": f"{directory}/server.key"}}}
        with driver.Beckon(None, "http://127.0.0.1:9", config=config) as process:
            run, result = scan(process.port, directory)
        problems = list(findings(run, result))
    for problem in problems:
        print(problem)
    print(f"sslyze: {len(problems)} findings")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
