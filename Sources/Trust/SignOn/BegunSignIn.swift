import JSON
import Logins

/// What a sign-in needs until the provider answers.
struct BegunSignIn {
    let state: String
    let nonce: String
    let verifier: String
    let target: String
    let at: Timestamp
    /// What the sign-in confirms; nil if it begins a session.
    let fresh: FreshSignIn?

    init(
        state: String,
        nonce: String,
        verifier: String,
        target: String,
        at: Timestamp,
        fresh: FreshSignIn?
    ) {
        self.state = state
        self.nonce = nonce
        self.verifier = verifier
        self.target = target
        self.at = at
        self.fresh = fresh
    }

    init?(_ json: JSONValue) {
        guard let state = json["state"]?.string, let nonce = json["nonce"]?.string,
            let verifier = json["verifier"]?.string, let target = json["to"]?.string,
            let at = json["at"]?.integer
        else { return nil }
        self.init(
            state: state,
            nonce: nonce,
            verifier: verifier,
            target: target,
            at: Timestamp(milliseconds: Int64(at)),
            fresh: json["fresh"].flatMap(FreshSignIn.init)
        )
    }

    var json: JSONValue {
        .members([
            "state": .string(state), "nonce": .string(nonce), "verifier": .string(verifier),
            "to": .string(target), "at": .integer(at.milliseconds),
            "fresh": fresh?.json,
        ])
    }
}
