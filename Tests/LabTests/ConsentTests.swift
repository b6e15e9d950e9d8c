import HTTP
import JSON
import Lab
import Testing

@Suite("A consent", .timeLimit(.minutes(3)))
struct ConsentTests {
    static let bases = ["/bank/system", "/api/system/bank", "/system", "/api/system", ""]

    @Test("is lodged, and readable by its client", arguments: ConsentExample.all)
    func lodged(example: ConsentExample) async throws {
        try await Stage.with { stage in
            let answer = try await stage.lodge(example)
            #expect(answer.status == 201)
            let id = try stage.id(of: answer)
            let head = answer.body["Data"] ?? answer.body["data"] ?? answer.body
            let status = head["Status"] ?? head["status"]
            #expect(status?.string == example.statuses[0])
            let place = example.place ?? "/simulator/consents"
            let again = try await stage.send(
                OutboundRequest(
                    .get,
                    "http://acp.test/bank/retail\(place)/\(id)",
                    fields: [try await stage.clientToken()]
                )
            )
            #expect(again.status == 200)
            #expect(try stage.id(of: again) == id)
            let foreign = try await stage.send(
                OutboundRequest(.get, "http://acp.test/bank/retail\(place)/\(id)")
            )
            #expect(foreign.status == 401)
            let seen = try await stage.control(.get, "/_sim/consents/\(id)").body
            #expect(seen["family"]?.string == example.family)
            #expect(seen["lodged"] == (try JSONValue(Array(example.body.utf8))))
        }
    }

    @Test("is readable at its family's address only", arguments: ConsentExample.all)
    func shown(example: ConsentExample) async throws {
        try await Stage.with { stage in
            let (id, start) = try await stage.ask(example)
            #expect(start["server_id"]?.string == "retail")
            let intent = start["openbanking_intent_id"]?.string
            let isNamed = example.family.hasPrefix("obuk") || example.family == "ksa"
            #expect(intent == (isNamed ? id : nil))
            for other in ConsentExample.shown {
                for base in Self.bases {
                    let answer = try await stage.look(other, base: base)
                    #expect(answer.status == (other.family == example.family ? 200 : 404))
                }
            }
            let login = start["login_id"]?.string ?? ""
            _ = try await stage.service.renewToken()
            let grant = try await stage.service.call(
                .get,
                "/api/system/bank/scope-grants/\(login)"
            )
            #expect(grant.status == 404)
            #expect(stage.rules == [])
        }
    }

    @Test("has the envelope of its family", arguments: ConsentExample.shown)
    func envelope(example: ConsentExample) async throws {
        try await Stage.with { stage in
            let (id, _) = try await stage.ask(example)
            let body = try await stage.look(example).body
            let common = ["client_info", "requested_scopes", "status", "subject"]
            let names =
                example.family == "cdr"
                ? common + ["authentication_context", "cdr_arrangement"]
                : common + [
                    "consent_id", "type", "client_id", "account_ids", "authentication_context",
                    "tenant_id", "server_id", "created_at", example.member,
                ]
            #expect(Set(body.object?.members.map(\.name) ?? []) == Set(names))
            #expect(body["type"]?.string == example.type)
            #expect(body["status"]?.string == example.statuses[0])
            // Pairwise, so not what the service knows the person by.
            #expect(body["subject"]?.string != "customer-4711")
            let consent = try #require(body[example.member])
            let names2 = ["ConsentId", "consentId", "id", "cdr_arrangement_id", "consent_id"]
            #expect(names2.lazy.compactMap { consent[$0]?.string }.first == id)
            let scopes = body["requested_scopes"]?.array?.compactMap {
                $0["requested_name"]?.string
            }
            let dynamic = example.isBrasil ? ["consent:" + id] : []
            #expect(
                scopes == example.scopes.split(separator: " ").map(String.init) + dynamic
            )
            // Nothing between two looks may differ: what was shown must be what is approved.
            #expect(try await stage.look(example).body == body)
        }
    }

    @Test("keeps every digit of its amounts")
    func digits() async throws {
        try await Stage.with { stage in
            let file = ConsentExample.named("obuk.file_payment")
            _ = try await stage.ask(file)
            let body = try await stage.look(file).body
            let initiation = body["file_payment_consent"]?["Initiation"]
            #expect(initiation?["ControlSum"] == .number("3459.30"))
            let abroad = ConsentExample.named("obuk.international_payment")
            _ = try await stage.ask(abroad)
            let consent = try await stage.look(abroad).body["international_payment_consent"]
            let rate = consent?["Initiation"]?["ExchangeRateInformation"]?["ExchangeRate"]
            #expect(rate == .number("1.2701"))
            #expect(consent?["MerchantCategoryCode"]?.string == "5967")
            #expect(consent?["Charges"]?.array?.count == 1)
        }
    }

    @Test("is accepted under every base style", arguments: ConsentExample.shown)
    func accepted(example: ConsentExample) async throws {
        for base in Self.bases {
            try await Stage.with { stage in
                let (id, start) = try await stage.ask(example)
                let members = stage.granted + "," + example.accept
                let answer = try await stage.decide("accept", example, members, base: base)
                #expect(answer.status == 200, "\(answer)")
                let consent = try await stage.control(.get, "/_sim/consents/\(id)").body
                #expect(consent["status"]?.string == example.statuses[1])
                let accepted = try JSONValue(Array("{\(example.accept)}".utf8))
                for member in accepted.object?.members ?? [] {
                    #expect(consent["accepted"]?[member.name] == member.value)
                }
                let login = try await stage.control(
                    .get,
                    "/_sim/logins/\(start["login_id"]?.string ?? "")"
                ).body
                #expect(login["report"] == consent["accepted"])
                #expect(login["effective_reports"]?.integer == 1)
                #expect(try await stage.look(example).body["status"]?.string == example.statuses[1])
                #expect(stage.rules.filter { $0 != "call.after_success" } == [])
            }
        }
    }

    @Test("stays rejected once it is rejected", arguments: ConsentExample.shown)
    func rejected(example: ConsentExample) async throws {
        try await Stage.with { stage in
            let (id, start) = try await stage.ask(example)
            let login = start["login_id"]?.string ?? ""
            let named = example.family == "cdr" ? "" : #""id":"\#(login)","#
            let reason =
                example.isBrasil
                ? #","rejection_reason":{"code":"REJEITADO_USUARIO","details":"no"}"# : ""
            let body =
                named + #""status_code":403,"error":"rejected","error_cause":"consent_rejected","#
                + #""error_description":"The user declined the request.""# + reason
            #expect(try await stage.decide("reject", example, body).status == 200)
            let consent = try await stage.control(.get, "/_sim/consents/\(id)").body
            #expect(consent["status"]?.string == example.statuses[2])
            #expect(consent["accepted"] == nil)
            let members = stage.granted + "," + example.accept
            #expect(try await stage.decide("accept", example, members).status == 409)
            #expect(stage.rules.contains("decision.accept_after_reject"))
            let again = try await stage.post(
                "/backchannel/authentication",
                stage.parameters(example, id)
            )
            #expect(again.error == "invalid_request")
        }
    }

    @Test("is rejected as a scope grant if it cannot be shown")
    func unsupported() async throws {
        for example in ConsentExample.all where !example.isShown {
            try await Stage.with { stage in
                let (id, start) = try await stage.ask(example)
                _ = try await stage.service.renewToken()
                #expect(try await stage.service.accept(start) == 404)
                #expect(try await stage.service.reject(start) == 200)
                let consent = try await stage.control(.get, "/_sim/consents/\(id)").body
                #expect(consent["status"]?.string == example.statuses[2])
                #expect(stage.rules == [])
            }
        }
    }

    @Test("is accepted at the obsolete path, which is a violation")
    func seedPath() async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named("obuk.account_access")
            let (_, start) = try await stage.ask(example)
            let answer = try await stage.service.call(
                .post,
                "/system/\(start["login_id"]?.string ?? "")"
                    + "/openbanking-account-access/consent/accept",
                #"{"login_state":"\#(start["login_state"]?.string ?? "")","#
                    + stage.granted + "," + example.accept + "}"
            )
            #expect(answer.status == 200)
            #expect(stage.rules == ["call.seed_path"])
        }
    }

    @Test("of CDR amends an arrangement and contains the previous one")
    func amendment() async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named("cdr")
            let (first, _) = try await stage.ask(example)
            let body = #"{"sharing_type":"one_time","cdr_arrangement_id":"\#(first)"}"#
            let early = try await stage.lodge(example, body)
            #expect(early.status == 400)
            #expect(early.body["path"]?.string == "cdr_arrangement_id")
            let members = stage.granted + "," + example.accept
            #expect(try await stage.decide("accept", example, members).status == 200)
            let (second, _) = try await stage.ask(example, body)
            let shown = try await stage.look(example).body
            let previous = try #require(shown["previous_cdr_arrangement"])
            #expect(previous["cdr_arrangement_id"]?.string == first)
            #expect(previous["account_ids"]?.array == [.string("acc-1")])
            #expect(previous["customer_id"]?.string == "c-1")
            #expect(shown["cdr_arrangement"]?["cdr_arrangement_id"]?.string == second)
            #expect(shown["cdr_arrangement"]?["amending_arrangement_id"]?.string == first)
            #expect(stage.rules == [])
        }
    }

    @Test("of Brasil's payments expires after five minutes")
    func brasilEnd() async throws {
        try await Stage.with({ $0.maximumTTL = 600 }) { stage in
            let example = ConsentExample.named("obbr.payment_v3")
            let id = try stage.id(of: try await stage.lodge(example))
            var parameters = stage.parameters(example, id)
            parameters["requested_expiry"] = "600"
            let first = try await stage.post("/backchannel/authentication", parameters)
            #expect(first.status == 200)
            _ = try await stage.service.renewToken(scope: "manage_openbanking_consents")
            stage.acp.clock.advance(byMilliseconds: 299_999)
            let shown = try await stage.look(example).body
            #expect(shown["status"]?.string == "AWAITING_AUTHORISATION")
            let end = shown["customer_payment_consent_v3"]?["expirationDateTime"]
            #expect(end?.string == "2026-11-20T12:05:00.000Z")
            stage.acp.clock.advance(byMilliseconds: 1)
            #expect(try await stage.look(example).body["status"]?.string == "REJECTED")
            let members = stage.granted + "," + example.accept
            #expect(try await stage.decide("accept", example, members).status == 409)
        }
    }

    @Test("can be confirmed again if it is ongoing, but not if it is a payment")
    func renewal() async throws {
        for (family, status) in [("obuk.account_access", 200), ("obuk.domestic_payment", 400)] {
            try await Stage.with { stage in
                let example = ConsentExample.named(family)
                let (id, _) = try await stage.ask(example)
                let members = stage.granted + "," + example.accept
                #expect(try await stage.decide("accept", example, members).status == 200)
                let again = try await stage.post(
                    "/backchannel/authentication",
                    stage.parameters(example, id)
                )
                #expect(again.status == status)
                guard status == 200 else { return }
                #expect(try await stage.decide("reject", example, "").status == 200)
                // Declining to confirm takes nothing back.
                let consent = try await stage.control(.get, "/_sim/consents/\(id)").body
                #expect(consent["status"]?.string == "Authorised")
            }
        }
    }
}
