import Consents
import Cryptography
import Logins
import TestSupport
import Testing

@Suite("The challenge of a decision")
struct DecisionChallengeTests {
    static let grant = Grant(scopes: ["openid"], accounts: ["a-1"])

    private func challenge(
        _ choice: Decision.Choice = .approve,
        _ grant: Grant = grant,
        _ question: Question = .fixture,
        _ login: String = "login-1"
    ) -> [UInt8] {
        DecisionChallenge.bytes(for: choice, grant: grant, of: question, in: .named(login))
    }

    // rule: A9, W1
    @Test(
        "is the hash of its parts, one after the other",
        arguments: [
            (Decision.Choice.approve, "approve"), (.deny, "deny"), (.cancel, "cancel"),
            (.reportAsFraud, "fraud"),
        ]
    )
    func parts(_ choice: Decision.Choice, word: String) {
        let granted = SHA256.digest(Array(#"{"accounts":["a-1"],"scopes":["openid"]}"#.utf8))
        let text = Array("beckon-decision-v1login-1\(word)".utf8)
        #expect(
            challenge(choice)
                == SHA256.digest(
                    text + granted + Question.fixture.digest.bytes + Question.fixture.nonce
                )
        )
    }

    // rule: P7, W1
    @Test("differs as soon as one part does")
    func distinct() {
        let other = Question(
            consent: .fixture,
            digest: Question.fixture.digest,
            nonce: Array(repeating: 8, count: 32)
        )
        let changed = Question(
            consent: .fixture,
            digest: ConsentForm.digest(of: Consent(clientName: nil, scopes: [])),
            nonce: Question.fixture.nonce
        )
        let all = [
            challenge(), challenge(.deny), challenge(.cancel), challenge(.reportAsFraud),
            challenge(.approve, .nothing), challenge(.approve, Grant(scopes: ["openid"])),
            challenge(.approve, Grant(scopes: ["openid", "a-1"])),
            challenge(.approve, Self.grant, other), challenge(.approve, Self.grant, changed),
            challenge(.approve, Self.grant, .fixture, "login-2"),
        ]
        #expect(Set(all).count == all.count)
    }
}
