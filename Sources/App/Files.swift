import Glibc

/// The few things that commands do with files by name. Foundation would do them too, but linking it
/// makes the program a third larger, in memory as on disk.
enum Files {
    /// Why something could not be done with a file, in the system's words.
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ path: String, _ code: Int32 = errno) {
            description = "\(path): \(String(cString: strerror(code)))"
        }
    }

    /// The whole contents, or why they cannot be had.
    static func read(_ path: String) -> Result<[UInt8], Surroundings.FileProblem> {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return .failure(problem(errno)) }
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
                return .failure(problem(errno))
            }
        }
    }

    private static func problem(_ code: Int32) -> Surroundings.FileProblem {
        switch code {
        case ENOENT, ENOTDIR: .init("does not exist")
        case EISDIR: .init("is a directory")
        case EACCES, EPERM: .init("cannot be read by this user")
        default: .init("cannot be read: " + String(cString: strerror(code)))
        }
    }

    /// `path` made absolute, by the directory that the process runs in.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }

    /// The directory that a file lies in.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes a directory and those above it; that it is there already is no failure.
    static func makeDirectory(_ path: String) throws(Failure) {
        if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
        let above = directory(of: path)
        guard errno == ENOENT, above != path, above != "." else { throw Failure(path) }
        try makeDirectory(above)
        if mkdir(path, 0o777) != 0, errno != EEXIST { throw Failure(path) }
    }

    /// Makes a directory of one's own where temporary files go, and returns its path.
    static func makeTemporaryDirectory(_ name: String) throws(Failure) -> String {
        let place = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        guard let made = strdup("\(place)/\(name)-XXXXXX") else { throw Failure(place) }
        defer { free(made) }
        guard mkdtemp(made) != nil else { throw Failure(place) }
        return String(cString: made)
    }

    /// Removes a directory and the files in it; one that has directories stays.
    static func removeDirectory(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                    tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}
