import Cryptography
import JSON
public import Logins

/// What a decision is bound to: login, choice, grant, the consent that was shown, and one question.
/// A device's key signs it. Whoever has the parts can compute it again.
///
///     SHA-256("beckon-decision-v1" || login id || decision || grant || consent digest || nonce)
///
/// `grant` is the SHA-256 of the canonical form (RFC 8785) of the grant. The last three parts have 32
/// bytes each, and no word for a decision is the end of another one, so different parts never give
/// the same text.
public enum DecisionChallenge {
    /// 32 bytes.
    public static func bytes(
        for choice: Decision.Choice,
        grant: Grant,
        of question: Question,
        in login: LoginID
    ) -> [UInt8] {
        bytes(
            for: choice,
            grant: grant,
            shown: question.digest.bytes,
            nonce: question.nonce,
            in: login
        )
    }

    /// The same from the parts of a document: the digest of the consent that was shown, and the
    /// question's nonce.
    public static func bytes(
        for choice: Decision.Choice,
        grant: Grant,
        shown: [UInt8],
        nonce: [UInt8],
        in login: LoginID
    ) -> [UInt8] {
        let granted = ConsentForm.canonical(
            .members(["accounts": .texts(grant.accounts), "scopes": .texts(grant.scopes)])
        )
        return SHA256.digest(
            Array("beckon-decision-v1".utf8) + Array(login.value.utf8) + Array(word(choice).utf8)
                + SHA256.digest(granted) + shown + nonce
        )
    }

    /// Must not change, because the words are hashed.
    private static func word(_ choice: Decision.Choice) -> String {
        switch choice {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "fraud"
        }
    }
}
