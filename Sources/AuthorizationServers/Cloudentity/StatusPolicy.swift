/// What ACP's status codes mean in answers to reports [SP-1 to SP-7].
///
/// The published interface only lists the codes. Their meanings are inferred, so they are all in
/// this table, and an operator can change each of them.
struct StatusPolicy: Hashable, Sendable {
    /// The raw value is the configuration's word for it.
    enum Reading: String, Hashable, Sendable, CaseIterable {
        /// Done.
        case recorded
        /// The token is not accepted: take a new one, once; then it is final.
        case tokenRefused = "token_refused"
        /// Perhaps recorded by an earlier attempt: look once, and believe what is there.
        case lookOnce = "look_once"
        /// The login is no longer there, or not there yet.
        case missing
        /// Surely not processed: send again later.
        case notProcessed = "not_processed"
        /// May have been processed: look before sending again.
        case ambiguous
        /// Never.
        case permanent
    }

    /// What is read differently from the table, by status.
    var overrides: [Int: Reading]

    init(overrides: [Int: Reading] = [:]) { self.overrides = overrides }

    func reading(of status: Int) -> Reading {
        overrides[status] ?? Self.standard(status)
    }

    private static func standard(_ status: Int) -> Reading {
        switch status {
        case 200...299: .recorded
        case 401: .tokenRefused
        case 400, 409, 412, 422: .lookOnce
        case 404, 410: .missing
        // Misdirected, too early, too many: refused before they were processed.
        case 421, 425, 429: .notProcessed
        // Who gave up waiting for the request, or for its answer (499: a proxy), does not know what
        // became of it.
        case 408, 499, 500...599: .ambiguous
        default: .permanent
        }
    }
}
