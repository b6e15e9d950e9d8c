import Access
import Cryptography
import Devices
import JOSE
import JSON
public import Logins
import Texts

extension DeviceDesk {
    /// Pending logins of a list.
    public static let longestList = 50
    /// Ended logins among which one is looked for.
    private static let longestHistory = 50
    /// `typ` of a signed decision.
    static let decisionType = "beckon-decision+jwt"
    /// Bytes of a signed decision.
    public static let longestSignature = 8_192

    /// A device's answer to a login.
    public struct Answer: Sendable {
        public let choice: Decision.Choice
        /// What an approval selects.
        public let selection: Selection
        /// A compact JWS by the device's key. An approval needs one.
        public let signature: String?
        public let pin: String?

        public init(
            _ choice: Decision.Choice,
            _ selection: Selection,
            signature: String?,
            pin: String?
        ) {
            self.choice = choice
            self.selection = selection
            self.signature = signature
            self.pin = pin
        }
    }

    /// The methods that a device can use for a login, each of which is enough.
    public func methods(
        for login: PendingLogin,
        of enrolled: Enrolled
    ) -> [ApprovalPolicy.Method] {
        guard desk.accepts(enrolled.device.protection) else { return [] }
        return desk.methods(for: login).filter { method in
            switch method {
            case .deviceKey: true
            case .deviceKeyAndPIN: enrolled.key.pin != nil
            case .tap, .signIn, .passkey: false
            }
        }
    }

    /// The logins of a user that can be decided now, the newest first.
    public func pendingLogins(of user: UserID) async throws(StoreError) -> [StoredLogin] {
        let now = clock.now()
        return try await logins.liveLogins(of: user, limit: Self.longestList).filter {
            $0.login.phase.name == .waiting && now < $0.login.terms.promptEnds
        }
    }

    /// The login of a user with that identifier, the newest if there are several; nil if there is none
    /// or it ended long ago. `found` are those that `reading` has found.
    public func login(
        _ id: LoginID,
        of user: UserID,
        among found: [StoredLogin]
    ) async throws(StoreError) -> StoredLogin? {
        if let newest = found.max(by: { $0.number < $1.number }) { return newest }
        // One of a server that is configured no more, or hidden by the same identifier elsewhere.
        func isIt(_ stored: StoredLogin) -> Bool { stored.login.key.login == id }
        let live = try await logins.liveLogins(of: user, limit: Self.longestList)
        if let found = live.first(where: isIt) { return found }
        let ended = try await logins.pastLogins(
            of: user,
            before: nil,
            limit: Self.longestHistory
        )
        return ended.first(where: isIt)
    }

    /// The login with that number as it is now.
    public func login(_ number: LoginNumber) async throws(StoreError) -> StoredLogin? {
        try await logins.login(number)
    }

    /// Whether another device, or the user elsewhere, has decided a login; nil if nobody has, or it
    /// cannot be told: an app declines with the prompt's ticket alone.
    public static func isAnsweredElsewhere(_ login: PendingLogin, by key: CredentialID) -> Bool? {
        guard let evidence = login.phase.outcome?.decision?.evidence else { return nil }
        if let credential = evidence.credential { return credential != key }
        return evidence.via == .device && evidence.method == .tap ? nil : true
    }

    /// A device's request to decide, as `reading` has found what it is judged by.
    public struct Asking: Sendable {
        public let enrolled: Enrolled
        public let stored: StoredLogin
        public let standing: FailureStanding
        public let proof: RequestProof
        public let address: String?

        public init(
            _ enrolled: Enrolled,
            _ stored: StoredLogin,
            standing: FailureStanding,
            proof: RequestProof,
            address: String?
        ) {
            self.enrolled = enrolled
            self.stored = stored
            self.standing = standing
            self.proof = proof
            self.address = address
        }
    }

    /// Records a decision of a device. What was signed covers the login, the consent as it is now and
    /// the selection: if any of them is another one, it is refused.
    ///
    /// The proof of the request is used up by the commit of the decision, or before anything else that
    /// the request changes. If nothing changes, it may still be unused afterwards.
    public func decide(_ answer: Answer, _ asking: Asking) async throws(Refusal) -> StoredLogin {
        guard asking.stored.login.details.user == asking.enrolled.key.user else {
            throw .unknownLogin
        }
        return answer.choice == .approve
            ? try await approve(answer, asking) : try await decline(answer, asking)
    }

    /// Uses up the proof of a request whose decision was not recorded yet.
    private func useProof(of asking: Asking) async throws(Refusal) {
        guard let proof = asking.proof.unused else { return }
        let result = try await read { () throws(StoreError) in
            try await logins.update(
                asking.stored.number,
                yielding: false,
                by: KeyUse(asking.enrolled.key.id, proof: proof)
            ) { _ in }
        }
        asking.proof.noteUse()
        if case .failure(.key(let objection)) = result { throw refusal(.key(objection)) }
    }

    private func decline(
        _ answer: Answer,
        _ asking: Asking
    ) async throws(Refusal) -> StoredLogin {
        let (stored, enrolled, address) = (asking.stored, asking.enrolled, asking.address)
        let user = enrolled.key.user
        var evidence = Evidence(
            method: .tap,
            via: .device,
            address: address,
            device: enrolled.key.id
        )
        var challenge: [UInt8]?
        if let signature = answer.signature {
            let signed = try await verified(signature, asking)
            challenge = try await judged(signed, answer, asking)
            evidence = Evidence(
                proof: proof(signature, enrolled.key),
                method: .deviceKey,
                via: .device,
                address: address
            )
        }
        do {
            return try await desk.decline(
                answer.choice,
                stored.number,
                of: user,
                by: evidence,
                challenge: challenge,
                key: enrolled.key.id,
                proof: asking.proof
            )
        } catch {
            throw refusal(error)
        }
    }

    private func approve(
        _ answer: Answer,
        _ asking: Asking
    ) async throws(Refusal) -> StoredLogin {
        let (stored, enrolled) = (asking.stored, asking.enrolled)
        let key = enrolled.key
        let number = stored.number
        // The same again.
        if case .approved(let first) = stored.login.phase.outcome,
            first.evidence.proof?.credential == key.id,
            Self.grants(first.grant, answer.selection, stored.login)
        {
            return stored
        }
        guard desk.accepts(enrolled.device.protection) else {
            throw .decision(.methodNotAllowed)
        }
        let method = try method(of: answer, stored.login, key)
        if asking.standing.isBlocked(at: clock.now()) { throw .blocked(asking.standing) }
        if let decided = try await approveAtOnce(answer, asking) { return decided }
        // A number or a PIN is a guess that counts, and its proof must not allow another one.
        if answer.pin != nil || answer.selection.code != nil { try await useProof(of: asking) }
        let confirmable: DecisionDesk.Confirmable
        do {
            // The number first: a right PIN ends the counting of failures, and must not do so for
            // somebody who guesses numbers.
            confirmable = try await desk.confirmable(
                stored,
                by: method,
                judgesNumber: true,
                isUnblocked: true,
                selecting: { _ in answer.selection }
            )
        } catch {
            throw refusal(error)
        }
        guard let signature = answer.signature else {
            throw .decision(.methodNotAllowed)
        }
        let signed = try await verified(signature, asking)
        let challenge = try await judged(signed, answer, asking)
        guard challenge == confirmable.challenge else {
            throw try await otherChallenge(asking)
        }
        if let pin = answer.pin {
            guard let hash = key.pin else { throw .noPIN }
            try await check(pin, hash, of: enrolled, in: number)
        }
        do throws(DecisionDesk.Refusal) {
            return try await record(
                answer,
                asking,
                by: method,
                signature,
                challenge,
                seal: confirmable.seal,
                // Checking a PIN takes its time.
                isLookedUp: answer.pin == nil
            )
        } catch {
            throw refusal(error)
        }
    }

    /// Records an approval of a login that waits, without a number or a PIN: its signature is verified
    /// first, and the transaction of the decision judges the rest, instead of a copy of the login before
    /// it.
    ///
    /// - Returns: nil for one that is not recorded. Only its proof may have been used up. Judged step by
    ///   step, it is refused for what comes first.
    private func approveAtOnce(
        _ answer: Answer,
        _ asking: Asking
    ) async throws(Refusal) -> StoredLogin? {
        let login = asking.stored.login
        let now = clock.now()
        guard login.phase.name == .waiting, now < login.terms.promptEnds, answer.pin == nil,
            answer.selection.code == nil, let signature = answer.signature,
            let signed = payload(of: signature, asking.enrolled.key),
            let challenge = challenge(in: signed, answer, login)
        else { return nil }
        do throws(DecisionDesk.Refusal) {
            try await desk.requireApprover(of: login, counting: .method(.deviceKey), at: now)
            return try await record(
                answer,
                asking,
                by: .deviceKey,
                signature,
                challenge,
                seal: nil,
                isLookedUp: true
            )
        } catch {
            switch error {
            case .refused, .methodNotAllowed, .userMayNotApprove: return nil
            default: throw refusal(error)
            }
        }
    }

    /// Records an approval whose signature is right.
    private func record(
        _ answer: Answer,
        _ asking: Asking,
        by method: Evidence.Method,
        _ signature: String,
        _ challenge: [UInt8],
        seal: [UInt8]?,
        isLookedUp: Bool
    ) async throws(DecisionDesk.Refusal) -> StoredLogin {
        let key = asking.enrolled.key
        let decided = try await desk.approve(
            asking.stored.number,
            of: key.user,
            by: Evidence(
                proof: proof(signature, key),
                method: method,
                via: .device,
                address: asking.address
            ),
            challenge: challenge,
            seal: seal,
            isLookedUp: isLookedUp,
            key: key.id,
            proof: asking.proof,
            selecting: { _ in answer.selection }
        )
        // Another device was faster with the same: this one has not decided it.
        if let outcome = decided.login.phase.outcome,
            outcome.decision?.evidence.proof?.credential != key.id
        {
            throw .refused(.alreadyEnded(outcome), decided)
        }
        return decided
    }

    /// Whether a selection grants the same; of a login whose question retention has erased, anything.
    private static func grants(
        _ grant: Grant,
        _ selection: Selection,
        _ login: PendingLogin
    ) -> Bool {
        guard let question = login.question else { return true }
        var again = selection
        again.shown = selection.shown ?? question.digest
        return (try? question.grant(for: again)) == grant
    }

    /// How an approval would count. A PIN that the policy does not ask for is checked and makes it no
    /// other method.
    private func method(
        of answer: Answer,
        _ login: PendingLogin,
        _ key: Credential
    ) throws(Refusal) -> Evidence.Method {
        guard answer.pin != nil else { return .deviceKey }
        guard key.pin != nil else { throw .noPIN }
        let allowed = desk.methods(for: login)
        return allowed.contains(.deviceKey) && !allowed.contains(.deviceKeyAndPIN)
            ? .deviceKey : .deviceKeyAndPIN
    }

    private func refusal(_ refusal: DecisionDesk.Refusal) -> Refusal {
        switch refusal {
        case .noSuchPrompt: .unknownLogin
        case .store(let error): .store(error)
        case .key(.removed): .unknownDevice
        case .key(.proofUsed): .usedProof
        case .otherLogin, .methodNotAllowed, .delegationNotAllowed, .userMayNotApprove,
            .directory, .refused:
            .decision(refusal)
        }
    }

    private func proof(_ signature: String, _ key: Credential) -> Evidence.Proof {
        Evidence.Proof(
            credential: key.id,
            publicKey: key.publicKey.info ?? [],
            statement: signature
        )
    }

    // MARK: Proofs

    /// The payload of a decision that the device's key has signed.
    private func payload(of signature: String, _ key: Credential) -> JSONValue? {
        guard signature.utf8.count <= Self.longestSignature,
            let jws = try? JWS.verify(
                signature,
                keys: JWKSet([key.verificationKey]),
                allowed: Self.algorithms
            ), jws.header.isType(Self.decisionType)
        else { return nil }
        return try? JSONValue(jws.payload, limits: JSONLimits(depth: 4))
    }

    /// The same. Anything else counts as a failure.
    private func verified(
        _ signature: String,
        _ asking: Asking
    ) async throws(Refusal) -> JSONValue {
        let key = asking.enrolled.key
        if let payload = payload(of: signature, key) { return payload }
        try await useProof(of: asking)
        let standing = try await read { () throws(StoreError) in
            try await failures.noteFailure(of: key.user)
        }
        try await noteRefused("signature", asking.stored.number, asking.enrolled)
        throw standing.isBlocked(at: clock.now()) ? .blocked(standing) : .wrongProof(standing)
    }

    /// The challenge of a signed decision; nil if that does not name this login and this choice.
    private func challenge(
        in payload: JSONValue,
        _ answer: Answer,
        _ login: PendingLogin
    ) -> [UInt8]? {
        let shown = payload["digest"]?.string.flatMap(Base64URL.decode)
        guard payload["login"]?.string?.isExactly(login.key.login.value) ?? false,
            payload["decision"]?.string?.isExactly(answer.choice.signedName) ?? false,
            answer.choice != .approve || shown == nil || shown == answer.selection.shown?.bytes,
            let challenge = payload["challenge"]?.string.flatMap(Base64URL.decode),
            challenge.count == 32
        else { return nil }
        return challenge
    }

    /// The same. Any other decision is noted.
    private func judged(
        _ payload: JSONValue,
        _ answer: Answer,
        _ asking: Asking
    ) async throws(Refusal) -> [UInt8] {
        guard let challenge = challenge(in: payload, answer, asking.stored.login) else {
            throw try await otherChallenge(asking)
        }
        return challenge
    }

    /// Checks a PIN as one attempt of the user.
    func check(
        _ pin: String,
        _ hash: PINHash,
        of enrolled: Enrolled,
        in number: LoginNumber? = nil
    ) async throws(Refusal) {
        let user = enrolled.key.user
        let start = try await read { () throws(StoreError) in
            try await failures.beginAttempt(of: user)
        }
        let attempt: ProofAttempt
        switch start {
        case .begun(let begun): attempt = begun
        case .blocked(let standing): throw .blocked(standing)
        case .busy: throw .busy
        }
        if await PINChecks.matches(pin, hash) {
            let counts = try await read { () throws(StoreError) in
                try await failures.succeeded(attempt)
            }
            if counts { return }
            let standing = try await read { () throws(StoreError) in
                try await failures.failures(of: user)
            }
            throw .blocked(standing)
        }
        let standing = try await read { () throws(StoreError) in
            try await failures.failed(attempt)
        }
        try await noteRefused("pin", number, enrolled)
        throw standing.isBlocked(at: clock.now()) ? .blocked(standing) : .wrongProof(standing)
    }

    private func noteRefused(
        _ reason: String,
        _ number: LoginNumber?,
        _ enrolled: Enrolled
    ) async throws(Refusal) {
        try await note(
            "device.refused",
            [
                "reason": .string(reason), "user": .string(enrolled.key.user.value),
                "device": .string(enrolled.device.id.value),
                "login": number.map { .integer($0.rawValue) },
            ]
        )
    }

    /// Notes that something else was signed.
    private func otherChallenge(_ asking: Asking) async throws(Refusal) -> Refusal {
        try await useProof(of: asking)
        let key = asking.enrolled.key
        try await note(
            "device.refused",
            [
                "reason": .string("challenge"), "user": .string(key.user.value),
                "credential": .string(key.id.value),
                "login": .integer(asking.stored.number.rawValue),
            ]
        )
        return .otherChallenge
    }
}

extension Decision.Choice {
    /// The word in a signed decision, and in its challenge.
    var signedName: String {
        switch self {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "fraud"
        }
    }
}
