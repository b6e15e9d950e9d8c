import JSON

/// What the knobs K-21 and K-22 do to the System API's response.
enum ConsentFault {
    // MARK: K-21

    /// Whether the knob applies after so many views: `1`, or `{"after": 1, "what": "payee"}`.
    static func concerns(_ knob: JSONValue, views: Int) -> Bool {
        views >= knob["after"]?.integer ?? knob.integer ?? 1
    }

    /// The consent with another amount, or with another payee if the knob says so. If nothing is
    /// paid, what is shared changes.
    static func changed(_ view: JSONValue, _ family: ConsentFamily, _ knob: JSONValue) -> JSONValue
    {
        replaced(view, family, knob["what"]?.string == "payee" ? family.payees : family.amounts)
    }

    private static func replaced(
        _ view: JSONValue,
        _ family: ConsentFamily,
        _ details: [ConsentFamily.Detail]
    ) -> JSONValue {
        details.reduce(view) { view, detail in
            view.replacing([family.member] + detail.path, with: detail.changed)
        }
    }

    // MARK: K-22

    /// `missing_amount`, `other_type`, `huge_list` or `html`; other names change nothing.
    static func applied(_ name: String, to view: JSONValue, _ family: ConsentFamily) -> JSONValue {
        switch name {
        case "missing_amount":
            return (family.amounts.map(\.path) + [["Initiation", "ControlSum"]])
                .reduce(view) { $0.replacing([family.member] + $1, with: nil) }
        case "other_type":
            return view.replacing(["type"], with: .string("unheard_of"))
        case "html":
            let name = JSONValue.string("<b>Shop</b> <script>document.title='x'</script> & \"Co\"")
            return view.replacing(["client_info", "client_name"], with: name)
                .replacing(
                    [family.member, "Initiation", "CreditorAccount", "Name"],
                    with: .string("<img src=x onerror=alert(1)>")
                )
        case "huge_list":
            let many = JSONValue.texts((0..<10_000).map { "ReadExtra\($0)" })
            let scopes = (0..<1000).map { RequestedScopeView.json("extra:\($0)") }
            return view.replacing(["requested_scopes"], with: .array(scopes))
                .replacing([family.member, "Permissions"], with: many)
                .replacing([family.member, "permissions"], with: many)
        default: return view
        }
    }
}
