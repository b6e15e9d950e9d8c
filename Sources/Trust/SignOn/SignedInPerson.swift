import JSON
import Logins

/// A person whose ID token was accepted.
struct SignedInPerson {
    let id: String
    let issuer: String
    let subject: String
    /// The provider's session, if it names it.
    let session: String?
    /// Empty for the console.
    let user: String
    let account: String
    let name: String
    let email: String
    let target: String
    let at: Timestamp

    init(
        _ claims: IDTokenClaims,
        _ settings: IdentityProviderSettings,
        target: String,
        id: String,
        at now: Timestamp
    ) {
        self.id = id
        issuer = claims.issuer
        subject = claims.subject
        session = claims.session
        user = claims.custom[settings.userClaim] ?? ""
        account = claims.custom[settings.accountClaim] ?? ""
        let name = claims.givenName + " " + claims.familyName
        self.name = String(String.UnicodeScalarView(name.unicodeScalars.prefix(160)))
        email = claims.email
        self.target = target
        at = now
    }

    init?(_ json: JSONValue) {
        func text(_ name: String) -> String? { json[name]?.string }
        guard let id = text("id"), let issuer = text("iss"), let subject = text("sub"),
            let user = text("user"), let account = text("account"), let name = text("name"),
            let email = text("email"), let target = text("to"), let at = json["at"]?.integer
        else { return nil }
        self.id = id
        self.issuer = issuer
        self.subject = subject
        session = text("sid")
        self.user = user
        self.account = account
        self.name = name
        self.email = email
        self.target = target
        self.at = Timestamp(milliseconds: Int64(at))
    }

    var json: JSONValue {
        .members([
            "id": .string(id), "iss": .string(issuer), "sub": .string(subject),
            "sid": .text(session),
            "user": .string(user), "account": .string(account), "name": .string(name),
            "email": .string(email), "to": .string(target), "at": .integer(at.milliseconds),
        ])
    }
}
