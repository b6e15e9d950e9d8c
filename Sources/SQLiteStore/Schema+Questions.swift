extension Schema {
    /// What a person is asked is kept as canonical forms with their digest, beside the decision and
    /// past it. A constraint cannot be altered, so the table is made anew.
    ///
    /// A login that waited has no digest yet: it is prepared once more, and its links stay good.
    static let questions = """
        CREATE TABLE login_3 (
            number INTEGER PRIMARY KEY,
            server TEXT NOT NULL,
            tenant TEXT,
            login_id TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            prompt_ends INTEGER NOT NULL,
            report_ends INTEGER NOT NULL,
            earliest_report INTEGER NOT NULL,
            reports_expiry INTEGER NOT NULL CHECK (reports_expiry BETWEEN 0 AND 2),
            user_id TEXT,
            workspace TEXT,
            client TEXT,
            client_name TEXT,
            scopes TEXT NOT NULL,
            acr_values TEXT NOT NULL,
            binding_message TEXT,
            consent_id TEXT,
            state TEXT,
            unknown_members TEXT,
            origin_trace TEXT,
            origin_request INTEGER,
            redacted INTEGER NOT NULL DEFAULT 0 CHECK (redacted IN (0, 1)),
            revision INTEGER NOT NULL DEFAULT 0,
            tickets BLOB NOT NULL CHECK (length(tickets) % 32 = 0),
            phase TEXT NOT NULL,
            due_at INTEGER,
            attempts TEXT,
            next_at INTEGER,
            -- 1: an attempt may have been processed; 2: one is under way.
            in_doubt INTEGER CHECK (in_doubt BETWEEN 0 AND 3),
            -- Canonical forms (RFC 8785); `digest` is the SHA-256 of `consent` and outlives it.
            consent TEXT,
            accounts TEXT,
            digest BLOB CHECK (length(digest) = 32),
            nonce BLOB,
            -- The lodged consent, however it became known: one live login for each.
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
            granted TEXT,
            selected TEXT,
            settlement TEXT,
            settled_at INTEGER,
            stranding TEXT,
            stranding_reason TEXT,
            CHECK (CASE phase
                WHEN 'preparing' THEN due_at IS NOT NULL AND next_at IS NOT NULL
                    AND in_doubt IS NULL AND digest IS NULL AND deliveries IS NULL
                    AND outcome IS NULL
                WHEN 'waiting' THEN due_at IS NOT NULL AND next_at IS NULL AND attempts IS NULL
                    AND in_doubt IS NULL AND consent IS NOT NULL AND deliveries IS NOT NULL
                    AND outcome IS NULL
                WHEN 'reporting' THEN due_at IS NOT NULL AND next_at IS NOT NULL
                    AND in_doubt IS NOT NULL AND deliveries IS NULL
                    AND outcome IS NOT NULL
                WHEN 'settled' THEN due_at IS NULL AND next_at IS NULL AND attempts IS NULL
                    AND in_doubt IS NULL AND deliveries IS NULL
                    AND outcome IS NOT NULL
                WHEN 'stranded' THEN due_at IS NULL AND next_at IS NOT NULL
                    AND in_doubt IS NOT NULL AND deliveries IS NULL
                    AND outcome IS NOT NULL
                ELSE 0 END),
            CHECK (CASE outcome
                WHEN 'approved' THEN choice IS 'approve' AND granted IS NOT NULL
                WHEN 'voided' THEN choice IS 'approve'
                WHEN 'denied' THEN choice IS 'deny' OR choice IS 'fraud'
                WHEN 'cancelled' THEN choice IS 'cancel'
                WHEN 'expired' THEN choice IS NULL
                WHEN 'failed' THEN choice IS NULL AND failure IS NOT NULL
                ELSE outcome IS NULL AND choice IS NULL END),
            CHECK (failure IS NULL OR outcome IS 'failed'),
            CHECK (granted IS NULL OR outcome IS 'approved'),
            CHECK ((granted IS NULL) = (selected IS NULL)),
            CHECK (challenge IS NULL OR choice IS NOT NULL),
            CHECK ((digest IS NULL) = (nonce IS NULL)),
            CHECK ((consent IS NULL) = (accounts IS NULL)),
            CHECK (consent IS NULL OR digest IS NOT NULL),
            CHECK ((origin_trace IS NULL) = (origin_request IS NULL)),
            CHECK ((choice IS NULL) = (method IS NULL)),
            CHECK ((choice IS NULL) = (via IS NULL)),
            CHECK ((choice IS NULL) = (decided_at IS NULL)),
            CHECK (address IS NULL OR choice IS NOT NULL),
            CHECK ((phase = 'settled') = (settlement IS NOT NULL)),
            CHECK ((phase = 'settled') = (settled_at IS NOT NULL)),
            CHECK (CASE stranding
                WHEN 'gone' THEN phase = 'stranded' AND stranding_reason IS NULL
                WHEN 'out_of_time' THEN phase = 'stranded' AND stranding_reason IS NULL
                WHEN 'refused' THEN phase = 'stranded' AND stranding_reason IS NOT NULL
                ELSE stranding IS NULL AND phase <> 'stranded' AND stranding_reason IS NULL END),
            CHECK ((redacted = 1) = (user_id IS NULL)),
            CHECK (redacted = 0 OR phase = 'settled')
        ) STRICT;

        INSERT INTO login_3 (
            number, server, tenant, login_id, received_at, expires_at, prompt_ends, report_ends,
            earliest_report, reports_expiry, user_id, workspace, client, client_name, scopes,
            acr_values, binding_message, consent_id, state, unknown_members, origin_trace,
            origin_request, redacted, revision, tickets, phase, due_at, attempts, next_at, in_doubt,
            consent_key, outcome, failure, choice, method, via, address, decided_at, granted,
            selected, settlement, settled_at, stranding, stranding_reason
        )
        SELECT
            number, server, tenant, login_id, received_at, expires_at, prompt_ends, report_ends,
            earliest_report, reports_expiry * 2, user_id, workspace, client, client_name, scopes,
            acr_values, binding_message, consent_id, state, unknown_members, origin_trace,
            origin_request, redacted, revision, tickets,
            CASE phase WHEN 'waiting' THEN 'preparing' ELSE phase END,
            CASE phase WHEN 'waiting' THEN received_at ELSE due_at END, attempts,
            CASE phase WHEN 'waiting' THEN received_at ELSE next_at END, in_doubt, consent_id,
            outcome, failure, choice, method, via, address, decided_at, granted,
            CASE WHEN granted IS NULL THEN NULL ELSE '[]' END, settlement, settled_at, stranding,
            stranding_reason
        FROM login;
        DROP TABLE login;
        ALTER TABLE login_3 RENAME TO login;

        CREATE INDEX login_due ON login (due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX login_phase ON login (phase);
        CREATE INDEX login_settled ON login (redacted, settled_at) WHERE settled_at IS NOT NULL;
        CREATE INDEX login_consent ON login (consent_key)
            WHERE consent_key IS NOT NULL AND due_at IS NOT NULL;

        UPDATE census SET count = count + (
            SELECT coalesce(sum(count), 0) FROM census WHERE phase = 'waiting')
        WHERE phase = 'preparing';
        INSERT OR IGNORE INTO census SELECT 'preparing', outcome, count FROM census
        WHERE phase = 'waiting';
        DELETE FROM census WHERE phase = 'waiting';

        ALTER TABLE users ADD COLUMN time_zone TEXT;
        """
}
