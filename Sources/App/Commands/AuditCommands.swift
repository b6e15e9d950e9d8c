import Access
import Commands
import Cryptography
import JOSE
import Logins

/// `beckon audit verify`: recomputes the chain of the audit.
struct VerifyAudit: StoreAction {
    static let name = "audit verify"
    static let summary = "Check that nobody changed the audit."
    static let details = """
        Recomputes the hash of each entry from the first that is stored. If the chain is whole, prints
        the number of entries, the first and the last number and the hash of the last one (head), one
        per line, each after its name and a tab. Otherwise names the first entry that was changed,
        is missing, out of order, unreadable, not written by Beckon or cut off at the end, with exit
        code 1.

        Whoever can write to the store could also recompute the whole chain. Compare head with one that
        you noted elsewhere, or use --keys, which also prints the number of the last signed entry.
        """
    static let options: [CommandOption] = [
        .text(
            "keys",
            "FILE",
            "Check the signatures in entries audit.head with this JWK Set."
        )
    ]

    private let keys: String?

    init(_ arguments: ParsedArguments) throws(CommandFailure) { keys = arguments.text("keys") }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        let keys: JWKSet? = if let path = self.keys { try KeyFile.set(path) } else { nil }
        var verifier = AuditVerifier(keys: keys)
        try await AuditPages(stores.access, terminal).each(after: nil) { page in
            if let fault = verifier.check(page) {
                throw CommandFailure(.failed, "the audit is not whole: \(fault)")
            }
            return true
        }
        let head = verifier.last ?? .start
        var lines = [("entries", "\(verifier.count)")]
        lines.append(("first", "\(verifier.first ?? head.number + 1)"))
        lines.append(("last", "\(head.number)"))
        lines.append(("head", Base64URL.encode(head.hash)))
        if keys != nil { lines.append(("signed", "\(verifier.signed ?? 0)")) }
        for (name, value) in lines { terminal.output("\(name)\t\(value)") }
    }
}

/// `beckon audit export`: entries of the audit as lines of JSON.
struct ExportAudit: StoreAction {
    static let name = "audit export"
    static let summary = "Print the audit, one JSON object per line."
    static let details = """
        Each line is an entry: number, at (milliseconds since 1970), event, details, and hash. The hash
        (base64url) is SHA-256 over "beckon-audit-v1", a newline, the 32 bytes of the hash before, and
        the line without its last member, hash. It changes nothing and does not verify the chain: see
        `beckon audit verify`.
        """
    static let options: [CommandOption] = [
        .text("after", "NUMBER", "Only entries with a higher number.", default: "0"),
        .text("until", "NUMBER", "Only entries up to this number."),
    ]

    private let after: Int64
    private let until: Int64

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        after = Int64(try arguments.number("after", default: 0, 0...Int.max))
        until = Int64(try arguments.number("until", default: Int.max, 0...Int.max))
    }

    func run(
        _ stores: Stores,
        _ settings: OperatorSettings,
        _ terminal: any Terminal
    ) async throws {
        try await AuditPages(stores.access, terminal).each(after: after) { page in
            let records = page.records.prefix { $0.number <= until }
            if !records.isEmpty {
                terminal.output(records.map(\.line).joined(separator: "\n"))
            }
            return records.count == page.records.count
        }
    }
}

/// Reads the audit page by page, so that memory does not depend on its length, and tells somebody
/// who waits how far it is.
private struct AuditPages {
    private static let size = 1_000
    private static let step: Int64 = 1_000_000
    private let store: any AccessStore
    private let terminal: any Terminal

    init(_ store: any AccessStore, _ terminal: any Terminal) {
        self.store = store
        self.terminal = terminal
    }

    /// Calls `body` with each page until it returns false.
    func each(
        after: Int64?,
        _ body: (AuditPage) throws -> Bool
    ) async throws {
        var after = after
        var count: Int64 = 0
        while true {
            let page = try await store.auditPage(after: after, limit: Self.size)
            guard try body(page), !page.isLast else { return }
            after = page.records.last?.number
            let before = count
            count += Int64(page.records.count)
            if terminal.isWatched, count / Self.step > before / Self.step {
                terminal.error("\(count / Self.step) million entries")
            }
        }
    }
}
