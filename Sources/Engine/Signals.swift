import Threads

/// A set of signals that mostly has one, which then takes no memory of its own.
struct Signals {
    private var first: Signal?
    private var others: [ObjectIdentifier: Signal] = [:]

    var isEmpty: Bool { first == nil }
    var count: Int { first == nil ? 0 : 1 + others.count }
    var all: [Signal] { first.map { [$0] + others.values } ?? [] }

    /// Adds a signal that is not in it.
    mutating func insert(_ signal: Signal) {
        if first == nil { first = signal } else { others[ObjectIdentifier(signal)] = signal }
    }

    /// Removes a signal. False if it was not in it.
    mutating func remove(_ signal: Signal) -> Bool {
        guard first === signal else {
            return others.removeValue(forKey: ObjectIdentifier(signal)) != nil
        }
        first = others.popFirst()?.value
        return true
    }
}
