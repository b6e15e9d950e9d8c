/// What people sign in to.
public enum SignInApplication: String, Hashable, Sendable, CaseIterable {
    /// Where users see their own logins.
    case inbox
    /// Where operators work.
    case console

    /// The path below which all its pages are.
    public var root: String { "/" + rawValue }

    /// Whether a path with its query is a page of the application, so that a sign-in may end there.
    /// Anything that a browser could take for another host or another path is not.
    public func isPage(_ target: String) -> Bool {
        guard target.utf8.count <= 512, target.utf8.starts(with: root.utf8),
            target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") })
        else { return false }
        let rest = target.utf8.dropFirst(root.utf8.count)
        guard rest.isEmpty || rest.first == UInt8(ascii: "/") || rest.first == UInt8(ascii: "?")
        else { return false }
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let segments = path.dropFirst().split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        )
        // An escape could be a dot or a slash to whoever decodes it.
        return !path.contains(UInt8(ascii: "%"))
            && segments.enumerated().allSatisfy { index, segment in
                let text = String(decoding: Array(segment), as: UTF8.self)
                return text != "." && text != ".." && (!text.isEmpty || index == segments.count - 1)
            }
    }
}
