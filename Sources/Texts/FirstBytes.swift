extension String {
    /// The beginning, of at most `limit` bytes of UTF-8, that ends between two Unicode scalars. A
    /// `Character` has no bound: combining marks, thousands of them, are one.
    public func firstBytes(_ limit: Int) -> String {
        if utf8.count <= limit { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: max(limit, 0))
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { utf8.formIndex(before: &end) }
        return String(self[..<end])
    }
}
