import HTTP
import JSON
import Logins
import OAuthClient
import Telemetry

extension CloudentityServer {
    /// What is to be approved, in the server's words wherever it has them. What cannot be shown
    /// whole is not shown at all (`cloudentity.md` 3.1, 4.3).
    func consent(of login: PendingLogin) async -> ConsentAnswer {
        switch settings.workspaces.candidates(for: login.details) {
        case .scopeGrant: return await scopeGrant(of: login)
        case .addresses(let addresses): return await consent(at: addresses, of: login)
        case .unsupported:
            return unusable("consent.unsupported", "no interface of the server shows it", login)
        case .contradictory:
            return unusable("consent.contradictory", "the start names several consents", login)
        }
    }

    private func unusable(_ event: String, _ cause: String, _ login: PendingLogin) -> ConsentAnswer
    {
        log.warning(event) {
            $0.member("server", id.value)
            $0.member("login_id", login.key.login.value)
            $0.member("cause", cause)
        }
        return .unusable(.consentUnusable)
    }

    // MARK: Consents that were lodged

    private func consent(
        at addresses: [ConsentAddress],
        of login: PendingLogin
    ) async -> ConsentAnswer {
        switch await fetch(addresses, of: login) {
        case .found(let address, let body):
            return read(body, address, login)
        case .missing where isSettling(login):
            return .later("not stored at the server yet", after: nil)
        case .missing where addresses.count > 1 && login.question == nil:
            // It is of a type that has no consent page: recurring payments, newer versions.
            return unusable("consent.unsupported", "the server has it at no known address", login)
        case .missing:
            return .gone
        case .later(let reason, let after):
            return .later("consent: \(reason)", after: after)
        case .refused(let reason):
            // A consent that was shown is not undone by a permission that is missing now.
            if login.question != nil { return .later("consent: \(reason)", after: nil) }
            return unusable("consent.refused", reason, login)
        }
    }

    /// An answer that is not read further, and what that means.
    private struct Unread: Error { let answer: ConsentAnswer }

    private func parse(_ body: [UInt8], _ login: PendingLogin) throws(Unread) -> JSONValue {
        guard body.count <= ConsentLimits.answer else {
            throw Unread(answer: unusable("consent.incomplete", "longer than can be read", login))
        }
        do {
            return try JSONValue(body, limits: JSONLimits(depth: ConsentLimits.depth))
        } catch {
            switch error.reason {
            case .duplicateName, .tooDeep, .badUTF8, .controlCharacterInString, .badEscape:
                throw Unread(answer: unusable("consent.incomplete", "\(error)", login))
            case .unexpectedEnd, .unexpectedByte, .badNumber, .trailingBytes, .wrongType:
                // Mostly a page of a proxy between us, which goes away.
                throw Unread(answer: .later("consent: not JSON", after: nil))
            }
        }
    }

    func read(
        _ body: [UInt8],
        _ address: ConsentAddress,
        _ login: PendingLogin
    ) -> ConsentAnswer {
        let answer: JSONValue
        do throws(Unread) { answer = try parse(body, login) } catch { return error.answer }
        let workspace = settings.workspaces.workspace(login.details)
        let decoder = ConsentDecoder(
            address: address,
            allowsPartialScopes: workspace.allowsPartialScopes
        )
        do {
            let consent = try decoder.consent(answer, of: login.details)
            let isRenewal = consent.facts.contains(ConsentDecoder.renewal)
            // Somebody else decided while the person did.
            if login.question != nil, isRenewal, !login.renewsAccess { return .gone }
            return .consent(consent)
        } catch {
            switch error {
            case .ended(.approved), .ended(.rejected), .ended(.over): return .gone
            case .ended, .incomplete, .unknownCode, .typeMismatch:
                return unusable(error.event, error.place, login)
            }
        }
    }

    // MARK: Plain logins

    private func scopeGrant(of login: PendingLogin) async -> ConsentAnswer {
        let told = told(login)
        guard settings.lookup == .always else { return showable(told, login) }
        switch await fetch([ConsentAddress(.scopes)], of: login) {
        case .found(_, let body):
            do throws(Unread) {
                return consent(ofGrant: try parse(body, login), login)
            } catch {
                return error.answer
            }
        case .missing:
            if isSettling(login) { return .later("not stored at the server yet", after: nil) }
            return login.question == nil ? showable(told, login) : .gone
        case .later(let reason, let after):
            return .later("scope grant: \(reason)", after: after)
        case .refused(let reason):
            log.error("scope_grant.refused") {
                $0.member("server", id.value)
                $0.member("cause", reason)
            }
            if login.question != nil { return .later("scope grant: \(reason)", after: nil) }
            return showable(told, login)
        }
    }

    private func allowsPartialScopes(_ login: PendingLogin) -> Bool {
        settings.workspaces.workspace(login.details).allowsPartialScopes
    }

    /// What the start said, for a server that says nothing more.
    private func told(_ login: PendingLogin) -> Consent {
        let partial = allowsPartialScopes(login)
        return Consent(
            clientName: login.details.clientName,
            scopes: login.details.requestedScopes.map {
                Consent.Scope(requestedName: $0, isOptional: partial && $0 != "openid")
            }
        )
    }

    func consent(ofGrant body: JSONValue, _ login: PendingLogin) -> ConsentAnswer {
        let grant = ScopeGrant(body)
        guard grant.status == .open else { return .gone }
        do {
            let partial = allowsPartialScopes(login)
            return showable(try grant.consent(beside: told(login), partial: partial), login)
        } catch {
            return unusable(error.event, error.place, login)
        }
    }

    private func showable(_ consent: Consent, _ login: PendingLogin) -> ConsentAnswer {
        // Nothing to approve is nothing that can be approved.
        guard !consent.scopes.isEmpty, consent.scopes.allSatisfy({ !$0.requestedName.isEmpty })
        else { return unusable("consent.incomplete", "requested_scopes", login) }
        guard !consent.namesConsent else {
            return unusable(
                "consent.unsupported",
                "a scope names a consent lodged elsewhere",
                login
            )
        }
        return .consent(consent)
    }

    // MARK: Fetching

    enum Fetched {
        case found(ConsentAddress, [UInt8])
        case missing
        case later(String, after: Duration?)
        /// By a status that will not change: the status and the server's code.
        case refused(String)
    }

    /// Asks at each address in turn until one has it (`cloudentity.md` 1.6); once found, only there.
    func fetch(_ addresses: [ConsentAddress], of login: PendingLogin) async -> Fetched {
        let known = found.address(of: login.key).flatMap { addresses.contains($0) ? $0 : nil }
        for address in known.map({ [$0] }) ?? addresses {
            guard let url = settings.url(address, of: login.key) else {
                return .refused("no tenant is known to ask")
            }
            switch await call(.get, url, nil, of: login) {
            case .answer(let answer) where answer.status == 200:
                if addresses.count > 1 { found.keep(address, of: login.key) }
                return .found(address, answer.body)
            case .answer(let answer):
                switch settings.statusPolicy.reading(of: answer.status) {
                case .missing: continue
                case .notProcessed, .ambiguous:
                    return .later("\(answer.status)", after: retryAfter(answer))
                case .recorded, .tokenRefused, .lookOnce, .permanent:
                    return .refused("\(answer.status)" + Self.reason(in: answer.body))
                }
            case .noToken(.refused(let reason)):
                return .later(reason, after: nil)
            case .noToken(.unavailable(let reason, let after)):
                return .later(reason, after: after)
            case .failed(let error):
                // What is ours to mend, such as a certificate, may be mended at this moment.
                return .later("\(error)", after: nil)
            }
        }
        return .missing
    }
}
