import Logins
import Texts

extension [Fact] {
    /// Each label once, as it is first said. Members that mean one thing may be written at several
    /// places, but not with different values.
    ///
    /// Labels of things that there may be several of are left as they are. `path` is the object that
    /// they are of.
    func united(of path: String) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        for fact in self {
            guard case .known(let label) = fact.label, !Self.severalTimes.contains(label),
                let earlier = facts.first(where: { $0.label == fact.label })
            else {
                facts.append(fact)
                continue
            }
            guard earlier.value.means(fact.value) else {
                throw .contradictory("\(path).\(label.rawValue)")
            }
        }
        return facts
    }

    /// Parties, documents, resources and the like.
    private static let severalTimes: Set<Fact.Known> = [
        .charge, .documentAmount, .documentDate, .documentIssuer, .documentLines, .documentNumber,
        .documentType, .granted, .individual, .intermediary, .invoicee, .invoicer, .merchant,
        .message, .otherParty, .permissions, .provider, .recipient, .reference, .referenceIssuer,
        .referenceType, .registeredName, .registrationNumber, .registry, .regulatoryReport,
        .resource, .taxDetails, .vendor, .website,
    ]
}

extension ConsentMembers {
    /// The one value that is said, perhaps several times. `name` is the member that is named if there
    /// are two.
    func one(_ texts: [String?], _ name: String) throws(ConsentProblem) -> String? {
        let said = texts.compactMap(\.self)
        guard let first = said.first else { return nil }
        guard said.allSatisfy(first.isExactly) else { throw .contradictory(place(name)) }
        return first
    }
}

extension Fact.Value {
    /// Whether it is the same value, perhaps written otherwise: `20` and `20.00`.
    func means(_ other: Fact.Value) -> Bool {
        switch (self, other) {
        case (.money(let one), .money(let two)): one.means(two)
        case (.number(let one), .number(let two)):
            PlainNumber.significant(one) == PlainNumber.significant(two)
        default: self == other
        }
    }
}

extension Money {
    func means(_ other: Money) -> Bool {
        currency == other.currency && !isMore(than: other) && !other.isMore(than: self)
    }
}
