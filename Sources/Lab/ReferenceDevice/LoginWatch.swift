import JSON

/// What has changed in the logins that wait for a device's user, in lines for a terminal.
public struct LoginWatch: Sendable {
    /// The digest of each login that waits.
    private var known: [String: String] = [:]

    /// Nothing waits yet.
    public init() {}

    /// The lines since the last look: each login that has arrived or changed with what it asks for, and
    /// each that can no longer be decided, with its outcome.
    public mutating func look(
        at device: ReferenceDevice
    ) async throws(ReferenceDevice.Failure) -> [String] {
        var lines: [String] = []
        var current: [String: String] = [:]
        // The oldest first.
        for document in try await device.logins().reversed() {
            guard let login = try? ShownLogin(document) else { continue }
            current[login.id] = login.digest
            guard known[login.id] != login.digest else { continue }
            lines.append(known[login.id] == nil ? "arrived" : "changed")
            lines += login.lines.map { "  " + $0 }
        }
        for id in known.keys.sorted() where current[id] == nil {
            let body = try? await device.login(id).body
            let what =
                body?["answered_elsewhere"]?.bool == true ? "answered elsewhere" : "withdrawn"
            let outcome = body?["outcome"]?.string ?? "expired"
            lines.append(ShownLogin.harmless("\(what) \(id): \(outcome)"))
        }
        known = current
        return lines
    }
}
