import Access
import HTTP
import JSON
import Logins

/// How the answer to a request with an `Idempotency-Key` is stored.
enum AnswerRow {
    enum Column: Int32, TableColumn {
        case key, request, client, at, until, status, fields, body
    }

    static let byKey = SQL("SELECT \(Column.names) FROM stored_answer WHERE key = ?")
    /// Returns the row's number, and no row while another answer counts.
    static let insert = SQL(
        """
        INSERT INTO stored_answer (\(Column.names), number) VALUES (\(Column.parameters),
            (SELECT coalesce(max(number), 0) + 1 FROM stored_answer
                WHERE client = ?\(Column.client.parameter)))
        ON CONFLICT (key) DO UPDATE SET
            \(Column.assignments(Column.allCases.filter { $0 != .key })), number = excluded.number
            WHERE stored_answer.until <= excluded.at
        RETURNING number
        """
    )

    static func bind(_ answer: StoredAnswer, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.key, answer.key)
        row.set(.request, answer.request)
        row.set(.client, answer.client)
        row.set(.at, answer.at)
        row.set(.until, answer.until)
        row.set(.status, Int64(answer.status))
        let fields = JSONValue.array(answer.fields.map { .texts([$0.name, $0.value]) })
        row.set(.fields, String(decoding: fields.bytes, as: UTF8.self))
        row.set(.body, answer.body)
    }

    static func read(_ statement: any Statement) throws(StoreError) -> StoredAnswer {
        let row = Row<Column>(statement)
        guard let key = row.bytes(.key) else { throw row.damaged(.key) }
        guard let request = row.bytes(.request) else { throw row.damaged(.request) }
        guard let body = row.bytes(.body) else { throw row.damaged(.body) }
        guard let fields = row.bytes(.fields).flatMap({ try? JSONValue($0) })?.array else {
            throw row.damaged(.fields)
        }
        let status = try row.number(.status)
        guard (100...599).contains(status) else { throw row.damaged(.status) }
        return StoredAnswer(
            key: key,
            request: request,
            client: try row.identifier(.client),
            at: try row.timestamp(.at),
            until: try row.timestamp(.until),
            status: Int(status),
            fields: fields.compactMap { field in
                guard let texts = field.strings, texts.count == 2 else { return nil }
                return Field(texts[0], texts[1])
            },
            body: body
        )
    }
}

extension DatabaseConnection {
    func storedAnswer(_ key: [UInt8]) throws(StoreError) -> StoredAnswer? {
        let select = try statement(AnswerRow.byKey)
        select.bind(key, at: 1)
        defer { select.reset() }
        return try select.step() ? try AnswerRow.read(select) : nil
    }
}

extension WriteTransaction {
    /// Stores an answer, and forgets the oldest ones of the client when there are too many.
    func store(_ answer: StoredAnswer) throws(StoreError) -> AccessRefusal? {
        let insert = try connection.statement(AnswerRow.insert)
        AnswerRow.bind(answer, to: insert)
        var number: Int64?
        while try insert.step() { number = insert.integer(0) }
        guard let number else { return .used }
        let delete = try connection.statement(
            "DELETE FROM stored_answer WHERE client = ? AND number <= ?"
        )
        delete.bind(answer.client.value, at: 1)
        delete.bind(number - StoredAnswer.mostOfClient, at: 2)
        try delete.run()
        return nil
    }
}
