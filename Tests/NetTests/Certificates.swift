import Foundation
import TestSupport

/// Certificates for one test run, made with the openssl command in a directory of their own.
struct Certificates: Sendable {
    let directory: TemporaryDirectory

    var authority: String { directory.file("ca.pem") }
    func certificate(_ name: String) -> String { directory.file("\(name).pem") }
    func key(_ name: String) -> String { directory.file("\(name).key") }

    /// An authority, two certificates for `localhost`, one for a client, and one for a client of
    /// an authority that nobody trusts.
    static let shared = Result { try Certificates() }

    private init() throws {
        directory = try TemporaryDirectory()
        try makeAuthority("ca")
        try makeAuthority("stranger")
        try make("server", "/CN=localhost", by: "ca")
        try make("renewed", "/CN=renewed", by: "ca")
        try make("client", "/C=DE/O=Bank, Inc./CN=teller", by: "ca")
        try make("intruder", "/CN=intruder", by: "stranger")
        try make("revoked", "/CN=revoked", by: "ca")
        try make("expired", "/CN=expired", by: "ca", days: -1)
        try make("expired-intruder", "/CN=expired", by: "stranger", days: -1)
        try make("self", "/CN=self")
        try make("expired-self", "/CN=expired", days: -1)
        try make("future-self", "/CN=future", from: "20491231000000Z")
        try make("curve-self", "/CN=curve", curve: "P-521")
        try make("servers-self", "/CN=servers", usage: "serverAuth")
        // An intruder that sends its authority along.
        for (name, parts) in [("chained", ["intruder", "stranger"])] {
            let texts = try parts.map {
                try String(contentsOfFile: certificate($0), encoding: .utf8)
            }
            try texts.joined()
                .write(toFile: certificate(name), atomically: true, encoding: .utf8)
            try FileManager.default.copyItem(atPath: key(parts[0]), toPath: key(name))
        }
        try makeRevocations(of: ["revoked"])
    }

    /// A self-signed certificate, valid for two days, or since yesterday no more, or from a time on.
    private func make(
        _ name: String,
        _ subject: String,
        days: Int = 2,
        from start: String? = nil,
        curve: String = "P-256",
        usage: String = "clientAuth"
    ) throws {
        let request = directory.file("\(name).csr")
        let settings = directory.file("\(name).cnf")
        try """
        [ca]
        default_ca = here
        [here]
        database = \(directory.file("\(name).index"))
        new_certs_dir = \(directory.path)
        rand_serial = yes
        default_md = sha256
        default_days = 2
        policy = any
        x509_extensions = own
        [any]
        commonName = optional
        [own]
        basicConstraints = CA:FALSE
        extendedKeyUsage = \(usage)
        """.write(toFile: settings, atomically: true, encoding: .utf8)
        try "".write(toFile: directory.file("\(name).index"), atomically: true, encoding: .utf8)
        try openssl(
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:\(curve)", "-nodes"]
                + ["-subj", subject, "-keyout", key(name), "-out", request]
        )
        let period =
            if let start {
                ["-startdate", start, "-enddate", "20501231000000Z"]
            } else if days < 0 {
                ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"]
            } else {
                ["-days", "\(days)"]
            }
        try openssl(
            ["ca", "-batch", "-selfsign", "-notext", "-config", settings, "-keyfile", key(name)]
                + ["-in", request, "-out", certificate(name)] + period
        )
    }

    /// A PEM file that revokes the certificate `revoked`.
    var revocations: String { directory.file("ca.crl") }

    private func makeRevocations(of names: [String]) throws {
        let settings = directory.file("ca.cnf")
        try """
        [ca]
        default_ca = here
        [here]
        database = \(directory.file("index"))
        crlnumber = \(directory.file("number"))
        default_md = sha256
        default_crl_days = 2
        """.write(toFile: settings, atomically: true, encoding: .utf8)
        try "".write(toFile: directory.file("index"), atomically: true, encoding: .utf8)
        try "01\n".write(toFile: directory.file("number"), atomically: true, encoding: .utf8)
        let issuer = ["-config", settings, "-cert", authority, "-keyfile", key("ca")]
        for name in names { try openssl(["ca"] + issuer + ["-revoke", certificate(name)]) }
        try openssl(["ca"] + issuer + ["-gencrl", "-out", revocations])
    }

    private func makeAuthority(_ name: String) throws {
        try openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=\(name)",
            "-keyout",
            key(name),
            "-out",
            certificate(name),
            "-addext",
            "basicConstraints=critical,CA:TRUE"
        )
    }

    private func make(
        _ name: String,
        _ subject: String,
        by issuer: String,
        days: Int = 2
    ) throws {
        let request = directory.file("\(name).csr")
        let extensions = directory.file("\(name).ext")
        let names = "DNS:localhost,IP:127.0.0.1,URI:spiffe://bank/teller,email:teller@bank.example"
        try "subjectAltName=\(names)\n"
            .write(toFile: extensions, atomically: true, encoding: .utf8)
        try openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            subject,
            "-keyout",
            key(name),
            "-out",
            request
        )
        try openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-days",
            "\(days)",
            "-CA",
            certificate(issuer),
            "-CAkey",
            key(issuer),
            "-CAcreateserial",
            "-extfile",
            extensions,
            "-out",
            certificate(name)
        )
    }

    /// Runs the command and returns what it wrote.
    @discardableResult
    func openssl(_ arguments: String...) throws -> String { try openssl(arguments) }

    /// The same.
    @discardableResult
    func openssl(_ arguments: [String]) throws -> String { try run("openssl", arguments) }

    /// Runs another command.
    func run(_ program: String, _ arguments: [String]) throws -> String {
        // Not by Foundation's Process, in which the address sanitizer finds an overflow and a leak.
        let output = directory.file("output-\(UUID().uuidString)")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var process = pid_t()
        let code = posix_spawnp(&process, program, &actions, nil, words, environ)
        guard code == 0 else { throw CocoaError(.executableNotLoadable) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw CocoaError(.featureUnsupported) }
        // Foundation's reading of an empty file leaks.
        let file = open(output, O_RDONLY)
        defer { close(file) }
        var text = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &text, text.count)
        return String(decoding: text.prefix(max(0, count)), as: UTF8.self)
    }
}
