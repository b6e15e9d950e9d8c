import Glibc

/// What commands do with files by name. Foundation could do it too, but makes the program a third
/// larger, in memory and on disk.
package enum Files {
    /// Why an operation on a file failed, in the system's words.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ path: String, _ code: Int32 = errno) {
            description = "\(path): \(String(cString: strerror(code)))"
        }
    }

    /// The directory of a file.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Creates a directory and those above it, unless they exist.
    package static func makeDirectory(_ path: String) throws(Failure) {
        if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
        let above = directory(of: path)
        guard errno == ENOENT, above != path, above != "." else { throw Failure(path) }
        try makeDirectory(above)
        if mkdir(path, 0o777) != 0, errno != EEXIST { throw Failure(path) }
    }

    /// Creates a new directory for temporary files and returns its path.
    package static func makeTemporaryDirectory(_ name: String) throws(Failure) -> String {
        let place = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        guard let made = strdup("\(place)/\(name)-XXXXXX") else { throw Failure(place) }
        defer { free(made) }
        guard mkdtemp(made) != nil else { throw Failure(place) }
        return String(cString: made)
    }

    /// Removes a directory and the files in it, unless it contains directories.
    package static func removeDirectory(_ path: String) {
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
