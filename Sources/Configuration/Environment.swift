import Engine
import Glibc
public import Logins

/// What a configuration refers to outside itself: files and environment variables.
/// A value, so that tests can have surroundings of their own.
public struct Surroundings: Sendable {
    /// The contents of a file, or why it cannot be read.
    public var read: @Sendable (String) -> Result<[UInt8], FileProblem>
    /// An environment variable; nil when it is not set.
    public var variable: @Sendable (String) -> String?
    /// What relative paths are relative to.
    public var directory: String
    /// When the configuration is read; nil asks nothing of certificates' dates.
    public var now: Timestamp?

    /// Why a file cannot be read, in words.
    public struct FileProblem: Error, Hashable, Sendable {
        /// The rest of a sentence that begins with the path.
        public let reason: String
        /// Keeps the words.
        public init(_ reason: String) { self.reason = reason }
    }

    /// Surroundings made by hand.
    public init(
        directory: String,
        variables: [String: String] = [:],
        now: Timestamp? = nil,
        read: @escaping @Sendable (String) -> Result<[UInt8], FileProblem>
    ) {
        self.directory = directory
        self.variable = { variables[$0] }
        self.now = now
        self.read = read
    }

    /// The machine's files and time, and this process's environment.
    public static func real(directory: String) -> Surroundings {
        var surroundings = Surroundings(directory: directory, read: Files.read)
        surroundings.now = SystemClock().now()
        surroundings.variable = { name in getenv(name).map { String(cString: $0) } }
        return surroundings
    }

    /// `path`, made absolute.
    func resolve(_ path: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }
}
