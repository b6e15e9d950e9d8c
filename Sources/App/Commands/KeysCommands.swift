import Commands
import Cryptography
import JOSE
import JSON

/// `beckon keys generate`: makes a private key in a file of its own.
struct KeysGenerateCommand: Subcommand {
    static let name = "keys generate"
    static let summary = "Makes a private key that signs tokens, in a new file."
    static let details = """
        The file is a private JWK, which keeps the algorithm and the key's name, or with --form=pem
        PKCS#8, which keeps neither. Only its owner may read it, and a file that is there is never
        written over. The public half is printed: it may be shown to anybody.
        """
    static let options: [CommandOption] = [
        .text("alg", "ALG", "ES256, EdDSA, PS256 or RS256.", required: true),
        .text("out", "FILE", "Where to; must not exist.", required: true),
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
            throw CommandFailure(.usage, "--alg is missing")
        }
        self.algorithm = algorithm
        file = arguments.text("out", default: "")
        id = arguments.text("kid")
        bits = try arguments.number("bits", default: 2048, KeyKind.generatedRSABits)
        isPEM = try arguments.choice("form", default: "jwk", among: ["jwk", "pem"]) == "pem"
        if let id {
            guard !isPEM else { throw CommandFailure(.usage, "PEM has no place for --kid") }
            let isPlain = id.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            guard isPlain, id.utf8.count <= JOSELimits.keyID else {
                throw CommandFailure(
                    .usage,
                    "--kid must have no control character and at most \(JOSELimits.keyID) bytes"
                )
            }
        }
        if arguments.text("bits") != nil, algorithm == .es256 || algorithm == .edDSA {
            throw CommandFailure(.usage, "--bits is for PS256 and RS256")
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

/// `beckon keys show`: what may be known of a key.
struct KeysShowCommand: Subcommand {
    static let name = "keys show"
    static let summary = "Shows the public part of a key."
    static let details = """
        FILE is a private or public key as PEM or JWK. Its kind, algorithm, name and thumbprint are
        printed, and its public half as JWK; of the private half nothing ever is.
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

/// `beckon keys jwks`: the set that others verify with.
struct KeysJWKSCommand: Subcommand {
    static let name = "keys jwks"
    static let summary = "Prints the public JWK Set of some keys, for those who verify."
    static let details = """
        Each FILE is a private or public key as PEM or JWK. A key without a name gets its thumbprint
        for one; names must differ.
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
                throw CommandFailure(.failed, "\(file) and \(files[index]) have one name")
            }
            keys.append(key)
        }
        terminal.output(KeyFile.text(JWKSet(keys).json))
    }
}
