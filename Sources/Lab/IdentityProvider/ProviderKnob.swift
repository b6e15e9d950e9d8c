import JSON

/// A behaviour of the simulated identity provider that can be made wrong. The raw value is its name
/// in `POST /_sim/knobs`.
public enum ProviderKnob: String, Hashable, Sendable, CaseIterable {
    /// What is wrong with the next ID token: an `IDTokenFault`.
    case idToken = "id_token"
    /// What is wrong with the answer that the browser brings back.
    case answer = "authorize.answer"
    /// The token endpoint fails.
    case tokenFail = "token.fail"
    /// The token endpoint is slow.
    case tokenSlow = "token.slow"
    /// The keys cannot be read.
    case keys = "jwks"
    /// The metadata cannot be read, or are those of another issuer.
    case discovery
    /// The provider's clock is wrong.
    case clockSkew = "clock.skew"
    /// What is wrong with the next logout token.
    case logoutToken = "logout_token"

    /// The values it takes, for the help.
    public var values: String {
        switch self {
        case .idToken: IDTokenFault.allCases.map(\.rawValue).joined(separator: ", ")
        case .answer: "an error code such as access_denied; no_iss, wrong_iss, wrong_state, no_code"
        case .tokenFail: "a status; no_id_token, html"
        case .tokenSlow: "milliseconds"
        case .keys: "a status"
        case .discovery: "a status; issuer"
        case .clockSkew: "seconds"
        case .logoutToken: LogoutTokenFault.allCases.map(\.rawValue).joined(separator: ", ")
        }
    }

    /// What it does, for the help.
    public var effect: String {
        switch self {
        case .idToken: "a claim of the ID token, or its signature, is wrong"
        case .answer: "the authorization response is an error, or has a wrong parameter"
        case .tokenFail: "the token endpoint fails, or its answer has no ID token"
        case .tokenSlow: "the answer of the token endpoint is late"
        case .keys: "the keys cannot be read"
        case .discovery: "the metadata cannot be read, or name another issuer"
        case .clockSkew: "the clock is wrong by so much"
        case .logoutToken: "the logout token is wrong"
        }
    }
}

/// The knobs that are set, and how often each still applies.
struct ProviderKnobs: Sendable {
    private struct Setting {
        let id: String
        let values: JSONObject
        var timesLeft: Int?
    }

    private var settings: [Setting] = []
    private var lastID = 0

    /// Sets knobs together, for `times` uses of one of them; nil for always.
    mutating func set(_ values: JSONObject, times: Int?) -> String {
        lastID += 1
        settings.append(Setting(id: "k\(lastID)", values: values, timesLeft: times))
        return "k\(lastID)"
    }

    /// Whether there was one with that name.
    mutating func remove(_ id: String) -> Bool {
        let count = settings.count
        settings.removeAll { $0.id == id }
        return settings.count < count
    }

    /// The value of a knob, of the latest setting that has it. Counts as one use.
    mutating func take(_ knob: ProviderKnob) -> JSONValue? {
        guard let index = settings.lastIndex(where: { $0.values[knob.rawValue] != nil }) else {
            return nil
        }
        let value = settings[index].values[knob.rawValue]
        if let left = settings[index].timesLeft {
            settings[index].timesLeft = left - 1
            if left <= 1 { settings.remove(at: index) }
        }
        return value
    }
}
