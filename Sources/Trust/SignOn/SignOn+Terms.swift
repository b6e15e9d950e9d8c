import Access
import Cryptography
import HTTP
import JSON
import Logins
import Telemetry
import Texts

/// A person who has not accepted the current terms yet sees them before a session begins.
extension SignOn {
    /// What a browser sends when its person accepts the terms.
    public struct TermsForm: Sendable {
        public let id: String
        public let token: String
        /// The language and the digest of the text that was shown, in base64url.
        public let language: String
        public let digest: String

        public init(id: String, token: String, language: String, digest: String) {
            self.id = id
            self.token = token
            self.language = language
            self.digest = digest
        }
    }

    static let termsName = "__Host-beckon-terms-"

    /// Where the terms are accepted.
    public var termsPath: String { path + "/terms" }

    /// The terms as they are now; nil if there are none.
    public var terms: Terms? { provider.settings.terms }

    /// Whether the person must see the terms first.
    func owesTerms(_ person: SignedInPerson) async throws(SignOnFailure) -> Bool {
        guard let terms else { return false }
        do {
            return try await !sessions.hasAccepted(
                terms.version,
                application,
                Person(issuer: person.issuer, subject: person.subject)
            )
        } catch {
            throw SignOnFailure(.mapping, .unavailable, "store_unavailable", cause: "\(error)")
        }
    }

    /// Shows the terms. The browser keeps who has signed in.
    func showTerms(_ person: SignedInPerson, _ spent: [Cookie]) -> Answer {
        let name = Self.termsName + person.id
        let cookie = Cookie(
            name: name,
            value: seal.seal(person.json, for: "terms-" + application.rawValue),
            lifetime: Self.lifetime
        )
        return .terms(
            id: person.id,
            token: termsToken(person.id),
            [cookie] + spent.filter { $0.name != name }
        )
    }

    /// Proves that a form is one of ours.
    private func termsToken(_ id: String) -> String {
        seal.seal(.string(id), for: "terms-form-" + application.rawValue)
    }

    /// Records that a person accepts the terms, and begins the session.
    public func accept(_ form: TermsForm, _ browser: Browser) async -> Answer {
        let name = Self.termsName + form.id
        guard let value = browser.cookie(name),
            let person = seal.open(value, for: "terms-" + application.rawValue)
                .flatMap(SignedInPerson.init),
            person.id.isExactly(form.id), clock.now() < person.at + Self.lifetime,
            ConstantTime.equal(Array(form.token.utf8), Array(termsToken(form.id).utf8))
        else { return await failed(SignOnFailure(.mapping, .notBegun, "terms_unknown"), []) }
        do throws(SignOnFailure) {
            guard let terms else { return try await signIn(person, browser, [.deleting(name)]) }
            let text = terms.text(in: form.language)
            guard text.language.isExactly(form.language),
                Base64URL.encode(text.digest).isExactly(form.digest)
            else {
                // The terms were replaced meanwhile.
                return showTerms(person, [])
            }
            try await record(
                TermsAcceptance(
                    application: application,
                    person: Person(issuer: person.issuer, subject: person.subject),
                    version: terms.version,
                    digest: text.digest,
                    language: text.language,
                    acceptedAt: clock.now(),
                    address: browser.address
                )
            )
            return try await signIn(person, browser, [.deleting(name)])
        } catch {
            var failure = error
            failure.target = person.target
            return await failed(failure, [.deleting(name)])
        }
    }

    private func record(_ acceptance: TermsAcceptance) async throws(SignOnFailure) {
        let event = AuditEvent(
            "terms.accepted",
            at: acceptance.acceptedAt,
            [
                "application": .string(application.rawValue),
                "issuer": .string(acceptance.person.issuer),
                "subject": .string(acceptance.person.subject),
                "version": .string(acceptance.version), "language": .string(acceptance.language),
                "sha256": .string(Base64URL.encode(acceptance.digest)),
                "address": .string(acceptance.address),
            ]
        )
        do { try await sessions.accept(acceptance, event) } catch {
            throw SignOnFailure(.mapping, .unavailable, "store_unavailable", cause: "\(error)")
        }
    }
}
