/// An event did not happen in time.
public struct TookTooLong: Error, Sendable {
    public let what: String
}

/// Runs `body`, which waits for a signal, and throws if that takes longer than `limit`.
@discardableResult
public func within<Value: Sendable>(
    _ limit: Duration = .seconds(30),
    _ what: String = "the signal",
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await ContinuousClock().sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            throw TookTooLong(what: what)
        }
        return value
    }
}
