import Access
import Cryptography
import JSON
import Logins
import OAuthClient
import Telemetry

/// The provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0).
extension SignOn {
    /// What to answer to the provider.
    public enum LogoutAnswer: Hashable, Sendable {
        /// The sessions that the token is about have ended, if there were any.
        case done
        /// The token is not accepted, with half a sentence that names no value of it.
        case refused(String)
        /// The token could not be checked, or nothing could be stored. Nothing has changed.
        case unavailable
    }

    /// Where the provider sends logout tokens.
    public var logoutPath: String { path + "/backchannel-logout" }

    /// Ends the sessions that a logout token is about: one session of the provider if it names it,
    /// else all of its person.
    public func logOut(by token: String) async -> LogoutAnswer {
        let claims: LogoutClaims
        do {
            let endpoints = try await provider.endpoints()
            claims = try await provider.logout(by: token, from: endpoints)
        } catch let error as IdentityProvider.ClaimsFailure {
            switch error {
            case .refused(let refusal): return refused("\(refusal)")
            case .keys(let failure): return unavailable(failure.reason)
            }
        } catch {
            return unavailable("\(error)")
        }
        let name = "logout-token|" + provider.settings.clientID + "|" + claims.tokenID
        let logout = ProviderLogout(
            application: application,
            issuer: claims.issuer,
            subject: claims.subject,
            session: claims.session,
            key: SHA256.digest(Array((claims.issuer + "|" + name).utf8)),
            until: claims.usableUntil
        )
        let (application, now) = (application, clock.now())
        let count: Int?
        do {
            count = try await sessions.logOut(logout) { count in
                AuditEvent(
                    "session.ended",
                    at: now,
                    [
                        "application": .string(application.rawValue),
                        "by": .string("identity provider"), "issuer": .string(logout.issuer),
                        "sessions": .integer(count),
                    ]
                )
            }
        } catch {
            return unavailable("\(error)")
        }
        guard let count else { return refused("token_id (jti): it was used before") }
        log.info("sign_in.logged_out") {
            $0.member("application", application.rawValue)
            $0.member("sessions", count)
        }
        return .done
    }

    private func refused(_ reason: String) -> LogoutAnswer {
        // Anybody can send tokens; the log is enough.
        log.warning("logout.refused") {
            $0.member("application", application.rawValue)
            $0.member("cause", reason)
        }
        return .refused(reason)
    }

    private func unavailable(_ reason: String) -> LogoutAnswer {
        log.error("logout.unavailable") {
            $0.member("application", application.rawValue)
            $0.member("cause", reason)
        }
        return .unavailable
    }
}
