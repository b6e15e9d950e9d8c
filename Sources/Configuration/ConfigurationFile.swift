/// Reading and describing a whole configuration file, whose keys `read` declares.
public enum ConfigurationFile {
    /// Reads and checks a text.
    ///
    /// - Parameters:
    ///   - text: JSON5.
    ///   - environment: the files and variables that it refers to.
    ///   - isPart: whether `read` needs a part of the keys, and the others do not matter.
    ///   - read: reads the keys of the file as a whole.
    /// - Returns: what `read` made, and what is allowed but deserves attention.
    /// - Throws: `ConfigurationError` with every problem.
    public static func read<Result>(
        _ text: String,
        in environment: Environment,
        part isPart: Bool = false,
        _ read: (Section) -> Result
    ) throws(ConfigurationError) -> (Result, warnings: [ConfigurationProblem]) {
        let node: ConfigurationNode
        do {
            node = try ConfigurationNode(text)
        } catch {
            let reason = "not JSON5, at column \(error.column): \(error.reason)"
            throw ConfigurationError([
                ConfigurationProblem(path: "", line: error.line, reason: reason)
            ])
        }
        let notes = ConfigurationNotes()
        let root = Section(node, path: "", shared: .init(notes, environment))
        declareDevelopment(root)
        let result = read(root)
        if !isPart { root.end() }
        if !notes.problems.isEmpty { throw ConfigurationError(notes.problems) }
        return (result, notes.warnings)
    }

    /// Reads and checks a file, or a part of it; paths in it are relative to its directory.
    ///
    /// - Throws: `ConfigurationError` with every problem.
    public static func load<Result>(
        _ path: String,
        part isPart: Bool = false,
        _ read: (Section) -> Result
    ) throws(ConfigurationError) -> (Result, warnings: [ConfigurationProblem]) {
        let environment = Environment.real(directory: Environment.directory(of: path))
        let problem: String
        switch environment.read(path) {
        case .failure(let failure): problem = failure.reason
        case .success(let bytes):
            if let text = String(validating: bytes, as: UTF8.self) {
                var result = try Self.read(text, in: environment, part: isPart, read)
                if let warning = environment.warning(private: path) {
                    result.warnings.insert(
                        ConfigurationProblem(path: "", line: nil, reason: "\(path) \(warning)"),
                        at: 0
                    )
                }
                return result
            }
            problem = "is not UTF-8"
        }
        throw ConfigurationError([
            ConfigurationProblem(path: "", line: nil, reason: "\(path) \(problem)")
        ])
    }

    /// The one key that the reading itself needs.
    static func declareDevelopment(_ root: Section) {
        root.shared.isDevelopment = root.flag(
            "development",
            default: false,
            """
            Allow what must not be used in production: secrets in this file, plain http to other \
            machines, the console channel, and approval by tap without setting approval.tap.
            """
        )
    }
}
