import JSON
import Logins
import Texts

/// Parts of consents that several families have.
enum UK {
    /// Version 4 has codes of four letters for the words of version 3.
    static let statusWords = StatusWords.acp
        .adding(.open, "AWAU")
        .adding(.partlyApproved, "AwaitingFurtherAuthorisation", "AWAF")
        .adding(.unready, "AwaitingUpload", "AWUP")
        .adding(.approved, "AUTH")
        .adding(.spent, "COND")
        .adding(.rejected, "RJCT", "Cancelled", "CANC")
        .adding(.over, "EXPD")

    /// The consent's identifier and progress. `Permission` is a constant of the standard.
    static func content(_ own: inout ConsentMembers) throws(ConsentProblem) -> ConsentContent {
        let id = try own.text("ConsentId")
        try own.drop("Status", "StatusUpdateDateTime")
        own.dropProgress("StatusReason", "StatusReasonCode", "StatusReasonDescription")
        if let permission = try own.text("Permission"), !permission.isExactly("Create") {
            throw .incomplete(own.place("Permission"))
        }
        return ConsentContent(id: id)
    }

    /// `{SchemeName, Identification, Name, SecondaryIdentification, Proxy}`; other members go to
    /// `after`.
    static func account(
        _ name: String,
        _ order: inout ConsentMembers,
        _ facts: inout [Fact],
        _ labels: (account: Fact.Known, alias: Fact.Known),
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Consent.NamedAccount? {
        guard var members = try order.object(name) else { return nil }
        let account = Consent.NamedAccount(
            scheme: try members.requiredText("SchemeName"),
            identification: try members.requiredText("Identification"),
            name: try members.text("Name"),
            secondary: try members.text("SecondaryIdentification")
        )
        facts.add(labels.account, .account(account))
        if var alias = try members.object("Proxy") {
            var values: [Fact.Value] = []
            if let text = try alias.text("Identification") { values.append(.text(text)) }
            if let code = try alias.text("Code") { values.append(.codes([code], .aliasType)) }
            if let type = try alias.text("Type") { values.append(.text(type)) }
            if !values.isEmpty { facts.add(labels.alias, .group(values)) }
            after += try alias.further(name + ".Proxy")
        }
        after += try members.further(name)
        return account
    }

    /// The account that pays, and for whom it pays.
    static func payer(
        _ order: inout ConsentMembers,
        _ facts: inout [Fact],
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Consent.NamedAccount? {
        let account = try account(
            "DebtorAccount",
            &order,
            &facts,
            (.payerAccount, .payerAlias),
            &after
        )
        facts.add(.ultimatePayer, try party("UltimateDebtor", &order, &after))
        return account
    }

    /// A person, company or bank: name, account or identifier, legal entity identifier, address.
    static func party(
        _ name: String,
        _ parent: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Fact.Value? {
        guard var members = try parent.object(name) else { return nil }
        var values: [Fact.Value] = []
        let own = try members.text("Name")
        let scheme = try members.text("SchemeName")
        let secondary = try members.text("SecondaryIdentification")
        if let identification = try members.text("Identification") {
            let account = Consent.NamedAccount(
                scheme: scheme,
                identification: identification,
                name: own,
                secondary: secondary
            )
            values.append(.account(account))
        } else {
            values += [own, scheme, secondary].compactMap { text in text.map { .text($0) } }
        }
        if let identifier = try members.text("LEI") { values.append(.text("LEI \(identifier)")) }
        switch try address("PostalAddress", of: name + ".", &members, &after) {
        case .list(let lines)?: values += lines
        case let line?: values.append(line)
        case nil: break
        }
        after += try members.further(name)
        return values.isEmpty ? nil : .group(values)
    }

    /// The lines of an address, the country and the type of address last. Members that the standard
    /// does not have go to `after`.
    static func address(
        _ name: String,
        of owner: String = "",
        _ parent: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Fact.Value? {
        guard var address = try parent.object(name) else { return nil }
        var values: [Fact.Value] = []
        func take(_ names: String...) throws(ConsentProblem) {
            var parts: [String] = []
            for name in names { parts += (try address.texts(name) ?? []).compactMap(\.unlessEmpty) }
            if !parts.isEmpty { values.append(.text(parts.joined(separator: " "))) }
        }
        /// `Floor 6`; a part of several words says itself what it is.
        func takeNamed(_ name: String) throws(ConsentProblem) {
            guard let part = try address.text(name) else { return }
            let text = Fact.Value.text(part)
            let isNamed = part.utf8.contains(0x20)
            values.append(isNamed ? text : .list([.codes([name], .addressPart), text]))
        }
        try take("CareOf")
        try take("Department")
        try take("SubDepartment")
        values += try address.lines("AddressLine")
        for name in ["UnitNumber", "Room", "Floor"] { try takeNamed(name) }
        try take("BuildingName")
        try take("BuildingNumber", "StreetName")
        try takeNamed("PostBox")
        try take("DistrictName")
        try take("TownLocationName")
        try take("TownName")
        // Without an r in examples of versions 3.1.
        for name in ["CountrySubDivision", "CountySubDivision"] {
            values += try address.lines(name)
        }
        try take("PostCode")
        if let code = try address.text("Country") { values.append(country(code)) }
        if let type = try address.text("AddressType") {
            values.append(.codes([addressTypes[type.exact] ?? type], .addressType))
        }
        after += try address.further(owner + name)
        return values.isEmpty ? nil : .group(values)
    }

    /// The words of version 3.
    private static let addressTypes: [ExactText: String] = [
        "Business".exact: "BIZZ", "Correspondence".exact: "CORR", "DeliveryTo".exact: "DLVY",
        "MailTo".exact: "MLTO", "POBox".exact: "PBOX", "Postal".exact: "ADDR",
        "Residential".exact: "HOME", "Statement".exact: "STAT",
    ]

    static func country(_ code: String) -> Fact.Value {
        // Widely used, but not a code of ISO 3166.
        code.isExactly("UK") ? .text(code) : .codes([code], .country)
    }
}
