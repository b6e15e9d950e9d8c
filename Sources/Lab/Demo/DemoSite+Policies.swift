import Cryptography
import HTTP

/// How the page's choices change a login: its client and its workspace, by which Beckon knows the policy,
/// and the number in its message.
extension DemoSite {
    /// The client whose logins have this policy; nil for the usual one.
    static func client(
        of policy: String?,
        _ mode: SimulatedClient.DeliveryMode,
        in policies: DemoPolicies
    ) -> ConsumptionDevice.Configuration.Credentials? {
        let chosen =
            policies.approvals.first { $0.choice.id == policy } ?? policies.approvals.first
        return chosen?.clients[mode]
    }

    /// The message with a new number of six digits behind it, unless it has one.
    static func numbered(_ message: String?) -> String {
        guard let message, !message.isEmpty else { return "Code \(newNumber)" }
        let runs = message.split { !("0"..."9").contains($0) }
        if runs.contains(where: { $0.utf8.count == 6 }) { return message }
        return "\(message) · \(newNumber)"
    }

    private static var newNumber: String {
        String(Random.bytes(6).map { Character(Unicode.Scalar(UInt8(ascii: "0") + $0 % 10)) })
    }
}
