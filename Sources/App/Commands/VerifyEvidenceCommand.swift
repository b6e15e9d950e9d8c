import Commands
import Configuration
import Endpoints

/// `beckon verify-evidence`: checks exported evidence of one decision.
struct VerifyEvidenceCommand: Subcommand {
    static let name = "verify-evidence"
    static let summary = "Check the evidence of a decision, offline."
    static let details = """
        FILE is the answer of GET /admin/v1/logins/{server}/{id}/evidence. Recomputes the digest of
        what was shown and the decision's challenge, verifies the signature of the user's device or
        passkey, if there is one, and Beckon's own signature over the whole document. Then says in
        words the decision and the evidence for it.

        Needs no configuration and calls nobody. The keys are those of /oauth2/jwks: save them with
        each export, because Beckon replaces its keys.

        Exit code 1 if the evidence does not hold or a file cannot be read.
        """
    static let options: [CommandOption] = [
        .text(
            "keys",
            "FILE",
            "Beckon's JWK Set.",
            default: "jwks.json beside FILE"
        )
    ]
    static let operands = Operands.one("FILE")

    private let file: String
    private let keys: String

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        file = arguments.operands.first ?? ""
        keys = arguments.text("keys") ?? Files.directory(of: file) + "/jwks.json"
    }

    func run(_ terminal: any Terminal) async throws {
        let bytes: [UInt8]
        switch Environment.real(directory: ".").read(file) {
        case .success(let contents): bytes = contents
        case .failure(let problem): throw CommandFailure(.failed, "\(file) \(problem.reason)")
        }
        let keys = try KeyFile.set(self.keys)
        let lines: [String]
        do throws(EvidenceVerifier.Fault) {
            lines = try EvidenceVerifier(keys: keys).verify(bytes)
        } catch {
            throw CommandFailure(
                .failed,
                LoginText.harmless("the evidence in \(file) does not hold: \(error)")
            )
        }
        terminal.output("The evidence holds.")
        for line in lines { terminal.output(LoginText.harmless(line)) }
    }
}
