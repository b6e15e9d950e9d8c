import Glibc
public import Logins

/// What a configuration refers to outside itself: files and environment variables.
/// A value, so that tests can have an environment of their own.
public struct Environment: Sendable {
    /// The contents of a file, or why it cannot be read.
    public var read: @Sendable (String) -> Result<[UInt8], FileProblem>
    /// Whether other users of the machine can read or change a file, by its mode.
    public var isOpenToOthers: @Sendable (String) -> Bool = { _ in false }
    /// Whether other users of the machine can change a file, or replace files in a folder, by its mode.
    public var isWritableByOthers: @Sendable (String) -> Bool = { _ in false }
    /// An environment variable; nil when it is not set.
    public var variable: @Sendable (String) -> String?
    /// Why a path cannot be used in a way; nil when it can.
    public var obstacle: @Sendable (String, Use) -> FileProblem? = { _, _ in nil }
    /// What relative paths are relative to.
    public var directory: String
    /// When the configuration is read; nil skips the check of certificates' dates.
    public var now: Timestamp?

    /// What a path is used for, besides being read.
    public enum Use: Sendable {
        /// It is a folder.
        case folder
        /// It is an SQLite database, or there is none yet.
        case database
        /// It is a folder or a file that this process may write.
        case writing
        /// It is a file that this process may run.
        case running
    }

    /// Why a file cannot be read, in words.
    public struct FileProblem: Error, Hashable, Sendable {
        /// The rest of a sentence that begins with the path.
        public let reason: String
        /// A reason in words.
        public init(_ reason: String) { self.reason = reason }
    }

    /// An environment made by hand.
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

    /// The machine's files and time, and this process's environment variables.
    public static func real(directory: String) -> Environment {
        var environment = Environment(directory: directory, read: readFile)
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        environment.now = Timestamp(milliseconds: Int64(time.tv_sec) * 1000)
        environment.obstacle = findObstacle
        environment.isOpenToOthers = { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & mode_t(S_IROTH | S_IWOTH) != 0
        }
        environment.isWritableByOthers = { path in
            var status = stat()
            guard stat(path, &status) == 0 else { return false }
            // In a folder with the sticky bit, files belong to their owners.
            let isSticky = status.st_mode & mode_t(S_ISVTX) != 0
            let isShared = status.st_mode & S_IFMT == S_IFDIR && isSticky
            return status.st_mode & mode_t(S_IWOTH) != 0 && !isShared
        }
        environment.variable = { name in getenv(name).map { String(cString: $0) } }
        return environment
    }

    /// `path`, made absolute.
    public func resolve(_ path: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }

    /// The absolute path of the directory that a file is in.
    public static func directory(of path: String) -> String {
        var path = path
        if !path.hasPrefix("/"), let directory = getcwd(nil, 0) {
            path = String(cString: directory) + "/" + path
            free(directory)
        }
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    @Sendable
    private static func findObstacle(_ path: String, _ use: Use) -> FileProblem? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return use == .database && errno == ENOENT ? nil : FileProblem(code: errno)
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        switch use {
        case .folder: return isFolder ? nil : FileProblem("is not a folder")
        case .database:
            if isFolder { return FileProblem("is a directory") }
            guard status.st_mode & S_IFMT == S_IFREG else {
                return FileProblem("is not a regular file")
            }
            return isDatabase(path) ? nil : FileProblem("is not an SQLite database")
        case .writing:
            return access(path, isFolder ? W_OK | X_OK : W_OK) == 0
                ? nil : FileProblem("cannot be written by this user")
        case .running:
            if isFolder { return FileProblem("is a directory") }
            return access(path, X_OK) == 0 ? nil : FileProblem("cannot be run by this user")
        }
    }

    /// Whether a file is empty or begins as SQLite's do. One that this user may not read is for the
    /// service's user to open.
    private static func isDatabase(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return true }
        defer { close(file) }
        let magic = Array("SQLite format 3\0".utf8)
        var bytes = [UInt8](repeating: 0, count: magic.count)
        let count = Glibc.read(file, &bytes, bytes.count)
        return count <= 0 || bytes == magic
    }

    /// What is wrong with the mode of a file that is trusted, or of a folder of such files; nil if
    /// nothing is. The rest of a sentence that begins with the path.
    public func warning(trusted path: String) -> String? {
        isWritableByOthers(path) ? "can be changed by other users; use chmod o-w" : nil
    }

    /// What is wrong with the mode of a file that must be private; nil if nothing is. The rest of a
    /// sentence that begins with the path.
    public func warning(private path: String) -> String? {
        isOpenToOthers(path) ? "can be read or changed by other users; use chmod o=" : nil
    }

    /// The whole contents of a file, or why it cannot be read.
    @Sendable
    private static func readFile(_ path: String) -> Result<[UInt8], FileProblem> {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return .failure(FileProblem(code: errno)) }
        defer { close(file) }
        var contents: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(file, &part, part.count)
            if count > 0 {
                contents += part[..<count]
            } else if count == 0 {
                return .success(contents)
            } else if errno != EINTR {
                return .failure(FileProblem(code: errno))
            }
        }
    }
}

extension Environment.FileProblem {
    /// An error number in words.
    fileprivate init(code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self.init("does not exist")
        case EISDIR: self.init("is a directory")
        case EACCES, EPERM: self.init("cannot be read by this user")
        default: self.init("cannot be read: " + String(cString: strerror(code)))
        }
    }
}
