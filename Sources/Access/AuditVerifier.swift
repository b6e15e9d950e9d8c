public import JOSE

/// Recomputes the chain of the audit, page by page. It keeps one hash, however many entries there are.
///
/// It finds every change that does not recompute the rest of the chain. Against that help signed
/// heads and copies elsewhere, whose hashes can be compared.
public struct AuditVerifier: Sendable {
    /// The last entry that is intact; nil before the first page.
    public private(set) var last: AuditMark?
    /// The number of the first entry; nil while there is none.
    public private(set) var first: Int64?
    /// How many entries are intact.
    public private(set) var count: Int64 = 0
    /// The number of the last signed head; nil while there is none, or without keys.
    public private(set) var signed: Int64?
    private let keys: JWKSet?

    /// With keys, it checks the signed heads too.
    public init(keys: JWKSet? = nil) { self.keys = keys }

    /// Checks the next page: the entries after `last`, or all.
    ///
    /// - Returns: where the chain breaks first. Later pages are then of no use.
    public mutating func check(_ page: AuditPage) -> AuditFault? {
        var mark = last ?? page.removed
        // Retention may have deleted entries since the page before.
        if page.removed.number > mark.number { mark = page.removed }
        for record in page.records {
            let (next, isOver) = mark.number.addingReportingOverflow(1)
            if mark == page.head || isOver { return AuditFault(record.number, .surplus) }
            if record.number < next { return AuditFault(record.number, .surplus) }
            if record.number > next { return AuditFault(next, .missing) }
            guard AuditChain.hash(after: mark.hash, record.bytes) == record.hash else {
                guard let (number, _) = AuditChain.event(of: record.bytes) else {
                    return AuditFault(next, .unreadable)
                }
                return AuditFault(next, number == next ? .changed : .outOfOrder)
            }
            if let keys, let isValid = AuditSeal.isValid(record, after: mark, keys: keys) {
                guard isValid else { return AuditFault(next, .badSignature) }
                signed = next
            }
            mark = AuditMark(number: record.number, hash: record.hash)
            first = first ?? record.number
            count += 1
        }
        last = mark
        guard page.isLast, mark != page.head else { return nil }
        if mark.number < page.head.number { return AuditFault(mark.number + 1, .cutOff) }
        if mark.number > page.head.number { return AuditFault(page.head.number + 1, .surplus) }
        return AuditFault(mark.number, .changed)
    }
}

/// The first place at which a chain breaks.
public struct AuditFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the entry.
    public enum Kind: Hashable, Sendable {
        /// Its content or its hash is not what was written, or what the entry after it covers is not.
        case changed
        /// It is not there, but later ones are.
        case missing
        /// Another entry stands in its place.
        case outOfOrder
        /// It and all later ones are not there.
        case cutOff
        /// It cannot be read.
        case unreadable
        /// It should not be there.
        case surplus
        /// Its signature is not by a known key, or over something else.
        case badSignature
    }

    /// The number of the entry.
    public let number: Int64
    public let kind: Kind

    public init(_ number: Int64, _ kind: Kind) {
        self.number = number
        self.kind = kind
    }

    /// Half a sentence.
    public var description: String {
        switch kind {
        case .changed: "entry \(number) was changed"
        case .missing: "entry \(number) is missing"
        case .outOfOrder: "entry \(number) is out of order"
        case .cutOff: "entry \(number) is missing, and all after it: the end was cut off"
        case .unreadable: "entry \(number) is unreadable"
        case .surplus: "entry \(number) was not written by Beckon"
        case .badSignature: "the signature in entry \(number) is wrong"
        }
    }
}
