import Access
import Cryptography
import JSON
import Logins
import Texts

/// A person whose ID token was accepted gets a session, at once or when their account is known.
extension SignOn {
    /// Looks again for a person who was not known. `id` is from the address.
    public func wait(_ id: String, _ browser: Browser) async -> Answer {
        let name = Self.waitName + id
        guard let value = browser.cookie(name),
            let person = seal.open(value, for: "wait-" + application.rawValue)
                .flatMap(SignedInPerson.init),
            person.id.isExactly(id)
        else { return await failed(SignOnFailure(.mapping, .notBegun, "wait_unknown"), []) }
        do throws(SignOnFailure) {
            return try await signIn(person, browser, [.deleting(name)])
        } catch {
            var failure = error
            failure.target = person.target
            return await failed(failure, [.deleting(name)])
        }
    }

    // MARK: Signing in

    /// Begins a session if the person may have one, or waits.
    func signIn(
        _ person: SignedInPerson,
        _ browser: Browser,
        _ spent: [Cookie]
    ) async throws(SignOnFailure) -> Answer {
        let settings = provider.settings
        try require(account: person.account)
        var user: UserID?
        if application == .inbox {
            user = UserID(person.user)
            guard let user else {
                var failure = SignOnFailure(.mapping, .person, "custom_claim")
                failure.claim = settings.userClaim
                throw failure
            }
            guard let known = try await self.user(user) else {
                return try waiting(for: person, spent)
            }
            guard known.isActive else { throw SignOnFailure(.mapping, .person, "user_inactive") }
        }
        if try await owesTerms(person) { return showTerms(person, spent) }
        try await useOnce(
            "signed-in|" + person.id,
            until: person.at + Self.lifetime,
            "wait_used"
        )
        let now = clock.now()
        let secret = Random.bytes(32)
        let session = Session(
            id: Base64URL.encode(Random.bytes(16)),
            application: application,
            person: Person(issuer: person.issuer, subject: person.subject),
            providerSession: person.session,
            user: user,
            account: person.account,
            name: person.name,
            email: person.email,
            address: browser.address,
            agent: browser.agent,
            startedAt: now,
            lastUsedAt: now
        )
        let name = SessionSecret.cookieName(application)
        let previous = browser.cookie(name).flatMap { SessionSecret($0) }?.digest
        do {
            let begun = try await sessions.begin(
                session,
                digest: SHA256.digest(secret),
                replacing: previous,
                controllerEmail: settings.controllerEmail
            )
            try await note(begun)
        } catch {
            throw SignOnFailure(.mapping, .unavailable, "store_unavailable", cause: "\(error)")
        }
        let cookie = Cookie(name: name, value: Base64URL.encode(secret), lifetime: nil)
        return .redirect(to: publicURL + person.target, [cookie] + spent)
    }

    /// Whether people of an account of the bank may sign in.
    func require(account: String) throws(SignOnFailure) {
        guard let expected = provider.settings.account, !expected.isExactly(account) else { return }
        var failure = SignOnFailure(.mapping, .person, "account")
        failure.claim = provider.settings.accountClaim
        failure.expected = .string(expected)
        failure.got = .string("text")
        throw failure
    }

    private func user(_ id: UserID) async throws(SignOnFailure) -> User? {
        do { return try await directory.current(id) } catch {
            throw SignOnFailure(
                .mapping,
                .unavailable,
                "directory_unavailable",
                cause: "\(error)"
            )
        }
    }

    private func waiting(
        for person: SignedInPerson,
        _ spent: [Cookie]
    ) throws(SignOnFailure) -> Answer {
        guard clock.now() < person.at + Self.longestWait else {
            var failure = SignOnFailure(.mapping, .unknownPerson, "user_unknown")
            failure.claim = provider.settings.userClaim
            throw failure
        }
        let name = Self.waitName + person.id
        let cookie = Cookie(
            name: name,
            value: seal.seal(person.json, for: "wait-" + application.rawValue),
            lifetime: .seconds(60)
        )
        return .wait(
            at: publicURL + path + "/wait?id=" + person.id,
            [cookie] + spent.filter { $0.name != name }
        )
    }
}
