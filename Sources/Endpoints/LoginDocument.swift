import Consents
import Cryptography
import Engine
import HTTP
import JSON
import Logins

/// A login in the device interface. After its end it is a receipt: the decision and its delivery,
/// without the question.
struct LoginDocument: Sendable {
    let standing: LoginStanding
    let desk: DecisionDesk
    /// The user's language, a BCP 47 tag.
    let language: String?
    /// For the form of an enrolled device; nil for that of a ticket.
    var device: Reader?

    /// An enrolled device that reads it.
    struct Reader: Sendable {
        let key: CredentialID
        /// The methods that it can use, each of which is enough.
        let methods: [ApprovalPolicy.Method]
        /// From where it asks.
        let address: String
    }

    private var choices: [Decision.Choice] {
        guard let device else { return standing.choices(at: desk) }
        guard case .asking = standing.view else { return [] }
        return device.methods.isEmpty
            ? [.deny, .cancel, .reportAsFraud] : [.deny, .approve, .cancel, .reportAsFraud]
    }

    /// One JSON object. Texts are unchanged from the authorization server: an app must show them as
    /// text, never as markup.
    var bytes: [UInt8] {
        let login = standing.stored.login
        var json = JSONWriter(reserving: 512)
        json.object { json in
            json.member("id", login.key.login.value)
            json.member("phase", login.phase.name.name)
            switch standing.view {
            case .asking(let question): ask(question, &json)
            case .preparing, .ending, .ended: break
            }
            json.member("requested_at", Self.text(login.terms.receivedAt))
            json.member("expires_at", Self.text(login.terms.promptEnds))
            json.member("user_language", language)
            json.member("allowed_decisions", choices.map(\.name))
            if case .asking = standing.view {
                json.member("approval_methods", desk.methods(for: login).map(\.rawValue))
                if let device { json.member("methods", device.methods.map(\.rawValue)) }
            }
            if case .ended(let outcome, let delivery) = standing.view {
                json.member("outcome", outcome.name)
                json.member("decision", outcome.decision?.choice.name)
                json.member("decided_at", outcome.decision.map { Self.text($0.decidedAt) })
                json.member("acr", outcome.decision?.merit?.acr)
                decider(outcome.decision?.evidence, &json)
                json.member("delivery", delivery.map(Self.name))
                json.member(
                    "answered_elsewhere",
                    device.flatMap { DeviceDesk.isAnsweredElsewhere(login, by: $0.key) }
                )
            }
        }
        return json.bytes
    }

    /// Who decided: the user, or a client for the user, which is never the user's authentication.
    private func decider(_ evidence: Evidence?, _ json: inout JSONWriter) {
        guard let evidence else { return }
        json.member("decided_by", evidence.delegate == nil ? "user" : "delegated")
        json.member(signIn: evidence.signIn)
        guard let delegate = evidence.delegate else { return }
        json.member(
            "delegate",
            object: { json in
                json.member("client_id", delegate.client.value)
                json.member("token_jti", delegate.token)
            }
        )
    }

    private func ask(_ question: Question, _ json: inout JSONWriter) {
        let consent = question.consent
        let login = standing.stored.login
        let details = login.details
        json.name("client")
        json.object { json in
            json.member("id", details.client?.value)
            json.member("name", login.clientName)
        }
        json.name("scopes")
        json.array { json in
            // Implicit scopes are granted too.
            for scope in consent.scopes {
                json.object { json in
                    json.member("name", scope.requestedName)
                    json.member("display_name", scope.displayName)
                    json.member("description", scope.explanation)
                    json.member("optional", scope.isOptional)
                }
            }
        }
        json.name("consent")
        ConsentDocument(question: question).write(&json)
        if device != nil {
            // What a device signs is computed from these.
            json.member(
                "consent_canonical",
                String(decoding: ConsentForm.bytes(of: consent), as: UTF8.self)
            )
            json.member("challenge_nonce", Base64URL.encode(question.nonce))
        }
        json.member("binding_message", details.bindingMessage.shown)
        if let context = details.context {
            let isSameNetwork = device.flatMap { context.isNetwork(of: $0.address) }
            json.member("request_context", context.document(isSameNetwork: isSameNetwork))
        }
        number(login, &json)
    }

    /// How the number of the message is matched, with what the user has to see for it.
    private func number(_ login: PendingLogin, _ json: inout JSONWriter) {
        let message = login.details.bindingMessage
        guard message.matching != .off, let length = message.numberLength else { return }
        json.member(
            "number_matching",
            object: { json in
                json.member("mode", message.matching.rawValue)
                json.member("digits", length)
                json.member("number", message.shownNumber)
                if message.matching == .choose {
                    json.member("numbers", desk.numbers(for: login))
                }
                if message.needsNumber { json.member("attempts_left", login.codesLeft) }
            }
        )
    }

    private static func text(_ moment: Timestamp) -> String {
        RFC3339.format(milliseconds: moment.milliseconds)
    }

    private static func name(_ delivery: LoginStanding.Delivery) -> String {
        switch delivery {
        case .pending: "pending"
        // The difference does not matter to an app.
        case .delivered, .unconfirmed: "delivered"
        case .failed: "failed"
        }
    }
}

extension JSONWriter {
    /// The sign-in that confirmed a decision, in the words of ID tokens; nothing for nil.
    mutating func member(signIn: Evidence.SignIn?) {
        guard let signIn else { return }
        member(
            "sign_in",
            object: { json in
                json.member("issuer", signIn.issuer)
                json.member("auth_time", RFC3339.format(milliseconds: signIn.at.milliseconds))
                json.member("acr", signIn.context)
                json.member("amr", signIn.methods)
            }
        )
    }
}
