import App
import Lab

/// A policy of approval of the demo. It applies to clients of its own, so that choosing another one
/// changes nothing in Beckon: the next login is started by another client.
struct DemoPolicy {
    let id: String
    let title: String
    /// `any_of` of its rule; empty for what no rule matches.
    let methods: [String]
    let hint: String

    static let all = [
        DemoPolicy(
            id: "any",
            title: "A tap, or anything stronger",
            methods: [],
            hint: "Open the prompt on the phone and approve."
        ),
        DemoPolicy(
            id: "device-key",
            title: "The phone’s key",
            methods: ["device_key"],
            hint: "Enrol the phone with a code from the inbox of the same user. "
                + "Then answer with the phone’s key."
        ),
        DemoPolicy(
            id: "device-key-pin",
            title: "The phone’s key and a PIN",
            methods: ["device_key_pin"],
            hint: "Enrol the phone with a code from the inbox of the same user, and choose a "
                + "PIN. Then answer with the phone’s key and the PIN."
        ),
        DemoPolicy(
            id: passkey,
            title: "A passkey",
            methods: ["passkey"],
            hint: "Sign in to the inbox of the same user in this browser and add a passkey. "
                + "Then open the prompt on the phone and approve with it."
        ),
    ]
    private static let passkey = "passkey"

    /// Those of a demo whose pages have a host name or not: browsers have no passkeys for addresses.
    static func all(hasPasskeys: Bool) -> [DemoPolicy] {
        all.filter { hasPasskeys || $0.id != passkey }
    }

    /// The `client_id`.
    func client(_ mode: SimulatedClient.DeliveryMode) -> String {
        (methods.isEmpty ? "kiosk" : "kiosk-" + id) + (mode == .ping ? "-ping" : "")
    }

    /// The rules of `approval`, one for each of its clients.
    var rules: [String] {
        guard !methods.isEmpty else { return [] }
        let any = methods.map { "\"\($0)\"" }.joined(separator: ", ")
        return SimulatedClient.DeliveryMode.allCases.map { mode in
            "{ name: \"\(client(mode))\", client: \"\(client(mode))\", allow: [{ any_of: [\(any)] }] }"
        }
    }

    /// What it demands, from what `beckon check` prints; nil if that says nothing of it.
    func demand(in explanation: [String]) -> String? {
        let client = client(.poll)
        let before =
            methods.isEmpty ? ". default: every other login: " : ". \(client): client \(client): "
        return explanation.words(after: before)
    }

    /// Ways of matching the number of a binding message. Each applies to an authorization server of its
    /// own in Beckon's configuration: a workspace of the simulated one.
    struct Matching {
        let id: String
        let title: String
        let hint: String

        static let all = [
            Matching(id: "off", title: "Off", hint: ""),
            Matching(
                id: "show",
                title: "Show the number",
                hint: "Compare the phone’s number with the kiosk’s."
            ),
            Matching(
                id: "choose",
                title: "Choose among three",
                hint: "Choose the number that the kiosk shows."
            ),
            Matching(
                id: "enter",
                title: "Enter the number",
                hint: "Enter the number that the kiosk shows."
            ),
        ]

        /// What the names of its workspaces end with.
        var suffix: String { id == "off" ? "" : "-" + id }

        /// The id of its section in `authorization_servers`.
        var server: String { "acp" + suffix }

        /// What it demands, from what `beckon check` prints; `position` is that of its section.
        func demand(in explanation: [String], at position: Int) -> String? {
            explanation.words(after: "authorization_servers[\(position)].number_matching: ")
        }
    }
}

extension [String] {
    /// The rest of the first line that has this text.
    fileprivate func words(after text: String) -> String? {
        for line in self {
            if let found = line.ranges(of: text).first { return String(line[found.upperBound...]) }
        }
        return nil
    }
}
