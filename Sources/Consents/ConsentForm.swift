import Cryptography
import JSON
public import Logins

/// A consent as canonical JSON (RFC 8785). These bytes are stored, digested, and compared before an
/// approval is reported. Equal bytes mean equal consents.
///
/// The names of the members must not change, because a digest that a device has signed may have to
/// be verified years later.
public enum ConsentForm {
    /// The bytes are not the form of a consent.
    public struct Unreadable: Error, Hashable, Sendable {
        /// The invalid member.
        public let member: String
    }

    /// The canonical form.
    public static func bytes(of consent: Consent) -> [UInt8] {
        canonical(
            .members([
                "account_rules": consent.kind.accountRules.isEmpty
                    ? nil : .texts(consent.kind.accountRules.map(\.rawValue).sorted()),
                "accounts": accounts(consent.accounts),
                "authorization_details": .text(consent.authorizationDetails),
                "claims": consent.claims.isEmpty ? nil : .texts(consent.claims),
                "client_name": .text(consent.clientName),
                "day_offset": consent.kind.dayOffset == .zero
                    ? nil : .whole(consent.kind.dayOffset.components.seconds),
                "ends_at": consent.endsAt.map { .moment($0) },
                "facts": .array(consent.facts.map(fact)),
                "id": .text(consent.id?.value),
                "kind": .string(consent.kind.name),
                "resources": consent.resources.isEmpty
                    ? nil : .array(consent.resources.map(resource)),
                "scopes": .array(consent.scopes.map(scope)),
                "source": .text(consent.source),
                "subject": consent.kind.subject == .login
                    ? nil : .string(consent.kind.subject.rawValue),
            ])
        )
    }

    /// SHA-256 of the canonical form.
    public static func digest(of consent: Consent) -> ConsentDigest {
        guard let digest = ConsentDigest(SHA256.digest(bytes(of: consent))) else {
            // allowed: SHA-256 has 32 bytes.
            preconditionFailure("a digest has 32 bytes")
        }
        return digest
    }

    /// Reads what `bytes(of:)` wrote.
    public static func consent(_ bytes: [UInt8]) throws(Unreadable) -> Consent {
        let form = try parsed(bytes)
        var id: ConsentID?
        if let text = try form.optionalText("id") {
            guard let known = ConsentID(text) else { throw Unreadable(member: "id") }
            id = known
        }
        return Consent(
            kind: try kind(form),
            id: id,
            clientName: try form.optionalText("client_name"),
            scopes: try form.list("scopes").map(scope),
            facts: try form.list("facts").map(fact),
            accounts: try accounts(form["accounts"]),
            resources: try form["resources"] == nil ? [] : form.list("resources").map(resource),
            authorizationDetails: try form.optionalText("authorization_details"),
            claims: try form["claims"] == nil ? [] : form.texts("claims"),
            endsAt: try form.optionalMoment("ends_at"),
            source: try form.optionalText("source")
        )
    }

    // MARK: Offered accounts

    /// The form in which the accounts of a question are stored.
    public static func bytes(of accounts: [BankAccount]) -> [UInt8] {
        canonical(.array(accounts.map(account)))
    }

    /// Reads what `bytes(of:)` wrote.
    public static func accounts(_ bytes: [UInt8]) throws(Unreadable) -> [BankAccount] {
        guard let values = try parsed(bytes).array else { throw Unreadable(member: "accounts") }
        return try values.map(account)
    }

    // MARK: Bytes

    /// These forms consist of text, flags and whole numbers that a double can hold, so RFC 8785 can
    /// always write them. Text is whatever a server sent, so noncharacters are kept.
    static func canonical(_ value: JSONValue) -> [UInt8] {
        do { return try CanonicalJSON.bytes(of: value, noncharacters: .kept) } catch {
            // allowed: numbers are whole and in the range of a double, names are constants that
            // differ, and noncharacters are kept.
            preconditionFailure("a form of ours is I-JSON: \(error)")
        }
    }

    private static func parsed(_ bytes: [UInt8]) throws(Unreadable) -> JSONValue {
        do { return try JSONValue(bytes) } catch { throw Unreadable(member: "\(error)") }
    }
}

extension ConsentForm.Unreadable: CustomStringConvertible {
    /// Half a sentence.
    public var description: String { "\(member) cannot be read" }
}
