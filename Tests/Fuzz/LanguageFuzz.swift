// A libFuzzer target for the choice of a language; `run.sh` builds it together with the sources.

/// As the catalogues make it.
public enum Language: String, CaseIterable, Hashable, Sendable {
    case ar, de, en, es, fr
    case ptBR = "pt-BR"
}

/// In place of the texts, which take no part in the choice.
public struct Catalogue {
    let language: Language
    let digits: Digits

    init(_ language: Language, digits: Digits = .latin) {
        self.language = language
        self.digits = digits
    }
}

/// Called with each input: the user's choice, a line break, and an `Accept-Language` field.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let parts = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let texts = parts.map { String(decoding: $0, as: UTF8.self) }
    let field = texts.count > 1 ? texts[1] : nil
    let best = Language.best(chosen: texts[0], acceptLanguage: field)
    precondition(Language.best(chosen: texts[0], acceptLanguage: field) == best, "it varies")
    precondition(Language.best(chosen: best.rawValue, acceptLanguage: field) == best)
    // What has no letter of a language asks for none.
    let letters = (field ?? "").utf8.contains { ($0 | 0x20) &- 0x61 < 26 }
    if !letters { precondition(Language.best(chosen: nil, acceptLanguage: field) == .en) }
    return 0
}
