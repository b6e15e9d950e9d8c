import Logins

/// The columns of a table, declared once: SELECT, INSERT, UPDATE and whoever reads or writes a row
/// use the same declaration. A case's position is its position in every list of columns.
protocol TableColumn: RawRepresentable<Int32>, CaseIterable, Sendable {}

extension TableColumn {
    /// The name in SQL: that of the case, in lower case with underscores (`loginID` is `login_id`).
    var name: String {
        var name = ""
        var wasLowercase = false
        for character in "\(self)" {
            if wasLowercase, character.isUppercase { name += "_" }
            name += character.lowercased()
            wasLowercase = character.isLowercase
        }
        return name
    }

    /// The number of the statement's parameter that has this column's value.
    var parameter: Int32 { rawValue + 1 }

    /// All names, separated by commas.
    static var names: String { allCases.map(\.name).joined(separator: ", ") }

    /// All parameters, separated by commas.
    static var parameters: String {
        allCases.map { "?\($0.parameter)" }.joined(separator: ", ")
    }

    /// Assignments of these columns for an UPDATE.
    static func assignments(_ columns: some Sequence<Self>) -> String {
        columns.map { "\($0.name) = ?\($0.parameter)" }.joined(separator: ", ")
    }
}

/// The current row of a query that selects all columns of a table, read as what the columns must
/// be. Throws `damaged` for a value that is never written.
struct Row<Column: TableColumn> {
    private let statement: any Statement

    init(_ statement: any Statement) { self.statement = statement }

    func text(_ column: Column) throws(StoreError) -> String? {
        try statement.text(column.rawValue)
    }

    func bytes(_ column: Column) -> [UInt8]? { statement.bytes(column.rawValue) }

    func requiredText(_ column: Column) throws(StoreError) -> String {
        guard let text = try text(column) else { throw damaged(column) }
        return text
    }

    func number(_ column: Column) throws(StoreError) -> Int64 {
        guard let number = statement.integer(column.rawValue) else { throw damaged(column) }
        return number
    }

    func flag(_ column: Column) throws(StoreError) -> Bool { try number(column) != 0 }

    func timestamp(_ column: Column) throws(StoreError) -> Timestamp {
        Timestamp(milliseconds: try number(column))
    }

    func identifier<Named>(_ column: Column) throws(StoreError) -> Identifier<Named> {
        guard let identifier = Identifier<Named>(try requiredText(column)) else {
            throw damaged(column)
        }
        return identifier
    }

    func optionalIdentifier<Named>(_ column: Column) throws(StoreError) -> Identifier<Named>? {
        try text(column) == nil ? nil : identifier(column)
    }

    func named<Value: StoredName>(_ column: Column) throws(StoreError) -> Value {
        guard let value = Value(storedName: try requiredText(column)) else {
            throw damaged(column)
        }
        return value
    }

    func damaged(_ column: Column) -> StoreError { .damaged("invalid value in \(column.name)") }
}

/// Binds the values of one row to a statement that has a parameter for each column. A column that
/// is not set is NULL.
struct RowWriter<Column: TableColumn> {
    private let statement: any Statement

    init(_ statement: any Statement) {
        self.statement = statement
        statement.clearBindings()
    }

    func set(_ column: Column, _ number: Int64?) {
        if let number { statement.bind(number, at: column.parameter) }
    }

    func set(_ column: Column, _ text: String?) {
        if let text { statement.bind(text, at: column.parameter) }
    }

    func set(_ column: Column, _ bytes: [UInt8]?) {
        if let bytes { statement.bind(bytes, at: column.parameter) }
    }

    func set(_ column: Column, _ moment: Timestamp?) { set(column, moment?.milliseconds) }

    func set<Named>(_ column: Column, _ identifier: Identifier<Named>?) {
        set(column, identifier?.value)
    }

    func set(_ column: Column, _ value: (some StoredName)?) { set(column, value?.storedName) }
}
