import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("Clients in the console")
struct ConsoleClientTests {
    private static func jwk(_ id: String = "k-1") throws -> (text: String, thumbprint: String) {
        let key = try SigningKey.generate(.es256, id: id).verificationKey
        let jwk = try require(key.jwk)
        let thumbprint = Thumbprint.sha256(of: try require(key.publicKey))
        return (String(decoding: jwk.bytes, as: UTF8.self), thumbprint)
    }

    /// A key for registration.
    static func key(at now: Timestamp) throws -> APIClientKey {
        let key = try SigningKey.generate(.es256, id: "k-1").verificationKey
        return try APIClientKey(registering: key, id: nil, at: now)
    }

    private static func robot(_ changes: [Field] = []) throws -> [Field] {
        let fields = [
            Field("type", "delegated"), Field("name", "Payout robot"),
            Field("scope.logins:read", "on"), Field("source_addresses", "203.0.113.0/28\r\n"),
            Field("token_endpoint_auth_method", "private_key_jwt"),
            Field("certificate_field", ""), Field("certificate_value", ""), Field("kid", ""),
            Field("redirect_uris", ""), Field("key", try jwk().text),
        ]
        return fields.filter { field in !changes.contains { $0.name == field.name } } + changes
    }

    /// Registers a client, and returns its page's address.
    private static func register(
        _ stage: ConsoleStage,
        _ changes: [Field] = []
    ) async throws -> String {
        let answer = try await stage.send(.post, "/console/new-client", form: try robot(changes))
        #expect(answer.status == 303, "\(answer.text)")
        let location = try require(answer.field("location"))
        return String(location.prefix { $0 != "?" })
    }

    private static func only(_ stage: ConsoleStage) async throws -> StoredClient {
        let all = try await stage.store.access.clients(ClientFilter(), after: nil, limit: 9)
        #expect(all.count == 1)
        return try require(all.first)
    }

    // trust: B-10, B-11
    @Test("are registered with type and public key, and listed with type, status and creation date")
    func registered() async throws {
        try await ConsoleStage.with { stage in
            let form = try await stage.send(.get, "/console/new-client")
            #expect(form.status == 200 && form.text.contains("name=\"key\""))
            let key = try Self.jwk()
            let path = try await Self.register(stage, [Field("key", key.text)])
            #expect(path.hasPrefix("/console/clients/dc_"))
            let page = try await stage.send(.get, path, as: .moderator).text
            for part in [key.thumbprint, "Delegated", "Active", "2026-11", "203.0.113.0/28"] {
                #expect(page.contains(part), "\(part)")
            }
            let list = try await stage.send(.get, "/console/clients", as: .moderator).text
            for part in ["Payout robot", "Delegated", "Active", String(key.thumbprint.prefix(8))] {
                #expect(list.contains(part), "\(part)")
            }
            let event = try #require(try await stage.audit().last)
            #expect(event.kind == "client.created")
            #expect(event.members["by"]?.string == "console admin")
        }
    }

    @Test("wait for a second administrator, who sees what changes and confirms or refuses it")
    func waiting() async throws {
        try await ConsoleStage.with(fourEyes: true) { stage in
            let own = try await Self.register(stage)
            #expect(own.hasPrefix("/console/client-changes/cc_"))
            #expect(try await stage.send(.get, own, as: .moderator).text.contains("Payout robot"))
            let refused = try await stage.send(.post, own + "/confirm")
            #expect(refused.status == 403 && refused.text.contains("Another administrator"))
            let waiting = try await Self.only(stage)
            #expect(waiting.client.status == .pending)
            // Another one asks for the same.
            let desk = ClientDesk(store: stage.store.access, fourEyes: true)
            var asked: [String] = []
            for id in ["dc_first", "dc_second"] {
                let client = try APIClient(
                    id: .named(id),
                    kind: .delegated,
                    name: "Robot \(id)",
                    createdAt: stage.clock.now(),
                    authentication: .privateKeyJWT,
                    keys: [try Self.key(at: stage.clock.now())],
                    grants: [.jwtBearer],
                    scopes: [.loginsRead]
                )
                do {
                    _ = try await desk.add(client, by: .commandLine, at: stage.clock.now())
                } catch ClientDesk.Refusal.waits(let proposal) {
                    asked.append("/console/client-changes/" + proposal.id)
                }
            }
            let list = try await stage.send(.get, "/console/client-changes", as: .moderator).text
            #expect(asked.count == 2)
            for path in asked { #expect(list.contains(path)) }
            let byModerator = try await stage.send(
                .post,
                asked[0] + "/confirm",
                as: .moderator
            )
            #expect(byModerator.status == 403)
            #expect(try await stage.send(.post, asked[0] + "/confirm").status == 303)
            #expect(try await stage.send(.post, asked[1] + "/refuse").status == 303)
            #expect(try await stage.send(.get, asked[0]).status == 404)
            let first = try await stage.store.access.client(.named("dc_first"))
            #expect(first?.client.status == .active)
            let second = try await stage.store.access.client(.named("dc_second"))
            #expect(second?.client.status != .active)
        }
    }

    @Test("show what a change that waits would change, as it is and as it will be")
    func marked() async throws {
        try await ConsoleStage.with(fourEyes: true) { stage in
            let desk = ClientDesk(store: stage.store.access)
            let client = try APIClient(
                id: .named("dc_robot"),
                kind: .delegated,
                name: "Payout robot",
                createdAt: stage.clock.now(),
                authentication: .privateKeyJWT,
                keys: [try Self.key(at: stage.clock.now())],
                grants: [.jwtBearer],
                scopes: [.loginsRead]
            )
            _ = try await desk.add(client, by: .commandLine, at: stage.clock.now())
            let path = "/console/clients/dc_robot"
            let fields = [
                Field("version", "1"), Field("name", "Night robot"),
                Field("scope.logins:read", "on"), Field("scope.logins:decide", "on"),
                Field("grant.urn:ietf:params:oauth:grant-type:jwt-bearer", "on"),
                Field("source_addresses", ""), Field("redirect_uris", ""),
            ]
            let answer = try await stage.send(.post, path + "/change", form: fields)
            let proposal = try require(answer.field("location")).prefix { $0 != "?" }
            let page = try await stage.send(.get, String(proposal), as: .moderator).text
            let marked = page.split(separator: "<dt>").compactMap { row -> Substring? in
                row.contains("Changed") ? row.prefix { $0 != "<" } : nil
            }
            #expect(marked == ["Name", "Scopes", "Name", "Scopes"], "\(page)")
        }
    }

    // trust: B-7
    @Test("are not registered with a private key, which is neither stored nor shown again")
    func privateKey() async throws {
        try await ConsoleStage.with { stage in
            let jwk = try SigningKey.generate(.es256, id: "k").secretJWK()
            let secret = String(decoding: jwk.bytes, as: UTF8.self)
            for text in [
                secret, "-----BEGIN PRIVATE KEY-----\nMIIabcdef\n-----END PRIVATE KEY-----",
            ] {
                let form = try Self.robot([Field("key", text)])
                let answer = try await stage.send(.post, "/console/new-client", form: form)
                #expect(answer.status == 400)
                #expect(answer.text.contains("a private key was sent"))
                #expect(answer.text.contains("value=\"Payout robot\""))
                #expect(!answer.text.contains("MIIabcdef") && !answer.text.contains("\"d\""))
                #expect(!answer.text.contains("&quot;d&quot;"))
            }
            #expect(
                try await stage.store.access.clients(ClientFilter(), after: nil, limit: 9).isEmpty
            )
            #expect(try await stage.audit().isEmpty)
        }
    }

    @Test(
        "are refused with the member that breaks a rule, and the form keeps what was typed",
        arguments: [
            (Field("name", ""), "name:"),
            (Field("source_addresses", "nowhere"), "source_addresses:"),
            (Field("type", "robot"), "type:"), (Field("key", ""), "keys:"),
            (Field("scope.admin:read", "on"), "scope:"),
            (Field("token_endpoint_auth_method", "tls_client_auth"), "certificate:"),
            (Field("token_endpoint_auth_method", "none"), "token_endpoint_auth_method:"),
        ]
    )
    func refused(_ change: Field, _ part: String) async throws {
        try await ConsoleStage.with { stage in
            let answer = try await stage.send(
                .post,
                "/console/new-client",
                form: try Self.robot([change])
            )
            #expect(answer.status == 400)
            #expect(answer.text.contains(part), "\(answer.text)")
            #expect(answer.text.contains("203.0.113.0/28") || change.name == "source_addresses")
        }
    }

    // trust: B-12
    @Test("are changed as they were shown, and not when somebody else has changed them since")
    func changed() async throws {
        try await ConsoleStage.with { stage in
            let path = try await Self.register(stage)
            let form = try await stage.send(.get, path + "/change").text
            #expect(form.contains("value=\"Payout robot\"") && form.contains("203.0.113.0/28"))
            let fields = [
                Field("version", "1"), Field("name", "Night robot"),
                Field("scope.logins:read", "on"), Field("scope.logins:decide", "on"),
                Field("grant.client_credentials", "on"), Field("source_addresses", "192.0.2.1"),
                Field("redirect_uris", ""),
            ]
            let answer = try await stage.send(.post, path + "/change", form: fields)
            #expect(answer.status == 303, "\(answer.text)")
            let client = try await Self.only(stage).client
            #expect(client.name == "Night robot")
            #expect(client.scopes == [.loginsRead, .loginsDecide])
            #expect(client.grants == [.clientCredentials])
            let again = try await stage.send(.post, path + "/change", form: fields)
            #expect(again.status == 412)
        }
    }

    // trust: B-12
    @Test("get a second key beside the first, which ends after the overlap, and lose one")
    func rotated() async throws {
        try await ConsoleStage.with { stage in
            let path = try await Self.register(stage)
            let key = [
                Field("key", try Self.jwk("k-2").text), Field("kid", "k-2"),
                Field("overlap_days", "3"),
            ]
            let added = try await stage.send(.post, path + "/keys", form: key)
            #expect(added.status == 303, "\(added.text)")
            let keys = try await Self.only(stage).client.keys
            #expect(keys.count == 2)
            #expect(keys[0].notAfter == stage.clock.now() + .seconds(3 * 86_400))
            #expect(keys[1].notAfter == nil)
            #expect(try await stage.send(.post, path + "/keys", form: key).status == 400)
            let remove = path + "/keys/remove"
            let page = try await stage.send(.get, remove + "?kid=k-1")
            #expect(page.status == 200 && page.text.contains("name=\"kid\" value=\"k-1\""))
            let form = [Field("version", "2"), Field("kid", "k-1")]
            #expect(try await stage.send(.post, remove, form: form).status == 303)
            #expect(try await Self.only(stage).client.keys.map(\.id) == ["k-2"])
            #expect(try await stage.send(.get, remove + "?kid=k-1").status == 404)
        }
    }

    @Test("are suspended, resumed and revoked once it is confirmed, and stay revoked")
    func status() async throws {
        try await ConsoleStage.with { stage in
            let path = try await Self.register(stage)
            let steps: [(String, String, APIClient.Status)] = [
                ("suspend", "1", .suspended), ("resume", "2", .active), ("revoke", "3", .revoked),
            ]
            for (name, version, status) in steps {
                let page = try await stage.send(.get, path + "/" + name).text
                #expect(page.contains("name=\"version\" value=\"\(version)\""))
                let form = [Field("version", version)]
                let answer = try await stage.send(.post, path + "/" + name, form: form)
                #expect(answer.status == 303, "\(answer.text)")
                #expect(try await Self.only(stage).client.status == status)
            }
            let again = try await stage.send(
                .post,
                path + "/resume",
                form: [Field("version", "4")]
            )
            #expect(again.status == 409)
            let kinds = try await stage.audit().map(\.kind)
            #expect(
                kinds == [
                    "client.created", "client.suspended", "client.resumed", "client.revoked",
                ]
            )
        }
    }

    // trust: B-11
    @Test(
        "are filtered by type and status, sorted by each column, and paged",
        arguments: [
            ("", 60, ""), ("type=delegated", 0, ""), ("type=user&status=active", 60, ""),
            ("status=revoked", 0, ""), ("sort=name", 60, "client 0"),
            ("sort=name&order=descending", 60, "client 9"), ("sort=created", 60, "client 0"),
            ("sort=used", 60, ""), ("sort=status", 60, ""), ("sort=type", 60, ""),
        ]
    )
    func listed(_ query: String, _ count: Int, _ first: String) async throws {
        try await ConsoleStage.with { stage in
            for number in 0..<60 {
                let client = try APIClient(
                    id: .named("uc_\(100 + number)"),
                    kind: .user,
                    name: "client \(number)",
                    createdAt: stage.clock.now() + .seconds(number),
                    authentication: .tlsClientAuth(
                        try require(CertificateName(key: "dns", "a.example"))
                    ),
                    grants: [.clientCredentials],
                    scopes: [.adminRead]
                )
                _ = try await stage.store.access.commit([.addClient(client)])
            }
            var target: String? = "/console/clients?" + query
            var names: [String] = []
            while let page = target {
                let text = try await stage.send(.get, page).text
                let rows = text.matches(of: /<th scope="row"[^>]*><a [^>]*><bdi[^>]*>([^<]+)</)
                #expect(rows.count <= 50)
                names += rows.map { String($0.1) }
                target = text.firstMatch(of: /class="more"><a href="([^"]+)"/).map {
                    String($0.1).replacing("&amp;", with: "&")
                }
            }
            #expect(names.count == count && Set(names).count == count)
            if !first.isEmpty { #expect(names.first == first) }
        }
    }

    @Test("are escaped, whatever their names are")
    func hostile() async throws {
        try await ConsoleStage.with { stage in
            let name = "<img src=x onerror=alert(1)> & \"'"
            let path = try await Self.register(stage, [Field("name", name)])
            for page in [path, "/console/clients", path + "/change", path + "/revoke"] {
                let text = try await stage.send(.get, page).text
                #expect(text.contains("&lt;img src=x"), "\(page)")
                #expect(!text.contains("<img"), "\(page)")
            }
        }
    }
}
