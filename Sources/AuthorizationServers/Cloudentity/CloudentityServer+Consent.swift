import HTTP
import JSON
import Logins
import OAuthClient
import Telemetry
import Texts

extension CloudentityServer {
    /// What the user is asked to approve, as the server describes it where it does. A consent that
    /// cannot be shown completely is unusable [CD-1].
    func consent(of login: PendingLogin) async -> ConsentAnswer {
        switch settings.workspaces.candidates(for: login.details) {
        case .scopeGrant: return await scopeGrant(of: login)
        case .addresses(let addresses): return await consent(at: addresses, of: login)
        case .unsupported(let cause): return unusable("consent.unsupported", cause, login)
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
            // A type that ACP has no interface for, such as recurring payments [OP-3].
            return unusable("consent.unsupported", "the server has it at no known address", login)
        case .missing:
            return .gone
        case .later(let reason, let after):
            return .later("consent: \(reason)", after: after)
        case .refused(let reason):
            // A missing permission does not make a consent unusable that was shown already.
            if login.question != nil { return .later("consent: \(reason)", after: nil) }
            return unusable("consent.refused", reason, login)
        }
    }

    /// The body cannot be decoded, and what follows from it.
    private struct Unread: Error { let answer: ConsentAnswer }

    private func parse(_ body: [UInt8], _ login: PendingLogin) throws(Unread) -> JSONValue {
        guard body.count <= ConsentLimits.answer else {
            throw Unread(answer: unusable("consent.incomplete", "longer than can be read", login))
        }
        do {
            // `authorization_details` are shown and granted as they were sent.
            return try JSONValue(body, limits: JSONLimits(depth: ConsentLimits.depth))
                .withoutUnset(except: AuthorizationDetails.member)
        } catch {
            switch error.reason {
            case .duplicateName, .tooDeep, .badUTF8, .controlCharacterInString, .badEscape:
                throw Unread(answer: unusable("consent.incomplete", "\(error)", login))
            case .unexpectedEnd, .unexpectedByte, .badNumber, .trailingBytes, .wrongType:
                // Probably the error page of a proxy, which is temporary.
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
        guard let family = address.family else { return consent(ofGrant: answer, login) }
        let workspace = settings.workspaces.workspace(login.details)
        let decoder = ConsentDecoder(
            address: address,
            family: family,
            allowsPartialScopes: workspace.allowsPartialScopes,
            refusesLate: settings.refusesLate
        )
        do {
            // No acceptance of a lodged consent has room for them.
            let details = try AuthorizationDetails(text: login.details.authorizationDetails)
            let own = try AuthorizationDetails(answer["authorization_details"])
            guard details == nil, own == nil else {
                return unusable("consent.unsupported", "authorization_details", login)
            }
            let asking = login.question == nil ? clock.now() : nil
            let consent = try decoder.consent(
                answer,
                of: login.details,
                arrived: login.terms.receivedAt,
                asking: asking
            )
            if let refusal = unsupported(consent, answer, login) { return refusal }
            let isRenewal = consent.facts.contains(ConsentDecoder.renewal)
            // It was authorised by somebody else since it was shown.
            if login.question != nil, isRenewal, !login.renewsAccess { return .gone }
            return .consent(consent)
        } catch {
            switch error {
            case .ended(.approved), .ended(.spent), .ended(.rejected), .ended(.over): return .gone
            case .ended, .incomplete, .unknownCode, .misplaced, .contradictory, .typeMismatch,
                .late:
                return unusable(error.event, error.place, login)
            }
        }
    }

    // MARK: Plain logins

    /// A refusal is never answered with the words of the start: the server may have more to say than
    /// it did. Every approval is preceded by a look, also when the start's words were shown.
    private func scopeGrant(of login: PendingLogin) async -> ConsentAnswer {
        let told: Consent
        do throws(ConsentProblem) { told = try self.told(login) } catch {
            return unusable(error.event, error.place, login)
        }
        // Nobody is asked for what can never be reported.
        guard settings.scopeGrantURL(of: login.key) != nil else {
            return unusable("consent.unaddressable", "the server has no address for it", login)
        }
        let shown = login.question?.consent
        guard settings.lookup == .always || shown != nil else {
            return showable(told, .null, login)
        }
        switch await fetch([.scopeGrant], of: login) {
        case .found(let address, let body):
            return read(body, address, login)
        case .missing:
            if isSettling(login) { return .later("not stored at the server yet", after: nil) }
            // What the server described is gone; what the start described it may never have had.
            return shown?.source == nil ? showable(told, .null, login) : .gone
        case .later(let reason, let after):
            return .later("scope grant: \(reason)", after: after)
        case .refused(let reason):
            if shown != nil { return .later("scope grant: \(reason)", after: nil) }
            return unusable("scope_grant.refused", reason, login)
        }
    }

    private func allowsPartialScopes(_ login: PendingLogin) -> Bool {
        settings.workspaces.workspace(login.details).allowsPartialScopes
    }

    /// What the start said, in case the server says nothing more.
    private func told(_ login: PendingLogin) throws(ConsentProblem) -> Consent {
        let partial = allowsPartialScopes(login)
        let details = try AuthorizationDetails(text: login.details.authorizationDetails)
        return Consent(
            clientName: login.details.clientName,
            scopes: login.details.requestedScopes.map {
                Consent.Scope(requestedName: $0, isOptional: partial && $0 != "openid")
            },
            facts: (details?.facts ?? []) + RequestWords.facts(of: login.details),
            authorizationDetails: details?.text
        )
    }

    private func consent(ofGrant body: JSONValue, _ login: PendingLogin) -> ConsentAnswer {
        let grant = ScopeGrant(body)
        guard grant.status == .open else { return .gone }
        do {
            let partial = allowsPartialScopes(login)
            let consent = try grant.consent(beside: login.details, partial: partial)
            return showable(consent, body, login)
        } catch {
            return unusable(error.event, error.place, login)
        }
    }

    /// `answer` is the server's, or null if it has said nothing.
    private func showable(
        _ consent: Consent,
        _ answer: JSONValue,
        _ login: PendingLogin
    ) -> ConsentAnswer {
        guard consent.scopes.allSatisfy({ !$0.requestedName.readsAsEmpty }) else {
            return unusable("consent.incomplete", "requested_scopes", login)
        }
        return unsupported(consent, answer, login) ?? .consent(consent)
    }

    /// Refuses a consent with a scope that stands for something else, which is not shown [FA-5].
    private func unsupported(
        _ consent: Consent,
        _ answer: JSONValue,
        _ login: PendingLogin
    ) -> ConsentAnswer? {
        let workspaces = settings.workspaces
        let requested = consent.scopes.map(\.requestedName)
        let listed = zip(answer["requested_scopes"]?.array ?? [], requested).map {
            (name: $0["name"]?.string?.unlessEmpty ?? $1, requested: $1)
        }
        let place =
            workspaces.refused(requested, of: login.details, granting: consent)
            ?? workspaces.refused(names: listed, of: login.details, granting: consent)
        return place.map { unusable("consent.unsupported", $0, login) }
    }

    // MARK: Fetching

    enum Fetched {
        case found(ConsentAddress, [UInt8])
        case missing
        case later(String, after: Duration?)
        /// A final status. The value is the status and the server's error code.
        case refused(String)
    }

    /// Asks at each address in turn until one has it [FA-3], and once it was found only there.
    func fetch(_ addresses: [ConsentAddress], of login: PendingLogin) async -> Fetched {
        let known = found.address(of: login.key).flatMap { addresses.contains($0) ? $0 : nil }
        for address in known.map({ [$0] }) ?? addresses {
            guard let url = settings.url(address, of: login.key) else {
                return .refused("no tenant is known to ask, or a name can be no path segment")
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
                // A local fault, such as a missing certificate, may be repaired before the retry.
                return .later("\(error)", after: nil)
            }
        }
        return .missing
    }
}
