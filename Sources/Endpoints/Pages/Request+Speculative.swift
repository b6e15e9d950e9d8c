import HTTP

extension Request {
    /// Whether nobody may be looking at the answer: programs that check links ask for its head, and
    /// browsers fetch pages in advance (Fetch, `Sec-Purpose`).
    var isSpeculative: Bool {
        method == .head
            || ["sec-purpose", "purpose", "x-purpose", "x-moz"].contains { name in
                (field(name) ?? "").lowercased().firstRange(of: /prefetch|prerender|preview/) != nil
            }
    }
}
