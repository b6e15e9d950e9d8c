import Cryptography
public import JSON
public import Logins

/// Who makes a change, for the audit.
public struct AuditAuthor: Hashable, Sendable {
    /// `by`, and what else is known.
    let members: [JSONObject.Member]

    private init(_ members: KeyValuePairs<String, JSONValue?>) {
        self.members = JSONValue.members(members).object?.members ?? []
    }

    /// Beckon itself, because of what another system answered.
    public static let service = AuditAuthor(["by": .string("beckon")])

    /// Whoever can run commands on the machine.
    public static let commandLine = AuditAuthor(["by": .string("command line")])

    /// The same, with the account that runs the command.
    public static func commandLine(account: UInt32) -> AuditAuthor {
        AuditAuthor(["by": .string("command line"), "uid": .integer(Int(account))])
    }

    /// Who it is, as four eyes tell two people apart.
    public var principal: String {
        let by = member("by")?.string ?? ""
        if let uid = member("uid")?.integer { return "\(by) (uid \(uid))" }
        guard let subject = member("subject")?.string else { return by }
        return "\(by) (\(subject) of \(member("issuer")?.string ?? ""))"
    }

    private func member(_ name: String) -> JSONValue? {
        members.first { $0.name == name }?.value
    }

    /// The same author, who confirms what somebody else asked for.
    func confirming(_ proposal: ClientProposal) -> AuditAuthor {
        AuditAuthor(
            members: members + [.init(name: "requested_by", value: .string(proposal.author))]
        )
    }

    private init(members: [JSONObject.Member]) { self.members = members }

    /// A client that shows an access token: whom it acts for if it is delegated, the token's `jti`, and
    /// the thumbprint of the certificate that the token is bound to.
    public static func client(
        _ client: APIClientID,
        user: UserID? = nil,
        token: String,
        thumbprint: [UInt8]?,
        address: String
    ) -> AuditAuthor {
        AuditAuthor([
            "by": .string(client.value),
            "for": .text(user?.value),
            "jti": .string(token),
            "address": .string(address),
            "x5t#S256": .text(thumbprint.map { Base64URL.encode($0) }),
        ])
    }

    /// An enrolled device that has proven its key.
    public static func device(_ device: DeviceID, address: String) -> AuditAuthor {
        AuditAuthor([
            "by": .string("device \(device.value)"), "address": .string(address),
        ])
    }

    /// Somebody who is signed in to the inbox, with the address of the request.
    public static func user(_ session: Session, address: String) -> AuditAuthor {
        AuditAuthor([
            "by": .string("inbox"), "session": .string(session.id), "address": .string(address),
        ])
    }

    /// Somebody who is signed in to the console, with the address of the request.
    public static func person(_ session: Session, address: String) -> AuditAuthor {
        AuditAuthor([
            "by": .string("console " + session.person.subject),
            "issuer": .string(session.person.issuer),
            "session": .string(session.id),
            "address": .string(address),
        ])
    }

    /// An event of this author. The author's members follow those of the event.
    public func event(
        _ kind: String,
        at now: Timestamp,
        _ details: KeyValuePairs<String, JSONValue?>
    ) -> AuditEvent {
        let own = JSONValue.members(details).object?.members ?? []
        return AuditEvent(kind, at: now, members: JSONObject(own + members))
    }
}
