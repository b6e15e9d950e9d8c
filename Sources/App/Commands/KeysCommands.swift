import Commands
import Cryptography
import JOSE
import JSON

/// `beckon keys generate`: generates a private key in a new file.
struct KeysGenerateCommand: Subcommand {
    static let name = "keys generate"
    static let summary = "Generate a private key for signing tokens, in a new file."
    static let details = """
        The file is a private JWK with the members alg and kid, or with --form=pem PKCS #8 without
        them. Only its owner can read it. An existing file is
        never overwritten. The command prints the public key, which is not secret.
        """
    static let options: [CommandOption] = [
        .text("alg", "ALG", "ES256, EdDSA, PS256 or RS256.", required: true),
        .text("out", "FILE", "The new file; it must not exist.", required: true),
        .text("kid", "NAME", "The key's name.", default: "its thumbprint (RFC 7638)"),
        .text("bits", "N", "For PS256 and RS256: 2048 to 4096.", default: "2048"),
        .text("form", "FORM", "jwk or pem.", default: "jwk"),
    ]

    private let algorithm: SignatureAlgorithm
    private let file: String
    private let id: String?
    private let bits: Int
    private let isPEM: Bool

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let names = SignatureAlgorithm.allCases.filter { $0.scheme != nil }.map(\.rawValue)
        let name = try arguments.choice("alg", default: "", among: names.sorted())
        guard let algorithm = SignatureAlgorithm(rawValue: name) else {
            throw CommandFailure(.usage, "--alg is required")
        }
        self.algorithm = algorithm
        file = arguments.text("out", default: "")
        id = arguments.text("kid")
        bits = try arguments.number("bits", default: 2048, KeyKind.generatedRSABits)
        isPEM = try arguments.choice("form", default: "jwk", among: ["jwk", "pem"]) == "pem"
        if let id {
            guard !isPEM else { throw CommandFailure(.usage, "--kid cannot be stored in PEM") }
            let isPlain = id.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            guard isPlain, id.utf8.count <= JOSELimits.keyID else {
                throw CommandFailure(
                    .usage,
                    "--kid must have no control characters and at most \(JOSELimits.keyID) bytes"
                )
            }
        }
        if arguments.text("bits") != nil, algorithm == .es256 || algorithm == .edDSA {
            throw CommandFailure(.usage, "--bits is only for PS256 and RS256")
        }
    }

    func run(_ terminal: any Terminal) async throws {
        let key = try SigningKey.generate(algorithm, rsaBits: bits, id: id)
        let text =
            isPEM
            ? try key.secretPEM()
            : String(decoding: try key.secretJWK().bytes, as: UTF8.self) + "\n"
        try KeyFile.create(file, text)
        terminal.error("The private key is in \(file).")
        for line in KeyFile.describe(key.verificationKey) { terminal.output(line) }
    }
}

/// `beckon keys show`: the public part of a key.
struct KeysShowCommand: Subcommand {
    static let name = "keys show"
    static let summary = "Show the public part of a key."
    static let details = """
        FILE is a private or public key as PEM or JWK. Shows its kind, algorithm, name and thumbprint,
        and its public key as JWK; never the private key.
        """
    static let options: [CommandOption] = []
    static let operands = Operands.one("FILE")

    private let file: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) { file = arguments.operands[0] }

    func run(_ terminal: any Terminal) async throws {
        let key = try KeyFile.read(file, warningTo: terminal)
        for line in KeyFile.describe(key) { terminal.output(line) }
    }
}

/// `beckon keys jwks`: the JWK Set of some keys.
struct KeysJWKSCommand: Subcommand {
    static let name = "keys jwks"
    static let summary = "Print the public JWK Set of one or more keys."
    static let details = """
        Each FILE is a private or public key as PEM or JWK. A key without a name is named by its
        thumbprint. Names must be unique.
        """
    static let options: [CommandOption] = []
    static let operands = Operands.some("FILE")

    private let files: [String]

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        files = arguments.operands
        guard files.count <= JOSELimits.keys else {
            throw CommandFailure(.usage, "a set has at most \(JOSELimits.keys) keys")
        }
    }

    func run(_ terminal: any Terminal) async throws {
        var keys: [VerificationKey] = []
        for file in files {
            let key = try KeyFile.read(file, warningTo: terminal)
            if let index = keys.firstIndex(where: { $0.id == key.id }) {
                throw CommandFailure(.failed, "\(file) and \(files[index]) have the same name")
            }
            keys.append(key)
        }
        terminal.output(KeyFile.text(JWKSet(keys).json))
    }
}
