import Engine
import FoundationEssentials
public import Logins

/// What a configuration refers to outside itself: files and environment variables.
/// A value, so that tests can have surroundings of their own.
public struct Surroundings: Sendable {
    /// The contents of a file, or why it cannot be read.
    public var read: @Sendable (String) -> Result<[UInt8], FileProblem>
    /// Environment variables.
    public var variables: [String: String]
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
        self.variables = variables
        self.now = now
        self.read = read
    }

    /// The machine's files and time, and this process's environment.
    public static func real(directory: String) -> Surroundings {
        Surroundings(
            directory: directory,
            variables: ProcessInfo.processInfo.environment,
            now: SystemClock().now()
        ) { path in
            var isDirectory = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
                return .failure(FileProblem("does not exist"))
            }
            guard !isDirectory else { return .failure(FileProblem("is a directory")) }
            guard let data = FileManager.default.contents(atPath: path) else {
                return .failure(FileProblem("cannot be read by this user"))
            }
            return .success(Array(data))
        }
    }

    /// `path`, made absolute.
    func resolve(_ path: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }
}
