import Foundation
import Logins
import TestSupport
import Testing

/// A name that is one, for tests.
func name<Named>(_ text: String, _: Named.Type = Named.self) throws -> Identifier<Named> {
    try #require(Identifier(text))
}

/// A prompt with everything in it.
func makePrompt(
    login: String = "login.with.dots",
    message: String? = "Pay 10 € to \u{202E}Shop\n",
    link: String = "https://beckon.test/approve/TICKET",
    origin: PendingLogin.Origin? = nil
) throws -> Prompt {
    Prompt(
        number: LoginNumber(7),
        key: LoginKey(server: try name("acp"), tenant: try name("bank"), login: try name(login)),
        user: User(id: try name("alice"), isActive: true, language: "de-CH"),
        clientName: "Shop",
        scopes: ["openid", "payments"],
        bindingMessage: message,
        received: Timestamp(milliseconds: 1_795_176_000_000),
        ends: Timestamp(milliseconds: 1_795_176_120_500),
        link: link,
        ticket: "TICKET",
        origin: origin
    )
}

/// A prompt with nothing in it that may be left out.
func makeBarePrompt() throws -> Prompt {
    Prompt(
        number: LoginNumber(8),
        key: LoginKey(server: try name("acp"), tenant: nil, login: try name("bare")),
        user: User(id: try name("bob"), isActive: true),
        clientName: nil,
        scopes: [],
        bindingMessage: nil,
        received: Timestamp(milliseconds: 1_795_176_000_000),
        ends: Timestamp(milliseconds: 1_795_176_120_000),
        link: "https://beckon.test/approve/T",
        ticket: "T"
    )
}

extension DeliveryAnswer {
    enum Kind: Hashable, Sendable { case delivered, later, gone, refused }

    var kind: Kind {
        switch self {
        case .delivered: .delivered
        case .later: .later
        case .gone: .gone
        case .refused: .refused
        }
    }
}
