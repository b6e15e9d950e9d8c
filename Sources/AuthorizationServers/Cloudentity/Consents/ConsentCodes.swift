import Logins

/// Which scopes say what data is shared, of a standard that has no other words for it.
enum ConsentCodes {
    /// A scope of CDR that has words in every language.
    static func isData(scope: String) -> Bool {
        KnownCodes.contains(scope, in: .cdrScope) && !isOrdinary(scope: scope)
    }

    /// Scopes of OpenID Connect (Core §5.4, §11), which ask for no data of a bank.
    static func isOrdinary(scope: String) -> Bool {
        ["openid", "profile", "email", "address", "phone", "offline_access"].contains(scope)
    }
}
