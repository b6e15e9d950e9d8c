import Cryptography
import JSON
public import Logins

/// A consent's one form as bytes (RFC 8785), which is what is stored, digested, and compared
/// before an approval is reported. Equal bytes mean equal consents.
///
/// The names of its members are frozen: a digest that a device has signed is verified years later.
public enum ConsentForm {
    /// Why bytes are not the form of a consent.
    public struct Unreadable: Error, Hashable, Sendable {
        /// The member that is not what it should be.
        public let member: String
    }

    /// The canonical form.
    public static func bytes(of consent: Consent) -> [UInt8] {
        canonical(
            .members([
                "accounts": accounts(consent.accounts),
                "client_name": .text(consent.clientName),
                "ends_at": consent.endsAt.map { .moment($0) },
                "facts": .array(consent.facts.map(fact)),
                "id": .text(consent.id?.value),
                "kind": .string(consent.kind.rawValue),
                "resources": consent.resources.isEmpty
                    ? nil : .array(consent.resources.map(resource)),
                "scopes": .array(consent.scopes.map(scope)),
                "source": .text(consent.source),
            ])
        )
    }

    /// SHA-256 of the canonical form.
    public static func digest(of consent: Consent) -> ConsentDigest {
        guard let digest = ConsentDigest(SHA256.digest(bytes(of: consent))) else {
            preconditionFailure("a digest has 32 bytes")
        }
        return digest
    }

    /// The consent that has this form.
    public static func consent(_ bytes: [UInt8]) throws(Unreadable) -> Consent {
        let form = try parsed(bytes)
        guard let kind = Consent.Kind(rawValue: try form.text("kind")) else {
            throw Unreadable(member: "kind")
        }
        var id: ConsentID?
        if let text = try form.optionalText("id") {
            guard let known = ConsentID(text) else { throw Unreadable(member: "id") }
            id = known
        }
        return Consent(
            kind: kind,
            id: id,
            clientName: try form.optionalText("client_name"),
            scopes: try form.list("scopes").map(scope),
            facts: try form.list("facts").map(fact),
            accounts: try accounts(form["accounts"]),
            resources: try form["resources"] == nil ? [] : form.list("resources").map(resource),
            endsAt: try form.optionalMoment("ends_at"),
            source: try form.optionalText("source")
        )
    }

    // MARK: Accounts that were offered

    /// The form in which the accounts of a question are stored.
    public static func bytes(of accounts: [BankAccount]) -> [UInt8] {
        canonical(.array(accounts.map(account)))
    }

    /// The accounts that have this form.
    public static func accounts(_ bytes: [UInt8]) throws(Unreadable) -> [BankAccount] {
        guard let values = try parsed(bytes).array else { throw Unreadable(member: "accounts") }
        return try values.map(account)
    }

    // MARK: Bytes

    /// Everything in these forms is text, whole numbers that a double holds, and flags, with names
    /// of our own: the scheme has no reason to refuse it. Text is whatever a server sent, so code
    /// points that are no characters are kept.
    static func canonical(_ value: JSONValue) -> [UInt8] {
        do { return try CanonicalJSON.bytes(of: value, noncharacters: .kept) } catch {
            preconditionFailure("a form of ours is I-JSON: \(error)")
        }
    }

    private static func parsed(_ bytes: [UInt8]) throws(Unreadable) -> JSONValue {
        do { return try JSONValue(bytes) } catch { throw Unreadable(member: "\(error)") }
    }
}
