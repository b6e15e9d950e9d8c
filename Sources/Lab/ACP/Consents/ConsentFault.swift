import JSON

/// What K-21 and K-22 make of what the System API shows.
enum ConsentFault {
    /// A place that people would look at, and what stands there after a change.
    private struct Detail {
        let path: [String]
        let changed: JSONValue
    }

    // MARK: K-21

    /// Whether the knob concerns the view that comes after so many others: `1`, or
    /// `{"after": 1, "what": "payee"}`.
    static func concerns(_ knob: JSONValue, views: Int) -> Bool {
        views >= knob["after"]?.integer ?? knob.integer ?? 1
    }

    /// The consent after somebody changed it: the amount, or the payee when `what` says so; what is
    /// shared where nothing is paid.
    static func changed(_ view: JSONValue, _ family: ConsentFamily, _ knob: JSONValue) -> JSONValue
    {
        let details = knob["what"]?.string == "payee" ? payees(family) : values(family)
        return details.reduce(view) { view, detail in
            view.replacing([family.member] + detail.path, with: detail.changed)
        }
    }

    private static func payees(_ family: ConsentFamily) -> [Detail] {
        family.standard == .brasil
            ? [Detail(path: ["creditor", "name"], changed: .string("Somebody Else"))]
            : [
                Detail(
                    path: ["Initiation", "CreditorAccount", "Name"],
                    changed: .string("Somebody Else")
                )
            ]
    }

    /// The places that carry how much, or what is shared; each family has at least one of them.
    private static func values(_ family: ConsentFamily) -> [Detail] {
        let much = JSONValue.string("9999.99")
        switch family.choice {
        case .payer where family.standard == .brasil:
            return [Detail(path: ["payment", "amount"], changed: much)]
        case .payer:
            return [
                Detail(path: ["Initiation", "InstructedAmount", "Amount"], changed: much),
                Detail(path: ["Initiation", "FirstPaymentAmount", "Amount"], changed: much),
                Detail(path: ["Initiation", "FileHash"], changed: .string("another file")),
            ]
        case .accounts, .resources, .nothing:
            return [
                Detail(path: ["Permissions"], changed: .texts(["ReadPAN", "ReadBalances"])),
                Detail(path: ["permissions"], changed: .texts(["LOANS_READ"])),
                Detail(path: ["sharing_type"], changed: .string("one_time")),
                Detail(path: ["lookbackPeriod"], changed: .integer(3650)),
                Detail(path: ["resources"], changed: .array([])),
                Detail(path: ["expiry"], changed: .string("2039-01-01T00:00:00Z")),
            ]
        }
    }

    // MARK: K-22

    /// `missing_amount`, `other_type`, `huge_list` or `html`; anything else changes nothing.
    static func applied(_ name: String, to view: JSONValue, _ family: ConsentFamily) -> JSONValue {
        switch name {
        case "missing_amount":
            return (values(family) + [Detail(path: ["Initiation", "ControlSum"], changed: .null)])
                .reduce(view) { view, detail in
                    view.replacing([family.member] + detail.path, with: nil)
                }
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
