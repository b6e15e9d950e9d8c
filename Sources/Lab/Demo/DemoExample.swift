import HTTP

/// A consent that the demo page can request, as a third party lodges it.
struct DemoExample: Sendable {
    /// Its id in the page's list.
    let id: String
    let title: String
    let family: ConsentFamily
    /// Its workspace, for families that only the workspace tells.
    var workspace: String?
    let scopes: [String]
    let message: String
    /// The lodged body. `{today}`, `{soon}` and `{year}` are dates from now on, in the family's zone.
    let body: String
    /// What the family's zone is ahead of UTC, in milliseconds.
    var dayOffset: Int64 = 0

    /// The body with its dates.
    func body(at now: Int64) -> String {
        func date(_ days: Int64) -> String {
            String(RFC3339.format(milliseconds: now + dayOffset + days * 86_400_000).prefix(10))
        }
        return body.replacing("{today}", with: date(0)).replacing("{soon}", with: date(7))
            .replacing("{year}", with: date(365))
    }

    static let all = [ukPayment, ukStandingOrder, ukAccounts, pix, cdr]
}
