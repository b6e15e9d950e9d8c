/// One thing that is wrong with a configuration.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where: `authorization_servers[0].outbound.client_id`. Empty for the file as a whole.
    public let path: String
    /// The line of the file, from 1; nil for what is not in it.
    public let line: Int?
    /// What is wrong and, where it can be said, what to do.
    public let reason: String

    /// A problem at a key.
    public init(path: String, line: Int?, reason: String) {
        self.path = path
        self.line = line
        self.reason = reason
    }

    /// `line 12: log.level: …`
    public var description: String {
        let place = line.map { "line \($0): " } ?? ""
        return path.isEmpty ? place + reason : "\(place)\(path): \(reason)"
    }
}

/// Everything that is wrong with a configuration, in the order of the file.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never empty.
    public let problems: [ConfigurationProblem]

    /// Sorts the problems by line.
    public init(_ problems: [ConfigurationProblem]) {
        self.problems = problems.enumerated()
            .sorted { ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset) }
            .map(\.element)
    }

    /// One problem a line.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// What is found while a configuration is read.
final class ConfigurationNotes {
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []

    func problem(_ path: String, _ line: Int?, _ reason: String) {
        problems.append(ConfigurationProblem(path: path, line: line, reason: reason))
    }

    func warn(_ path: String, _ line: Int?, _ reason: String) {
        warnings.append(ConfigurationProblem(path: path, line: line, reason: reason))
    }
}
