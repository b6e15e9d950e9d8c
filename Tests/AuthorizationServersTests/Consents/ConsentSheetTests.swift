import Foundation
import JSON
import Localization
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// A consent as a standard or a server publishes it, and what a person reads of it: a file of the
/// folder `Sheets`.
struct ConsentSheet: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let example: ConsentExample
    /// What a person reads, line by line; nil if the consent is refused.
    let sheet: [String]?
    /// The end of the cause in the log when it is refused.
    let refused: String?

    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sheets")

    static func all() throws -> [ConsentSheet] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
            .filter { $0.hasSuffix(".json") }.map { name in
                let data = try Data(contentsOf: folder.appending(path: name))
                return try ConsentSheet(name, JSONValue(Array(data)))
            }
    }

    private init(_ name: String, _ file: JSONValue) throws {
        testDescription = name
        let kind = try #require(file["kind"]?.string)
        let base = try #require(ConsentExample.all.first { $0.kind.name == kind })
        let own = try #require(file["consent"])
        let ids = ["ConsentId", "consentId", "consent_id", "id"]
        example = ConsentExample(
            kind: base.kind,
            path: base.path,
            member: base.member,
            type: base.type,
            scopes: try #require(file["scopes"]?.strings),
            consentID: ids.compactMap { own[$0]?.string }.first,
            workspace: base.workspace,
            content: String(decoding: own.bytes, as: UTF8.self)
        )
        sheet = file["sheet"]?.strings
        refused = file["refused"]?.string
    }
}

@Suite("A published consent")
struct ConsentSheetTests {
    @Test(
        "is shown with every member, or refused with the reason",
        arguments: try ConsentSheet.all()
    )
    func sheet(_ test: ConsentSheet) async throws {
        // Their times have passed long ago.
        let stage = ConsentStage(test.example, refusesLate: false)
        let answer = await stage.consent(of: test.example)
        guard case .consent(let consent) = answer else {
            let said = stage.log.lines.map(\.members).joined()
            let cause = try #require(test.refused, "\(answer): \(said)")
            #expect(said.contains("\(cause)\""), "\(said)")
            return
        }
        let login = stage.login(test.example.details)
        let now = stage.clock.now()
        let details = try ConsentPage(consent, of: login, at: now).details
        #expect(details == test.sheet, "\(details.difference(from: test.sheet ?? []))")
        // Every label and code has words in every language.
        let unknown = Catalogue(.en).text(.unknownCode)
        let count = (test.sheet ?? []).count { $0.contains(unknown) }
        for language in Language.allCases {
            let lines = try ConsentPage(consent, of: login, at: now, language: language).details
            #expect(lines.count == test.sheet?.count)
            let note = Catalogue(language).text(.unknownCode)
            #expect(lines.count { $0.contains(note) } == count)
        }
    }

    @Test("is in the folder for every family")
    func families() throws {
        let kinds = Set(try ConsentSheet.all().map(\.example.kind.name))
        #expect(kinds.count >= 12, "\(kinds)")
    }
}
