import Cryptography
import JSON
public import Logins

/// What a decision is tied to: the login, the answer, what was chosen, exactly the consent that was
/// shown, and one question. A device's key signs it; who has the parts can compute it again.
///
///     SHA-256("beckon-decision-v1" || login id || decision || grant || consent digest || nonce)
///
/// `grant` is the SHA-256 of the canonical form (RFC 8785) of what is granted. The three last parts
/// have 32 bytes each and no word for a decision ends another one, so that no two sets of parts
/// give the same text.
public enum DecisionChallenge {
    /// 32 bytes.
    public static func bytes(
        for choice: Decision.Choice,
        grant: Grant,
        of question: Question,
        in login: LoginID
    ) -> [UInt8] {
        let granted = ConsentForm.canonical(
            .members(["accounts": .texts(grant.accounts), "scopes": .texts(grant.scopes)])
        )
        return SHA256.digest(
            Array("beckon-decision-v1".utf8) + Array(login.value.utf8) + Array(word(choice).utf8)
                + SHA256.digest(granted) + question.digest.bytes + question.nonce
        )
    }

    /// Frozen, like everything that is hashed here.
    private static func word(_ choice: Decision.Choice) -> String {
        switch choice {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "fraud"
        }
    }
}
