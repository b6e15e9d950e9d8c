import JSON
import Logins

/// An answer about a consent that no honest server gives, and what may become of it.
struct HostileConsent: Sendable {
    let name: String
    let example: ConsentExample
    let bytes: [UInt8]
    /// Whether showing it, however exactly, would be wrong.
    let mustBeRefused: Bool
    /// Whether it looks like something between us and the server, which goes away: then it is
    /// asked for again.
    let isPassing: Bool
}

/// Good answers, each made bad in one place. The same ones every time.
struct HostileConsents {
    private(set) var all: [HostileConsent] = []

    init() throws {
        for example in ConsentExample.all {
            let tree = try example.tree()
            let leaves = Leaf.all(in: tree)
            amounts(example, tree, leaves)
            types(example, tree, leaves)
            texts(example, tree, leaves)
            lists(example, tree, leaves)
            missing(example, tree, leaves)
            additions(example, tree)
            wire(example)
        }
        let grant = ConsentExample.scopeGrant
        let tree = try grant.tree()
        let leaves = Leaf.all(in: tree)
        types(grant, tree, leaves)
        texts(grant, tree, leaves)
        lists(grant, tree, leaves)
        missing(grant, tree, leaves)
        grants(grant, tree)
        wire(grant)
    }

    private mutating func add(
        _ name: String,
        _ example: ConsentExample,
        _ bytes: [UInt8],
        refused: Bool = false,
        isPassing: Bool = false
    ) {
        all.append(
            HostileConsent(
                name: "\(example.path): \(name)",
                example: example,
                bytes: bytes,
                mustBeRefused: refused,
                isPassing: isPassing
            )
        )
    }

    // MARK: Kinds of badness

    static let badAmounts = [
        "1e9", "-1", "NaN", "Infinity", "+1", "0", "0.00", "1,00", " 1", "1 ", "1.", ".5",
        "1.123456", "0x10", "١٢", String(repeating: "9", count: 40), "1.1.1", "1\u{0}",
    ]

    private mutating func amounts(_ example: ConsentExample, _ tree: JSONValue, _ leaves: [Leaf]) {
        // What a charge costs may be nothing; nothing else may.
        let places = leaves.filter {
            ["Amount", "amount"].contains($0.path.last?.name) && !$0.path.contains(.name("Charges"))
        }
        let canBeZero = ["FirstPaymentAmount", "FinalPaymentAmount"]
        for place in places {
            let isFree = place.path.contains { canBeZero.contains($0.name ?? "") }
            for amount in Self.badAmounts where !isFree || !amount.hasPrefix("0") {
                let changed = tree.setting(place.path, to: .string(amount))
                add("\(place) = \(amount)", example, changed.bytes, refused: true)
            }
            for number in ["-1", "1e30", "1.123456", "1e-6", "0e5"] where !isFree || number != "0e5"
            {
                let changed = tree.setting(place.path, to: .number(number))
                add("\(place) as number \(number)", example, changed.bytes, refused: true)
            }
        }
        for place in leaves where ["Currency", "currency"].contains(place.path.last?.name) {
            for currency in ["gbp", "GB", "POUND", "G\u{202E}P", "£££"] {
                let changed = tree.setting(place.path, to: .string(currency))
                add("\(place) = \(currency)", example, changed.bytes)
            }
            guard place.path.contains(.name("Charges")) else { continue }
            let amount = Array(place.path.dropLast())
            let more = tree.setting(amount + [.name("Surcharge")], to: .string("9.99"))
            add("\(place) beside a surcharge", example, more.bytes, refused: true)
            let free = more.setting(amount + [.name("Amount")], to: .string("0.00"))
            add("\(place) of nothing beside a surcharge", example, free.bytes, refused: true)
        }
    }

    private mutating func types(_ example: ConsentExample, _ tree: JSONValue, _ leaves: [Leaf]) {
        for leaf in leaves {
            let other: JSONValue =
                switch leaf.value {
                case .string: .number("12345678901234567890.5")
                case .number(let text): .string(text)
                default: .string("true")
                }
            let changed = tree.setting(leaf.path, to: other)
            add("\(leaf) of another type", example, changed.bytes)
        }
        for (index, leaf) in leaves.enumerated() {
            let others: [JSONValue] = [
                .object(JSONObject([.init(name: "a", value: .string("b"))])),
                .array([.string("a"), .array([.number("1")])]), .bool(true), .number("-1e400"),
            ]
            let changed = tree.setting(leaf.path, to: others[index % others.count])
            add("\(leaf) of a strange type", example, changed.bytes)
        }
    }

    private mutating func texts(_ example: ConsentExample, _ tree: JSONValue, _ leaves: [Leaf]) {
        let strange = [
            "\u{202E}dtL pohS\u{202C}", "Sh\u{43E}p", "a\u{0}b\u{7}\u{1B}[2J", "\u{FEFF}\u{200B}",
            "<script>alert(1)</script>", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 " + String(repeating: "e\u{301}", count: 500),
            String(repeating: "x", count: 1999), String(repeating: "x", count: 2001),
            String(repeating: "long ", count: 20_000), "\u{2028}\n\r\t",
        ]
        let places = leaves.filter { if case .string = $0.value { true } else { false } }
        for (index, text) in strange.enumerated() {
            let place = places[(index * 7 + 3) % places.count]
            let changed = tree.setting(place.path, to: .string(text))
            add("\(place) = strange text \(index)", example, changed.bytes)
        }
        // Wherever a person is named.
        for place in places where ["Name", "name", "client_name"].contains(place.path.last?.name) {
            for (index, text) in strange.enumerated() {
                let changed = tree.setting(place.path, to: .string(text))
                add("\(place) = strange name \(index)", example, changed.bytes)
            }
        }
        // One character, to whoever counts those.
        let tall = JSONValue.string("e" + String(repeating: "\u{301}", count: 2000))
        for place in places where ["Name", "client_name"].contains(place.path.last?.name) {
            let changed = tree.setting(place.path, to: tall)
            // A client's name is shown whatever its length.
            let isRefused = place.path.last?.name == "Name"
            add("\(place) = a tall letter", example, changed.bytes, refused: isRefused)
        }
    }

    private mutating func lists(_ example: ConsentExample, _ tree: JSONValue, _ leaves: [Leaf]) {
        let names = [
            "Permissions", "permissions", "dataClusters", "resources", "Charges", "parties",
        ]
        for path in Leaf.lists(in: tree) where names.contains(path.last?.name ?? "") {
            guard let list = tree.value(at: path)?.array, let first = list.first else { continue }
            let isAsked = path.last?.name?.lowercased() != "charges" && path.last?.name != "parties"
            for count in [201, 10_000] {
                let many = JSONValue.array(Array(repeating: first, count: count))
                let name = "\(path.last?.name ?? "") \(count) times"
                add(name, example, tree.setting(path, to: many).bytes, refused: true)
            }
            let none = tree.setting(path, to: .array([]))
            add("no \(path.last?.name ?? "")", example, none.bytes, refused: isAsked)
            let unknown = tree.setting(path, to: .array(list + [.string("ReadEverything\u{200B}")]))
            add("unknown in \(path.last?.name ?? "")", example, unknown.bytes, refused: true)
        }
        let many = (0..<10_000).map { number in
            JSONValue.object(JSONObject([.init(name: "name", value: .string("scope\(number)"))]))
        }
        let scopes = tree.setting([.name("requested_scopes")], to: .array(many))
        add("10,000 scopes", example, scopes.bytes, refused: true)
    }

    private mutating func missing(_ example: ConsentExample, _ tree: JSONValue, _ leaves: [Leaf]) {
        let needed = [
            "Amount", "Currency", "amount", "currency", "Permissions", "permissions",
            "dataClusters", "resources", "CreditorAccount", "creditor", "creditorAccount",
            "InstructedAmount", "FirstPaymentAmount", "requested_scopes",
            example.member,
        ]
        for path in Leaf.members(in: tree) where needed.contains(path.last?.name ?? "") {
            let changed = tree.removing(path)
            // A grant without scopes shares nothing, and is asked for.
            let isGrant = path.last == .name("requested_scopes") && !example.kind.isLodged
            add(
                "without \(path.last?.name ?? "")",
                example,
                changed.bytes,
                refused: !isGrant
            )
        }
        for (index, leaf) in leaves.enumerated() where index % 4 == 0 {
            let changed = tree.setting(leaf.path, to: .null)
            add("\(leaf) null", example, changed.bytes)
        }
    }

    private mutating func additions(_ example: ConsentExample, _ tree: JSONValue) {
        func added(_ name: String, _ value: JSONValue, _ refused: Bool = false) {
            let place: [Leaf.Step] = [.name(example.member), .name(name)]
            add("with \(name)", example, tree.setting(place, to: value).bytes, refused: refused)
        }
        added("Surcharge", .string("9.99"))
        added("Surcharge\u{202E}", .number("9.990"))
        added("Recurring", .bool(true))
        let small = JSONValue.object(JSONObject([.init(name: "Fee", value: .number("1"))]))
        added("Nested", small)
        added("Large", .array(Array(repeating: small, count: 201)), true)
        added("n" + String(repeating: "a", count: 300), .string("x"), true)
        var deep = small
        for _ in 0..<40 { deep = .array([deep]) }
        added("Deep", deep, true)
        var many = tree
        for number in 0..<60 {
            many = many.setting(
                [.name(example.member), .name("extra\(number)")],
                to: .string("\(number)")
            )
        }
        add("60 unknown members", example, many.bytes, refused: true)
        let type = tree.setting([.name("type")], to: .string("unheard_of"))
        add("of an unheard-of type", example, type.bytes, refused: true)
    }

    /// What only a scope grant can be bad in.
    private mutating func grants(_ example: ConsentExample, _ tree: JSONValue) {
        func scope(_ name: String) -> JSONValue {
            .object(JSONObject([.init(name: "name", value: .string(name))]))
        }
        func changed(_ name: String, _ member: String, _ value: JSONValue) {
            let bytes = tree.setting([.name(member)], to: value).bytes
            add("\(member): \(name)", example, bytes, refused: true)
        }
        let scopes = "requested_scopes"
        changed("1,002 of them", scopes, .array((0..<1002).map { scope("s\($0)") }))
        changed("201 of them", scopes, .array((0..<201).map { scope("s\($0)") }))
        changed("one without a name", scopes, .array([scope("openid"), scope("")]))
        changed("one of a wrong type", scopes, .array([scope("openid"), .string("payments")]))
        changed("all of a wrong type", scopes, .array([.string("openid"), .number("1")]))
        changed("one twice", scopes, .array([scope("openid"), scope("openid")]))
        changed("one that names a consent", scopes, .array([scope("consent:urn:bank:C1")]))
        changed("an object", scopes, scope("openid"))
        let claims = "requested_claims_to_consent"
        changed("a flag", claims, .bool(true))
        changed("an object among them", claims, .array([.string("email"), scope("name")]))
        changed("201 of them", claims, .array((0..<201).map { .string("claim\($0)") }))
        let payment = JSONObject([.init(name: "kind", value: .string("payment_initiation"))])
        changed("without a type", "authorization_details", .array([.object(payment)]))
        changed("not in a list", "authorization_details", .object(payment))
        changed("a text", "client_info", .string("Shop"))
    }

    private mutating func wire(_ example: ConsentExample) {
        let good = Array(example.answer.utf8)
        let text = example.answer
        func twice(_ name: String) -> [UInt8] {
            let place = example.kind.isLodged ? "\"\(example.member)\":{" : "\"client_info\":{"
            return Array(text.replacing(place, with: "\(place)\(name),").utf8)
        }
        add("a name twice", example, twice(#""X":1,"X":2"#), refused: true)
        add("a name twice by an escape", example, twice(#""X":1,"\u0058":2"#), refused: true)
        let other = #""\#(example.member)":{},"#
        add(
            "the consent twice",
            example,
            Array(("{" + other + text.dropFirst()).utf8),
            refused: true
        )
        add("half a surrogate", example, twice(#""X":"\ud800""#), refused: true)
        let illFormed = twice(#""X":"§""#).map { $0 == 0xC2 ? 0xFF : $0 }
        add("no UTF-8", example, illFormed, refused: true)
        let raw = twice(#""X":"§""#).map { $0 == 0xC2 || $0 == 0xA7 ? 0x01 : $0 }
        add("a raw control character", example, raw, refused: true)
        let half = Array(good.dropLast(good.count / 3))
        add("cut off", example, half, refused: true, isPassing: true)
        add("something after it", example, good + good, refused: true, isPassing: true)
        let deep = String(repeating: "[", count: 100_000)
        add("100,000 brackets", example, twice("\"X\":" + deep), refused: true)
        let long = String(repeating: " ", count: 300_000)
        add("300,000 spaces", example, Array((text + long).utf8), refused: true)
        add("empty", example, [], refused: true, isPassing: true)
        add("a list", example, Array("[\(text)]".utf8), refused: true)
    }
}
