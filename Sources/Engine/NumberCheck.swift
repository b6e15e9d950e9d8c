import Cryptography
import Logins

/// Checks the number that a user has given against that of the binding message, and makes the numbers
/// that users choose from. It keeps nothing: all of it follows from the login and a key.
struct NumberCheck: Sendable {
    /// What becomes of an approval.
    enum Verdict: Hashable, Sendable {
        /// No number is needed.
        case notNeeded
        case missing
        case wrong
        /// The number was matched in this way.
        case right(NumberMatching)

        /// How a right number was matched.
        var matching: NumberMatching? {
            if case .right(let matching) = self { matching } else { nil }
        }
    }

    private let key: [UInt8]

    /// `secret` is the key of what browsers keep for us; another one is derived from it.
    init(secret: [UInt8]) {
        key = HMAC.sha256(key: secret, Array("beckon-number-v1".utf8))
    }

    /// Judges a number. The time that it takes does not depend on how much of it is right.
    func verdict(on code: String?, for login: PendingLogin) -> Verdict {
        let message = login.details.bindingMessage
        guard message.needsNumber, let expected = message.expectedNumber else {
            return .notNeeded
        }
        let given = BindingMessage.digits(of: code ?? "")
        if given?.isEmpty == true { return .missing }
        let isRight = ConstantTime.equal(Array((given ?? "").utf8), Array(expected.utf8))
        return isRight ? .right(message.matching) : .wrong
    }

    // MARK: Numbers to choose from

    /// How many numbers a user chooses from.
    static let choices = 3

    /// The number and two others, in an order that tells nothing. They stay the same until a wrong
    /// number is given; the others never come again. Empty if nothing is to be chosen.
    func numbers(for login: PendingLogin) -> [String] {
        let message = login.details.bindingMessage
        guard message.matching == .choose, let right = message.expectedNumber,
            let nonce = login.question?.nonce
        else { return [] }
        var stream = Stream(key: key, seed: nonce)
        var used: Set<String> = [right]
        var numbers: [String] = []
        for _ in 0...login.wrongCodes {
            numbers = []
            while numbers.count < Self.choices - 1 {
                let number = stream.number(digits: right.utf8.count)
                if used.insert(number).inserted { numbers.append(number) }
            }
            numbers.insert(right, at: stream.below(Self.choices))
        }
        return numbers
    }

    /// Numbers that only the key can tell.
    private struct Stream {
        let key: [UInt8]
        let seed: [UInt8]
        var block: UInt8 = 0
        var bytes: ArraySlice<UInt8> = []

        init(key: [UInt8], seed: [UInt8]) {
            self.key = key
            self.seed = seed
        }

        /// Less than `bound`, which is at most 256; each equally often.
        mutating func below(_ bound: Int) -> Int {
            let most = 256 - 256 % bound
            while true {
                if bytes.isEmpty {
                    bytes = HMAC.sha256(key: key, Array("choose".utf8) + seed + [block])[...]
                    block &+= 1
                }
                let byte = Int(bytes.removeFirst())
                if byte < most { return byte % bound }
            }
        }

        mutating func number(digits: Int) -> String {
            (0..<digits).reduce(into: "") { text, _ in text += String(below(10)) }
        }
    }

    // MARK: Across a confirmation elsewhere

    /// Shows that the number was right for an approval with this challenge, without the number: a
    /// browser keeps it while its user confirms the approval elsewhere. A wrong number afterwards makes
    /// it worthless.
    func seal(_ challenge: [UInt8], for login: PendingLogin) -> [UInt8] {
        let tries = UInt8(truncatingIfNeeded: login.wrongCodes)
        return HMAC.sha256(key: key, Array("seal".utf8) + challenge + [tries])
    }

    /// How the number was matched, if this is the seal of the approval; nil if not.
    func matching(
        sealedBy seal: [UInt8],
        _ challenge: [UInt8],
        for login: PendingLogin
    ) -> NumberMatching? {
        ConstantTime.equal(seal, self.seal(challenge, for: login))
            ? login.details.bindingMessage.matching : nil
    }
}
