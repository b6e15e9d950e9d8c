public import JSON
import Threads

/// The knobs that are set, and how often each still applies. Probabilities use a random seed, so
/// that a run can be repeated.
public final class KnobBoard: Sendable {
    private struct Setting {
        let id: String
        let name: KnobName
        let match: KnobMatch
        let value: JSONValue
        let probability: Double
        var timesLeft: Int?
        /// The next value of a list.
        var position = 0
    }

    private struct State {
        var settings: [Setting] = []
        var lastID = 0
        var random: SplitMix64
        /// Makes the listener present another certificate.
        var tlsListener: (@Sendable (String?) -> Void)?
    }

    private let state: Locked<State>

    /// A board without settings.
    public init(seed: UInt64) { state = Locked(State(random: SplitMix64(seed))) }

    /// Sets knobs together.
    /// - Parameters:
    ///   - values: the value of each knob; an array for `call.fail` is used one by one.
    ///   - match: what they apply to.
    ///   - times: how often each applies; nil for always. A list counts once when it is used up.
    ///   - probability: how likely each applies when it could, 0 to 1.
    /// - Returns: the name under which they can be turned back.
    @discardableResult
    public func set(
        _ values: [KnobName: JSONValue],
        match: KnobMatch = KnobMatch(),
        times: Int? = nil,
        probability: Double = 1
    ) -> String {
        defer { if values[.tls] != nil { tellTLS() } }
        return state.withLock { state in
            state.lastID += 1
            let id = "k\(state.lastID)"
            for (name, value) in values {
                state.settings.append(
                    Setting(
                        id: id,
                        name: name,
                        match: match,
                        value: value,
                        probability: probability,
                        timesLeft: times
                    )
                )
            }
            return id
        }
    }

    /// Removes the knobs with that name; false if there are none.
    @discardableResult
    public func remove(_ id: String) -> Bool {
        defer { tellTLS() }
        return state.withLock { state in
            let count = state.settings.count
            state.settings.removeAll { $0.id == id }
            return state.settings.count < count
        }
    }

    /// Removes all settings and restarts the random numbers.
    public func reset(seed: UInt64) {
        defer { tellTLS() }
        state.withLock {
            $0.settings = []
            $0.random = SplitMix64(seed)
        }
    }

    /// Connects the knob `tls`: `show` is called with its value, nil for none, at each change of
    /// the board. It applies to every new connection, whatever the knob matches (K-25).
    public func connectTLS(_ show: @escaping @Sendable (String?) -> Void) {
        state.withLock { $0.tlsListener = show }
    }

    /// Whether there is a TLS listener (K-25).
    var hasTLS: Bool { state.withLock { $0.tlsListener != nil } }

    private func tellTLS() {
        let (listener, value) = state.withLock { state in
            (state.tlsListener, state.settings.last { $0.name == .tls }?.value.string)
        }
        listener?(value)
    }

    /// The value of a knob for this call; nil if it is not set. Counts as one use. The latest
    /// matching setting wins. `isWanted` skips values that do not apply.
    func take(
        _ name: KnobName,
        user: String? = nil,
        login: String? = nil,
        operation: String? = nil,
        where isWanted: (JSONValue) -> Bool = { _ in true }
    ) -> JSONValue? {
        state.withLock { state in
            for index in state.settings.indices.reversed() {
                let setting = state.settings[index]
                guard setting.name == name,
                    setting.match.accepts(user: user, loginID: login, operation: operation),
                    isWanted(setting.value)
                else { continue }
                if setting.probability < 1, state.random.fraction() >= setting.probability {
                    continue
                }
                return Self.use(index, &state)
            }
            return nil
        }
    }

    private static func use(_ index: Int, _ state: inout State) -> JSONValue? {
        let setting = state.settings[index]
        var value = setting.value
        var isUsedUp = true
        // Some values apply once, unless `times` is set.
        var endsByItself = setting.name == .tokenRevoke && value.string == "once"
        if setting.name == .callFail {
            let given = value.array ?? value["statuses"]?.array
            let list = given ?? [value]
            guard setting.position < list.count else { return nil }
            isUsedUp = setting.position + 1 == list.count
            endsByItself = isUsedUp && given != nil
            state.settings[index].position = isUsedUp ? 0 : setting.position + 1
            value = .members([
                "status": list[setting.position], "processed": value["processed"],
            ])
        }
        if endsByItself, setting.timesLeft == nil { state.settings.remove(at: index) }
        if isUsedUp, let left = setting.timesLeft {
            if left <= 1 {
                state.settings.remove(at: index)
            } else {
                state.settings[index].timesLeft = left - 1
            }
        }
        return value
    }
}

/// A small random number generator with a seed.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Uniform in 0..<1.
    mutating func fraction() -> Double { Double.random(in: 0..<1, using: &self) }
}
