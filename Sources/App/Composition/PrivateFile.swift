import Glibc

/// A small file that only its owner may read.
package enum PrivateFile {
    /// The content; nil if there is no such file, it is not a plain file of at most `limit` bytes, or
    /// others can read it.
    package static func read(_ path: String, limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & 0o077 == 0 else { return nil }
        // One more than there should be.
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let step = bytes.withUnsafeMutableBytes { room in
                Glibc.read(file, room.baseAddress.map { $0 + count }, room.count - count)
            }
            guard step > 0 else { break }
            count += step
        }
        return count <= limit ? Array(bytes.prefix(count)) : nil
    }

    package static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// The file appears whole or not at all.
    package static func write(_ bytes: [UInt8], _ path: String) throws(Files.Failure) {
        let draft = path + ".new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Files.Failure(draft) }
        let isWritten = Glibc.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        let code = errno
        close(file)
        guard isWritten else { throw Files.Failure(draft, code) }
        guard rename(draft, path) == 0 else { throw Files.Failure(path) }
    }

    package static func remove(_ path: String) { unlink(path) }
}
