public import Logins

/// Who may approve. A user is looked up when an approval is recorded and again before it is reported.
/// A decline needs no look-up.
public struct Approvers: Sendable {
    private let directory: any UserDirectory
    let plan: EscalationPlan

    /// Users of `directory` who may be notified by a channel of `plan`.
    public init(directory: any UserDirectory, plan: EscalationPlan) {
        self.directory = directory
        self.plan = plan
    }

    /// Why the user may not approve now; nil if they may.
    ///
    /// - Throws: `unavailable` if the directory cannot be asked now.
    func objection(to login: PendingLogin) async throws(DirectoryError) -> Failure? {
        guard let user = try await directory.current(login.details.user) else {
            return .userUnknown
        }
        guard user.isActive else { return .userDisabled }
        guard login.question?.consent.holder(beside: user.documents) != .another else {
            return .consentOfAnother
        }
        return plan.mayNotify(user) ? nil : .noChannel
    }
}
