/// The names within an object so far.
///
/// Most objects are small, and a strict reader asks for each of their names whether it came before:
/// a mask of lengths and first bytes answers that for nearly all without comparing any text.
struct MemberNames {
    private var seen: UInt64 = 0
    /// Apart from the others: the smallest objects, which are read most often, then take no memory.
    private var first: String?
    private var few: [String] = []
    private var many: Set<String> = []

    private static let few = 16

    /// False when the name is there already.
    mutating func insert(_ name: String) -> Bool {
        let length = UInt64(truncatingIfNeeded: name.utf8.count)
        let mark: UInt64 = 1 &<< (length &* 11 &+ UInt64(name.utf8.first ?? 0))
        let mayBeThere = seen & mark != 0
        seen |= mark
        if !many.isEmpty { return many.insert(name).inserted }
        guard let first else {
            self.first = name
            return true
        }
        if mayBeThere, name == first || few.contains(name) { return false }
        if few.isEmpty { few.reserveCapacity(Self.few) }
        few.append(name)
        if few.count == Self.few {
            many.formUnion(few)
            many.insert(first)
        }
        return true
    }
}
