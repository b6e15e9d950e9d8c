import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing

@Suite("The clients of the admin API")
struct ClientResourceTests {
    private static func jwk(_ id: String = "k-2031-01") throws -> (text: String, key: SigningKey) {
        let key = try SigningKey.generate(.es256, id: id)
        let jwk = try require(key.verificationKey.jwk)
        return (String(decoding: jwk.bytes, as: UTF8.self), key)
    }

    private static func robot(_ more: String = "") throws -> String {
        """
        {"type":"delegated","name":"Payout robot","scope":"logins:read","keys":[\(try jwk().text)],
         "source_addresses":["203.0.113.0/28"]\(more)}
        """
    }

    @Test("are shown as they are now, however often they are asked for")
    func shownAgain() async throws {
        let stage = try await APIStage()
        let token = try await stage.token("reader")
        func show(_ id: String) async -> Response {
            await stage.send(.get, "/admin/v1/clients/\(id)", token: token)
        }
        let first = await show("robot")
        for _ in 0..<3 { #expect(await show("robot").body == first.body) }
        #expect(first.json["status"]?.string == "active")
        let change = try await stage.send(
            .patch,
            "/admin/v1/clients/robot",
            #"{"status":"suspended"}"#,
            [Field("If-Match", first.field("etag") ?? "")]
        )
        #expect(change.status == 200, "\(change.text)")
        for _ in 0..<3 { #expect(await show("robot").json["status"]?.string == "suspended") }
        #expect(await show("bank").json["client_id"]?.string == "bank")
        // Another token is judged for itself.
        let other = try await stage.token("bank")
        let refused = await stage.send(.get, "/admin/v1/clients/robot", token: other)
        #expect(refused.status == 403)
        #expect(await stage.send(.get, "/admin/v1/clients/robot", token: nil).status == 401)
        // The token of a client that is suspended itself gets nothing that was kept for it.
        _ = await show("bank")
        let suspension = try await stage.send(
            .patch,
            "/admin/v1/clients/reader",
            #"{"status":"suspended"}"#,
            [Field("If-Match", "*")]
        )
        #expect(suspension.status == 200)
        #expect(await show("bank").status == 401)
    }

    // trust: B-10
    @Test("are created with type, name, scopes, addresses and public key, and get an identifier")
    func created() async throws {
        let stage = try await APIStage()
        let response = try await stage.send(.post, "/admin/v1/clients", Self.robot())
        #expect(response.status == 201, "\(response.text)")
        let id = try #require(response.json["client_id"]?.string)
        #expect(id.hasPrefix("dc_"))
        #expect(response.field("location") == "/admin/v1/clients/\(id)")
        #expect(response.field("etag") == "\"1\"")
        #expect(response.json["type"]?.string == "delegated")
        #expect(!response.text.contains("\"d\"") && !response.text.contains("\"x\""))
        let shown = try await stage.send(.get, "/admin/v1/clients/\(id)", as: "reader")
        #expect(shown.body == response.body)
        let event = try #require(stage.events.last)
        #expect(event.kind == "client.created")
        #expect(event.members["by"]?.string == "ops")
        #expect(event.members["client"]?.string == id)
        #expect(event.members["address"]?.string == APIStage.address)
    }

    // trust: B-11
    @Test("are listed with type, status and creation date, page by page, without key material")
    func listed() async throws {
        let stage = try await APIStage()
        let first = try await stage.send(.get, "/admin/v1/clients?type=delegated&status=active")
        let row = try #require(first.json["clients"]?.array?.first)
        #expect(first.json["clients"]?.array?.count == 1)
        #expect(first.json["next"]?.isNull == true)
        let names = [
            "client_id", "name", "type", "status", "created_at", "keys", "source_addresses",
            "last_used_at",
        ]
        #expect(row.object?.members.map(\.name) == names)
        #expect(row["created_at"]?.string == "2031-02-27T23:06:40.000Z")
        #expect(row["last_used_at"]?.isNull == true)
        let key = try #require(row["keys"]?.array?.first)
        #expect(
            key.object?.members.map(\.name) == ["kid", "kty", "bits", "thumbprint", "not_after"]
        )
        var seen: [String] = []
        var cursor = ""
        repeat {
            let page = try await stage.send(.get, "/admin/v1/clients?limit=1" + cursor)
            seen += page.json["clients"]?.array?.compactMap { $0["client_id"]?.string } ?? []
            // What comes in between is neither repeated nor does it move the others.
            if seen.count == 1 { try await stage.add("aaa", [.adminRead]) }
            guard let next = page.json["next"]?.string else { break }
            cursor = "&cursor=" + next
        } while seen.count < 9
        #expect(seen == ["bank", "ops", "reader", "robot"])
        #expect(try await stage.send(.get, "/admin/v1/clients?status=revoked").text.contains("[]"))
        let sorted = try await stage.send(.get, "/admin/v1/clients?sort=-name&limit=2&type=user")
        #expect(
            sorted.json["clients"]?.array?.map { $0["client_id"]?.string } == ["reader", "ops"]
        )
        for wrong in ["sort=", "sort=colour", "sort=--name", "sort=name,type", "sort=Name"] {
            #expect(try await stage.send(.get, "/admin/v1/clients?" + wrong).status == 400)
        }
    }

    // trust: B-7
    // rule: N11
    @Test(
        "are not created with a private key, which is stored nowhere",
        arguments: ["jwk", "member", "pem", "certificate and key"]
    )
    func privateKey(_ form: String) async throws {
        let stage = try await APIStage()
        let key = try Self.jwk().key
        let secret = String(decoding: try key.secretJWK().bytes, as: UTF8.self)
        let pem = try key.secretPEM().split(separator: "\n").joined(separator: "\\n")
        let keys =
            switch form {
            case "jwk": secret
            case "member": #"{"jwk":\#(secret)}"#
            case "pem": #"{"pem":"\#(pem)"}"#
            default:
                #"{"pem":"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n\#(pem)"}"#
            }
        let request = """
            {"type":"user","name":"A","scope":"admin:read","keys":[\(keys)]}
            """
        let refused = try await stage.send(.post, "/admin/v1/clients", request)
        #expect(refused.status == 400)
        #expect(refused.detail.hasPrefix("keys: must be public keys: a private key was sent"))
        let added = try await stage.send(.post, "/admin/v1/clients/robot/keys", keys)
        #expect(added.status == 400)
        #expect(added.detail.hasPrefix("keys: must be public keys: a private key was sent"))
        #expect(stage.events.isEmpty)
        #expect(try await stage.access.clients(ClientFilter(), after: nil, limit: 9).count == 4)
    }

    // trust: B-1
    @Test("keep their type")
    func fixedType() async throws {
        let stage = try await APIStage()
        let refused = try await stage.send(
            .patch,
            "/admin/v1/clients/robot",
            #"{"type":"user"}"#,
            [Field("If-Match", "*")]
        )
        #expect(refused.status == 400)
        #expect(refused.detail == "type: cannot be changed.")
    }

    // trust: B-12
    @Test("get a second key, and the first one ends after the overlap")
    func rotated() async throws {
        let stage = try await APIStage()
        let added = try await stage.send(
            .post,
            "/admin/v1/clients/robot/keys",
            Self.jwk("k2").text
        )
        #expect(added.status == 201, "\(added.text)")
        let keys = try #require(added.json["keys"]?.array)
        #expect(keys.map { $0["kid"]?.string } == ["k1", "k2"])
        #expect(keys[0]["not_after"]?.string == "2031-03-06T23:06:40.000Z")
        #expect(keys[1]["not_after"]?.isNull == true)
        let removed = try await stage.send(.delete, "/admin/v1/clients/robot/keys/k1")
        #expect(removed.status == 200)
        #expect(removed.json["keys"]?.array?.count == 1)
        let missing = try await stage.send(.delete, "/admin/v1/clients/robot/keys/k1")
        #expect(missing.status == 404)
        let last = try await stage.send(.delete, "/admin/v1/clients/robot/keys/k2")
        #expect(last.status == 400)
        #expect(last.detail.hasPrefix("keys: "))
        let short = try await stage.send(
            .post,
            "/admin/v1/clients/robot/keys",
            #"{"kid":"k3","jwk":\#(try Self.jwk().text),"overlap_seconds":60}"#
        )
        #expect(
            short.json["keys"]?.array?.first?["not_after"]?.string == "2031-02-27T23:07:40.000Z"
        )
        #expect(
            stage.events.map(\.kind) == [
                "client.key_added", "client.key_removed", "client.key_added",
            ]
        )
    }

    @Test("are changed only in the version that the caller has read")
    func versions() async throws {
        let stage = try await APIStage()
        let path = "/admin/v1/clients/robot"
        func change(_ body: String, _ match: String?) async throws -> Response {
            let fields = match.map { [Field("If-Match", $0)] } ?? []
            return try await stage.send(.patch, path, body, fields)
        }
        #expect(try await change(#"{"name":"B"}"#, nil).status == 428)
        let tag = try #require(try await stage.send(.get, path).field("etag"))
        let changed = try await change(
            #"{"name":"B","source_addresses":["192.0.2.0/24"],"status":"suspended"}"#,
            tag
        )
        #expect(changed.status == 200)
        #expect(changed.json["name"]?.string == "B")
        #expect(changed.json["status"]?.string == "suspended")
        #expect(changed.json["source_addresses"]?.strings == ["192.0.2.0/24"])
        for wrong in [tag, "\"99\"", "W/\"2\"", "2", ""] {
            #expect(try await change(#"{"name":"C"}"#, wrong).status == 412, "\(wrong)")
        }
        let next = try #require(changed.field("etag"))
        #expect(try await change(#"{"status":"active"}"#, "\"7\", \(next)").status == 200)
        #expect(
            stage.events.map(\.kind) == ["client.suspended", "client.changed", "client.resumed"]
        )
        #expect(stage.events[1].members["changes"]?["name"]?.string == "B")
    }

    @Test("are revoked for good, and lose their tokens at once")
    func revoked() async throws {
        let stage = try await APIStage()
        let token = try await stage.token("reader")
        let target = "/admin/v1/clients"
        #expect(await stage.send(.get, target, token: token).status == 200)
        #expect(try await stage.send(.post, "\(target)/reader/revoke").status == 200)
        #expect(await stage.send(.get, target, token: token).status == 401)
        #expect(try await stage.send(.post, "\(target)/reader/revoke").status == 200)
        for body in [#"{"status":"active"}"#, #"{"name":"x"}"#] {
            let refused = try await stage.send(
                .patch,
                "\(target)/reader",
                body,
                [Field("If-Match", "*")]
            )
            #expect(refused.status == 409)
        }
        #expect(stage.events.filter { $0.kind == "client.revoked" }.count == 1)
    }

    @Test("are created once for an Idempotency-Key, however often it is sent")
    func repeated() async throws {
        let stage = try await APIStage()
        let (body, key) = (try Self.robot(), Field("Idempotency-Key", "0b7c1f0a"))
        let first = try await stage.send(.post, "/admin/v1/clients", body, [key])
        let second = try await stage.send(.post, "/admin/v1/clients", body, [key])
        #expect(first.status == 201)
        #expect(second.status == 201)
        #expect(second.body == first.body)
        #expect(second.field("idempotency-replayed") == "true")
        let other = try await stage.send(.post, "/admin/v1/clients", Self.robot(), [key])
        #expect(other.status == 422)
        #expect(stage.events.map(\.kind) == ["client.created"])
        let rotation = try Self.jwk("k9").text
        for _ in 0..<2 {
            let target = "/admin/v1/clients/robot/keys"
            let added = try await stage.send(.post, target, rotation, [key])
            #expect(added.status == 201, "\(added.text)")
            #expect(added.json["keys"]?.array?.count == 2)
        }
        for wrong in ["", String(repeating: "k", count: 256)] {
            let refused = try await stage.send(
                .post,
                "/admin/v1/clients",
                body,
                [Field("Idempotency-Key", wrong)]
            )
            #expect(refused.json["type"]?.string == "urn:beckon:problem:invalid-header")
        }
    }

    @Test("are open only to tokens of the right kind and scope")
    func scopes() async throws {
        let stage = try await APIStage()
        try await stage.consent(of: "ann")
        let target = "/admin/v1/clients"
        #expect(await stage.send(.get, target, token: nil).status == 401)
        #expect(try await stage.send(.get, target, as: "bank").status == 403)
        #expect(try await stage.send(.get, target, as: "robot", for: "ann").status == 403)
        let routes: [(HTTP.Method, String, String?)] = [
            (.post, target, "{}"), (.patch, target + "/robot", "{}"),
            (.post, target + "/robot/revoke", nil), (.post, target + "/robot/keys", "{}"),
            (.delete, target + "/robot/keys/k1", nil),
        ]
        for (method, target, body) in routes {
            let refused = try await stage.send(method, target, body, as: "reader")
            #expect(refused.status == 403)
            #expect(refused.json["type"]?.string == "urn:beckon:problem:insufficient-scope")
        }
    }

    @Test(
        "name the member that breaks a rule, and are not half created",
        arguments: [
            ("", "body: "), ("[]", "body: must be an object"), ("{", "body: "),
            (#"{"type":"user","type":"user"}"#, "body: "),
            (#"{"colour":1}"#, "colour: unknown member"), ("{}", "type: is required"),
            (#"{"type":1}"#, "type: must be one of"), (#"{"type":"USER"}"#, "type: must be one of"),
            (#"{"type":"user"}"#, "name: is required"),
            (#"{"type":"user","name":null}"#, "name: must be a text"),
            (#"{"type":"user","name":"A"}"#, "scope: is required"),
            (#"{"type":"user","name":"A","scope":["admin:read"]}"#, "scope: must be a space"),
            (#"{"type":"user","name":"A","scope":"admin:all"}"#, "scope: must be a space"),
            (#"{"type":"user","name":"A","scope":"logins:read","keys":[K]}"#, "scope: must not"),
            (
                #"{"type":"delegated","name":"A","scope":"admin:read","keys":[K]}"#,
                "scope: must not"
            ),
            (#"{"type":"user","name":"A","scope":"admin:read"}"#, "keys: must have at least one"),
            (#"{"type":"user","name":"A","scope":"admin:read","keys":{}}"#, "keys: must be a list"),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[1]}"#,
                "keys: must be public"
            ),
            (#"{"type":"user","name":"A","scope":"admin:read","keys":[{}]}"#, "keys: must be"),
            (#"{"type":"user","name":"A","scope":"admin:read","keys":[K,K]}"#, "keys: must have d"),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[{"pem":"x"}]}"#,
                "keys: must be public keys: the key is not PEM"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[{"pem":"x","x":1}]}"#,
                "x: is no member of a key"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[K],"grants":["implicit"]}"#,
                "grants: must be a list"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[K],"grants":[]}"#,
                "grants: must not be empty"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[K],"source_addresses":["x"]}"#,
                "source_addresses: must be"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[K],"certificate":{"dns":"a"}}"#,
                "token_endpoint_auth_method: is required beside certificate"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","token_endpoint_auth_method":"x"}"#,
                "token_endpoint_auth_method: must be one of"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","token_endpoint_auth_method":"tls_client_auth","certificate":{"dns":"a","ip":"192.0.2.1"}}"#,
                "certificate: must have exactly one"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","token_endpoint_auth_method":"client_secret_post"}"#,
                "secret_hash: must be a hash"
            ),
            (
                #"{"type":"user","name":"\u0007","scope":"admin:read","keys":[K]}"#, "name: must"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[K],"client_id":"a b"}"#,
                "client_id"
            ),
            (
                #"{"type":"user","name":"A","scope":"admin:read","keys":[K],"client_id":""}"#,
                "client_id"
            ),
        ]
    )
    func badBodies(_ body: String, says text: String) async throws {
        let stage = try await APIStage()
        let key = try Self.jwk().text
        let body = body.split(separator: "K", omittingEmptySubsequences: false)
            .joined(separator: key)
        let refused = try await stage.send(.post, "/admin/v1/clients", body)
        #expect(refused.status == 400)
        #expect(refused.detail.hasPrefix(text), "\(refused.detail)")
        #expect(stage.events.isEmpty)
    }

    @Test(
        "name the parameter that breaks a rule",
        arguments: [
            ("limit=0", "limit"), ("limit=501", "limit"), ("limit=-1", "limit"),
            ("limit=", "limit"), ("limit=99999999999999999999", "limit"), ("type=x", "type"),
            ("status=x", "status"), ("colour=1", "colour"), ("cursor=*", "cursor"),
            ("cursor=", "cursor"), ("limit=1&limit=1", "query"), ("type=%", "query"),
        ]
    )
    func badQueries(_ query: String, names: String) async throws {
        let stage = try await APIStage()
        let refused = try await stage.send(.get, "/admin/v1/clients?" + query)
        #expect(refused.status == 400)
        #expect(refused.detail.hasPrefix(names + ": "), "\(refused.detail)")
    }

    @Test("are unavailable while the store fails, and unknown ones are not found")
    func failing() async throws {
        let stage = try await APIStage()
        for target in ["/admin/v1/clients/nobody", "/admin/v1/clients/%00"] {
            #expect(try await stage.send(.get, target).status == 404)
            let change = try await stage.send(.patch, target, "{}", [Field("If-Match", "*")])
            #expect(change.status == 404)
            #expect(try await stage.send(.post, target + "/revoke").status == 404)
        }
        let token = try await stage.token("ops")
        stage.access.fail(.locked)
        #expect(await stage.send(.get, "/admin/v1/clients", token: token).status == 503)
    }
}
