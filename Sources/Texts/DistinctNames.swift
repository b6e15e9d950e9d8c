/// The names that have occurred in an object or a form, as bytes.
///
/// Most have few. For each name the parser checks whether it occurred before; a mask of lengths and
/// first bytes answers that for nearly all names without comparing text.
public struct DistinctNames {
    private var seen: UInt64 = 0
    /// Separate, so that what has one name, which is the most frequent, needs no array.
    private var first: String?
    private var few: [String] = []
    private var many: Set<ExactText> = []

    private static let few = 16

    /// None yet.
    public init() {}

    /// False when the name has occurred before.
    public mutating func insert(_ name: String) -> Bool {
        let length = UInt64(truncatingIfNeeded: name.utf8.count)
        let mark: UInt64 = 1 &<< (length &* 11 &+ UInt64(name.utf8.first ?? 0))
        let mayBeThere = seen & mark != 0
        seen |= mark
        if !many.isEmpty { return many.insert(name.exact).inserted }
        guard let first else {
            self.first = name
            return true
        }
        if mayBeThere, name.isExactly(first) || few.contains(where: name.isExactly) { return false }
        if few.isEmpty { few.reserveCapacity(Self.few) }
        few.append(name)
        if few.count == Self.few {
            many = Set(few.map(\.exact))
            many.insert(first.exact)
        }
        return true
    }
}
