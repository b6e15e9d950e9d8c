/// The tables of a database: in SQLite's own SQL, which `PostgresSchema` translates.
///
/// Version 0.1.0 has one step. A step that has been released never changes: a later version adds
/// another one, which `Migrations` runs on existing databases.
enum Schema {
    /// "Beck" in ASCII: tells our file from another application's (`PRAGMA application_id`).
    static let applicationID: Int64 = 0x4265_636B

    static let steps: [String] = [
        counting([shared, ofFile, sessions, tokens, devices].joined(separator: "\n"))
    ]

    /// The constraints repeat the state machine for whoever writes to the file without the domain:
    /// a column that is known only in some phases is NULL in all others.
    ///
    /// CASE, not IN: SQLite builds a tree in memory for a list of more than two values, for each row
    /// that it checks, which took three quarters of the instructions of an insert.
    static let shared = """
        CREATE TABLE login (
            -- Written once.
            number INTEGER PRIMARY KEY,
            server TEXT NOT NULL,
            tenant TEXT,
            login_id TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            report_ends INTEGER NOT NULL,
            reports_expiry TEXT NOT NULL,
            user_id TEXT,
            workspace TEXT,
            client TEXT,
            client_name TEXT,
            scopes TEXT NOT NULL,
            acr_values TEXT NOT NULL,
            binding_message TEXT,
            -- How the number in the message is matched, and the number, if any, as a JSON list.
            matching TEXT,
            consent_id TEXT,
            state TEXT,
            authorization_details TEXT,
            unknown_members TEXT,
            -- From where the client says that the request comes: IP address, User-Agent and place, each
            -- empty if it is not known, as a JSON list.
            context TEXT,
            origin_trace TEXT,
            origin_request INTEGER,
            -- 1: what is personal has been erased.
            redacted INTEGER NOT NULL CHECK (redacted IN (0, 1)),

            -- Changed by events.
            prompt_ends INTEGER NOT NULL,
            tickets BLOB NOT NULL CHECK (length(tickets) % 32 = 0),
            phase TEXT NOT NULL,
            due_at INTEGER,
            -- How often the user gave a wrong number; NULL for never.
            wrong_codes INTEGER CHECK (wrong_codes > 0),
            attempts TEXT,
            next_at INTEGER,
            -- 1: an attempt may have been processed; 2: one is under way.
            in_doubt INTEGER CHECK (in_doubt BETWEEN 0 AND 3),
            -- Canonical forms (RFC 8785); `digest` is the SHA-256 of `consent` and outlives it.
            consent TEXT,
            accounts TEXT,
            digest BLOB CHECK (length(digest) = 32),
            nonce BLOB,
            -- The consent that was lodged before the login, from the start or once it is fetched.
            consent_key TEXT,
            deliveries TEXT,
            outcome TEXT,
            failure TEXT,
            choice TEXT,
            method TEXT,
            via TEXT,
            address TEXT,
            decided_at INTEGER,
            challenge BLOB CHECK (length(challenge) = 32),
            -- Who decided for the user: client and token, as a JSON list.
            delegate TEXT,
            -- The sign-in that confirmed it: issuer, auth_time, acr and the values of amr, as a JSON list.
            sign_in TEXT,
            -- The signature that proves it: credential, public key (DER in base64url) and signed
            -- statement, as a JSON list.
            proof TEXT,
            -- The credential of the device that declined without a signature.
            device TEXT,
            -- How an approval counted: the rule's name and the acr, if any, as a JSON list.
            merit TEXT,
            -- How the number was matched.
            matched TEXT,
            granted TEXT,
            selected TEXT,
            settlement TEXT,
            settled_at INTEGER,
            stranding TEXT,
            stranding_reason TEXT,
            -- How often in a row the process died while it worked on the login; NULL once work on it
            -- has had a result.
            interruptions INTEGER,

            CHECK (CASE phase
                WHEN 'preparing' THEN due_at IS NOT NULL AND next_at IS NOT NULL
                    AND in_doubt IS NULL AND digest IS NULL AND deliveries IS NULL
                    AND outcome IS NULL
                WHEN 'waiting' THEN due_at IS NOT NULL AND next_at IS NULL AND attempts IS NULL
                    AND in_doubt IS NULL AND consent IS NOT NULL AND deliveries IS NOT NULL
                    AND outcome IS NULL
                WHEN 'reporting' THEN due_at IS NOT NULL AND next_at IS NOT NULL
                    AND in_doubt IS NOT NULL
                    AND outcome IS NOT NULL
                WHEN 'settled' THEN due_at IS NULL AND next_at IS NULL
                    AND (attempts IS NULL OR settlement = 'abandoned')
                    AND in_doubt IS NULL
                    AND outcome IS NOT NULL
                WHEN 'stranded' THEN due_at IS NULL AND next_at IS NOT NULL
                    AND in_doubt IS NOT NULL
                    AND outcome IS NOT NULL
                ELSE FALSE END),
            CHECK (CASE outcome
                WHEN 'approved' THEN choice IS 'approve' AND granted IS NOT NULL
                WHEN 'voided' THEN choice IS 'approve'
                WHEN 'denied' THEN choice IS 'deny' OR choice IS 'fraud'
                WHEN 'cancelled' THEN choice IS 'cancel'
                WHEN 'expired' THEN choice IS NULL
                WHEN 'failed' THEN choice IS NULL AND failure IS NOT NULL
                ELSE outcome IS NULL AND choice IS NULL END),
            CHECK (CASE stranding
                WHEN 'gone' THEN (phase = 'stranded' OR settlement IS 'abandoned')
                    AND stranding_reason IS NULL
                WHEN 'out_of_time' THEN (phase = 'stranded' OR settlement IS 'abandoned')
                    AND stranding_reason IS NULL
                WHEN 'refused' THEN (phase = 'stranded' OR settlement IS 'abandoned')
                    AND stranding_reason IS NOT NULL
                ELSE stranding IS NULL AND phase <> 'stranded' AND stranding_reason IS NULL END),
            CHECK (CASE reports_expiry
                WHEN 'never' THEN TRUE WHEN 'lodged_consents' THEN TRUE WHEN 'always' THEN TRUE
                ELSE FALSE END),
            CHECK ((origin_trace IS NULL) = (origin_request IS NULL)),
            CHECK ((digest IS NULL) = (nonce IS NULL)),
            CHECK ((consent IS NULL) = (accounts IS NULL)),
            CHECK (consent IS NULL OR digest IS NOT NULL),
            CHECK (failure IS NULL OR outcome IS 'failed' OR outcome IS 'voided'),
            CHECK ((choice IS NULL) = (method IS NULL)),
            CHECK ((choice IS NULL) = (via IS NULL)),
            CHECK ((choice IS NULL) = (decided_at IS NULL)),
            CHECK (address IS NULL OR choice IS NOT NULL),
            CHECK (challenge IS NULL OR choice IS NOT NULL),
            CHECK ((delegate IS NULL) = (method IS NOT 'delegation')),
            CHECK ((sign_in IS NULL) = (method IS NOT 'sign_in')),
            CHECK ((proof IS NOT NULL) = (CASE method
                WHEN 'device_key' THEN TRUE WHEN 'device_key_and_pin' THEN TRUE WHEN 'passkey' THEN TRUE
                ELSE FALSE END)),
            CHECK (device IS NULL OR (method IS 'tap' AND via IS 'device' AND choice <> 'approve')),
            CHECK (merit IS NULL OR choice IS 'approve'),
            CHECK (matched IS NULL OR choice IS 'approve'),
            CHECK (granted IS NULL OR outcome IS 'approved'),
            CHECK ((granted IS NULL) = (selected IS NULL)),
            CHECK ((phase = 'settled') = (settlement IS NOT NULL)),
            CHECK ((phase = 'settled') = (settled_at IS NOT NULL)),
            CHECK ((redacted = 1) = (user_id IS NULL)),
            CHECK (redacted = 0 OR phase = 'settled')
        ) STRICT;

        -- What users have to be told of: decisions that clients took for them, and suspicious ends.
        CREATE TABLE notice (
            number INTEGER PRIMARY KEY,
            since INTEGER NOT NULL,
            next_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts >= 0)
        ) STRICT;
        CREATE INDEX notice_next ON notice (next_at);
        -- Blocks that users have to be told of: the last one of each.
        CREATE TABLE block_notice (
            user_id TEXT PRIMARY KEY,
            since INTEGER NOT NULL,
            next_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts >= 0)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX block_notice_next ON block_notice (next_at);

        -- What each user's prompts and decisions were lately. `prompts` and `declines` are counted since
        -- the last approval, `failures` since the last right code or PIN.
        CREATE TABLE user_conduct (
            user_id TEXT PRIMARY KEY,
            prompts INTEGER NOT NULL DEFAULT 0,
            prompted_at INTEGER NOT NULL DEFAULT 0,
            declines INTEGER NOT NULL DEFAULT 0,
            declined_at INTEGER NOT NULL DEFAULT 0,
            quiet_until INTEGER NOT NULL DEFAULT 0,
            failures INTEGER NOT NULL DEFAULT 0,
            blocks INTEGER NOT NULL DEFAULT 0,
            blocked_until INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX user_conduct_last
            ON user_conduct (max(prompted_at, declined_at, quiet_until, blocked_until))
            WHERE failures = 0 AND blocks = 0;
        -- Clients that are blocked for a user who said "this wasn't me".
        CREATE TABLE client_block (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            user_id TEXT NOT NULL,
            server TEXT NOT NULL,
            tenant TEXT NOT NULL,
            client TEXT NOT NULL,
            login INTEGER NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER NOT NULL,
            UNIQUE (user_id, server, tenant, client)
        ) STRICT;
        -- What the operator's receiver has to be told of.
        CREATE TABLE security_event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            login INTEGER NOT NULL,
            at INTEGER NOT NULL,
            until INTEGER NOT NULL,
            ended INTEGER NOT NULL,
            user_id TEXT NOT NULL,
            server TEXT NOT NULL,
            tenant TEXT NOT NULL,
            client TEXT,
            reference TEXT NOT NULL,
            next_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts >= 0)
        ) STRICT;
        CREATE INDEX security_event_next ON security_event (next_at);

        -- What is due, by queue.
        CREATE INDEX login_due ON login (server, phase, due_at) WHERE due_at IS NOT NULL;
        -- Reports by their last moment, so that the reports to a server that takes none need not be
        -- walked through. An insert never touches it.
        CREATE INDEX login_report_ends ON login (server, report_ends) WHERE phase = 'reporting';
        CREATE INDEX login_phase ON login (phase);
        CREATE INDEX login_settled ON login (redacted, settled_at) WHERE settled_at IS NOT NULL;
        CREATE INDEX login_consent ON login (consent_key)
            WHERE consent_key IS NOT NULL AND due_at IS NOT NULL;

        -- Counts, updated in the transaction that changes them.
        CREATE TABLE client_live (
            server TEXT NOT NULL,
            tenant TEXT NOT NULL,
            client TEXT NOT NULL,
            count INTEGER NOT NULL CHECK (count >= 0),
            PRIMARY KEY (server, tenant, client)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE census (
            phase TEXT NOT NULL,
            outcome TEXT NOT NULL,
            count INTEGER NOT NULL CHECK (count >= 0),
            PRIMARY KEY (phase, outcome)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE users (
            user_id TEXT PRIMARY KEY,
            active INTEGER NOT NULL CHECK (active IN (0, 1)),
            channels TEXT,
            language TEXT,
            time_zone TEXT,
            documents TEXT,
            addresses TEXT,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Clients of Beckon's own interfaces. The columns before the document repeat it, for lists.
        CREATE TABLE api_client (
            id TEXT PRIMARY KEY,
            type TEXT NOT NULL CHECK (type IN ('user', 'delegated')),
            status TEXT NOT NULL CHECK (CASE status
                WHEN 'pending' THEN TRUE WHEN 'active' THEN TRUE WHEN 'suspended' THEN TRUE
                WHEN 'revoked' THEN TRUE ELSE FALSE END),
            created_at INTEGER NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            last_used_at INTEGER,
            document TEXT NOT NULL CHECK (document <> '')
        ) STRICT, WITHOUT ROWID;

        -- Changes of clients that wait for a second administrator, at most one of a client.
        CREATE TABLE client_change (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL CHECK (CASE kind
                WHEN 'create' THEN TRUE WHEN 'change' THEN TRUE ELSE FALSE END),
            client TEXT NOT NULL UNIQUE REFERENCES api_client (id),
            document TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            author TEXT NOT NULL,
            requested_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Consents of users to delegation. One that was withdrawn stays.
        CREATE TABLE delegation_consent (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL,
            client TEXT NOT NULL REFERENCES api_client (id),
            text_version TEXT NOT NULL,
            text_digest BLOB NOT NULL CHECK (length(text_digest) = 32),
            language TEXT NOT NULL,
            accepted_at INTEGER NOT NULL,
            address TEXT NOT NULL,
            channel TEXT NOT NULL CHECK (CASE channel
                WHEN 'backend' THEN TRUE WHEN 'inbox' THEN TRUE WHEN 'admin' THEN TRUE ELSE FALSE END),
            withdrawn_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX delegation_in_force ON delegation_consent (user_id, client)
            WHERE withdrawn_at IS NULL;
        CREATE INDEX delegation_user ON delegation_consent (user_id, id);
        CREATE INDEX delegation_client ON delegation_consent (client, id);

        -- Tokens that were revoked, until they end.
        CREATE TABLE revoked_token (
            jti TEXT PRIMARY KEY,
            until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX revoked_token_until ON revoked_token (until);

        -- Answers to requests with an Idempotency-Key, until then. `number` counts those of a client.
        CREATE TABLE stored_answer (
            key BLOB PRIMARY KEY CHECK (length(key) = 32),
            request BLOB NOT NULL CHECK (length(request) = 32),
            client TEXT NOT NULL,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            until INTEGER NOT NULL,
            status INTEGER NOT NULL,
            fields TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX stored_answer_until ON stored_answer (until);
        CREATE UNIQUE INDEX stored_answer_client ON stored_answer (client, number);

        -- What an administrator has uploaded for the pages: at most one row.
        CREATE TABLE branding (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            logo BLOB NOT NULL CHECK (length(logo) > 0)
        ) STRICT;

        -- The audit (`AuditChain`), and one row: its last entry and the last one that retention has
        -- removed, which the hash of the first one that is left follows.
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY CHECK (number > 0),
            entry BLOB NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE TABLE audit_head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            number INTEGER NOT NULL DEFAULT 0,
            hash BLOB NOT NULL DEFAULT (zeroblob(32)) CHECK (length(hash) = 32),
            removed_number INTEGER NOT NULL DEFAULT 0,
            removed_hash BLOB NOT NULL DEFAULT (zeroblob(32)) CHECK (length(removed_hash) = 32),
            CHECK (removed_number BETWEEN 0 AND number)
        ) STRICT;
        INSERT INTO audit_head (id) VALUES (1);
        """

    /// What only a file needs.
    private static let ofFile = """
        -- Logins by the hash of their key and of their user's history, and live logins by the hash of
        -- their user (`LoginTail`).
        CREATE TABLE login_hash (
            hash INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (hash, number)
        ) STRICT, WITHOUT ROWID;

        -- What was used and must not be used again, until then: in the order of use, and by hash
        -- (`UsesInFile`).
        CREATE TABLE used_once (
            number INTEGER PRIMARY KEY CHECK (number > 0),
            key BLOB NOT NULL CHECK (length(key) = 32),
            until INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX used_once_until ON used_once (until);
        CREATE TABLE used_hash (
            hash INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (hash, number)
        ) STRICT, WITHOUT ROWID;

        -- One row: the key of the hashes, the number up to which `login_hash` is complete, the
        -- highest number that was ever deleted, so that no number is used twice, the last sweep of
        -- retention, and the number up to which `used_hash` is complete.
        CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            hash_key_low INTEGER NOT NULL,
            hash_key_high INTEGER NOT NULL,
            hashes_merged INTEGER NOT NULL DEFAULT 0,
            deleted_up_to INTEGER NOT NULL DEFAULT 0,
            swept_at INTEGER,
            uses_merged INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO meta (id, hash_key_low, hash_key_high) VALUES (1, random(), random());
        """

    /// The tables that `standing` does not read. Any other counts, so that a new one does until it is
    /// known not to.
    private static let unjudged: Set<String> = [
        "login", "login_hash", "client_live", "census", "meta", "users", "used_once",
        "used_hash", "audit",
        "audit_head", "block_notice", "user_conduct", "client_block", "security_event",
        "session", "administrator", "authorization_code", "device", "credential",
        "enrolment", "proof_attempt",
    ]

    /// The columns of which a change counts, where not all do: when a client last got a token and which
    /// refresh token is in force change with each token.
    static let judgedColumns = [
        "api_client": " OF id, type, status, version, document", "token_family": " OF id",
    ]

    /// The tables that `standing` may read.
    static func judged(of tables: String) -> [String] {
        // By bytes: each start of the process does this.
        let start = "CREATE TABLE ".utf8
        return tables.utf8.split(separator: UInt8(ascii: "\n"))
            .filter { $0.starts(with: start) }
            .compactMap { String($0.dropFirst(start.count).prefix { $0 != UInt8(ascii: " ") }) }
            .filter { !unjudged.contains($0) }
    }

    /// The tables of a schema, and a number that changes with everything that `standing` may read,
    /// whoever writes to the file (`ChangeWatch`).
    private static func counting(_ tables: String) -> String {
        let triggers = judged(of: tables).flatMap { table in
            ["INSERT", "DELETE", "UPDATE"].map { change in
                """
                CREATE TRIGGER \(table)_\(change.lowercased())
                AFTER \(change)\(change == "UPDATE" ? judgedColumns[table] ?? "" : "") ON \(table)
                BEGIN UPDATE standing_version SET version = version + 1; END;
                """
            }
        }
        let number = """
            CREATE TABLE standing_version (
                id INTEGER PRIMARY KEY CHECK (id = 1),
                version INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            INSERT INTO standing_version (id) VALUES (1);
            """
        return ([tables, number] + triggers).joined(separator: "\n")
    }
}
