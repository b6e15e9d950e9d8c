/// Values by key, of which the least recently used are dropped.
///
/// There are two generations. A new one begins when the newer is full, and the older is dropped; what
/// is used moves to the newer.
package struct RecentValues<Key: Hashable, Value> {
    private var newer: [Key: Value] = [:]
    private var older: [Key: Value] = [:]
    private let generation: Int

    /// Keeps at most `capacity` values, and at least the half of it that was used last.
    package init(capacity: Int) { generation = max(1, capacity / 2) }

    /// The number of values.
    package var count: Int { newer.count + older.count }

    package subscript(key: Key) -> Value? {
        mutating get {
            if let value = newer[key] { return value }
            guard let value = older.removeValue(forKey: key) else { return nil }
            self[key] = value
            return value
        }
        set {
            older[key] = nil
            newer[key] = newValue
            if newer.count >= generation { (newer, older) = ([:], newer) }
        }
    }
}
