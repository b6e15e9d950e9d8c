import Glibc

/// Bytes as a key: hashed and compared as a whole, where an array does it element by element.
public struct BytesKey: Hashable, Sendable {
    @usableFromInline let bytes: [UInt8]

    @inlinable public init(_ bytes: [UInt8]) { self.bytes = bytes }

    @inlinable public static func == (left: Self, right: Self) -> Bool {
        left.isEqual(to: right.bytes[...])
    }

    @usableFromInline func isEqual(to other: ArraySlice<UInt8>) -> Bool {
        guard bytes.count == other.count else { return false }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe other.withUnsafeBytes { other in
                guard let first = bytes.baseAddress, let second = other.baseAddress else {
                    return true
                }
                return unsafe memcmp(first, second, bytes.count) == 0
            }
        }
    }

    @inlinable public func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

/// Values by key, of which the least recently used are dropped.
///
/// There are two generations. A new one begins when the newer is full, and the older is dropped; what
/// is used moves to the newer.
///
/// Inlinable: a look-up by a generic function costs several times as much.
public struct RecentValues<Key: Hashable, Value> {
    @usableFromInline var newer: [Key: Value] = [:]
    @usableFromInline var older: [Key: Value] = [:]
    @usableFromInline let generation: Int

    /// Keeps at most `capacity` values, and at least the half of it that was used last.
    @inlinable public init(capacity: Int) { generation = max(1, capacity / 2) }

    /// The number of values.
    @inlinable public var count: Int { newer.count + older.count }

    @inlinable public subscript(key: Key) -> Value? {
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
