import HTTP

/// Something that the demo's page can ask for: a consent as a third party would lodge it.
struct DemoExample: Sendable {
    /// The value in the page's list.
    let id: String
    let title: String
    let family: ConsentFamily
    /// The workspace that serves it; some families are known by theirs only.
    var workspace: String?
    let scopes: [String]
    let message: String
    /// With `{today}`, `{soon}` and `{year}` for dates from now on.
    let body: String

    /// The body with its dates.
    func body(at now: Int64) -> String {
        func date(_ days: Int64) -> String {
            String(RFC3339.format(milliseconds: now + days * 86_400_000).prefix(10))
        }
        return body.replacing("{today}", with: date(0)).replacing("{soon}", with: date(7))
            .replacing("{year}", with: date(365))
    }

    static let all = [ukPayment, ukStandingOrder, ukAccounts, pix, cdr]
}
