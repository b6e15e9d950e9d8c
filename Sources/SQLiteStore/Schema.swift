/// The tables, as numbered steps that only go forward. A step that has been released never changes;
/// what is missing is a further step.
enum Schema {
    /// "Beck" in ASCII: tells our file from a stranger's (`PRAGMA application_id`).
    static let applicationID: Int64 = 0x4265_636B

    static let steps: [String] = [first, origin, questions, queues]

    static var current: Int { steps.count }

    /// A column that is known only in one phase is NULL in all others, by constraint: the state
    /// machine once more, for whoever writes to the file without going through the domain.
    ///
    /// CASE, not IN: a list of more than two builds a tree in memory for each row that is checked,
    /// which took three quarters of an insert's instructions.
    private static let first = """
        CREATE TABLE login (
            number INTEGER PRIMARY KEY,
            server TEXT NOT NULL,
            tenant TEXT,
            login_id TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            prompt_ends INTEGER NOT NULL,
            report_ends INTEGER NOT NULL,
            earliest_report INTEGER NOT NULL,
            reports_expiry INTEGER NOT NULL CHECK (reports_expiry IN (0, 1)),
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
            redacted INTEGER NOT NULL DEFAULT 0 CHECK (redacted IN (0, 1)),
            revision INTEGER NOT NULL DEFAULT 0,
            tickets BLOB NOT NULL CHECK (length(tickets) % 32 = 0),
            phase TEXT NOT NULL,
            due_at INTEGER,
            attempts TEXT,
            next_at INTEGER,
            -- 1: an attempt may have been processed; 2: one is under way.
            in_doubt INTEGER CHECK (in_doubt BETWEEN 0 AND 3),
            consent TEXT,
            deliveries TEXT,
            outcome TEXT,
            failure TEXT,
            choice TEXT,
            method TEXT,
            via TEXT,
            address TEXT,
            decided_at INTEGER,
            granted TEXT,
            settlement TEXT,
            settled_at INTEGER,
            stranding TEXT,
            stranding_reason TEXT,
            CHECK (CASE phase
                WHEN 'preparing' THEN due_at IS NOT NULL AND next_at IS NOT NULL
                    AND in_doubt IS NULL AND consent IS NULL AND deliveries IS NULL
                    AND outcome IS NULL
                WHEN 'waiting' THEN due_at IS NOT NULL AND next_at IS NULL AND attempts IS NULL
                    AND in_doubt IS NULL AND consent IS NOT NULL AND deliveries IS NOT NULL
                    AND outcome IS NULL
                WHEN 'reporting' THEN due_at IS NOT NULL AND next_at IS NOT NULL
                    AND in_doubt IS NOT NULL AND consent IS NULL AND deliveries IS NULL
                    AND outcome IS NOT NULL
                WHEN 'settled' THEN due_at IS NULL AND next_at IS NULL AND attempts IS NULL
                    AND in_doubt IS NULL AND consent IS NULL AND deliveries IS NULL
                    AND outcome IS NOT NULL
                WHEN 'stranded' THEN due_at IS NULL AND next_at IS NOT NULL
                    AND in_doubt IS NOT NULL AND consent IS NULL AND deliveries IS NULL
                    AND outcome IS NOT NULL
                ELSE 0 END),
            CHECK (CASE outcome
                WHEN 'approved' THEN choice IS 'approve' AND granted IS NOT NULL
                WHEN 'denied' THEN choice IS 'deny' OR choice IS 'fraud'
                WHEN 'cancelled' THEN choice IS 'cancel'
                WHEN 'expired' THEN choice IS NULL
                WHEN 'failed' THEN choice IS NULL AND failure IS NOT NULL
                ELSE outcome IS NULL AND choice IS NULL END),
            CHECK (failure IS NULL OR outcome IS 'failed'),
            CHECK (granted IS NULL OR outcome IS 'approved'),
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

        CREATE INDEX login_due ON login (due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX login_phase ON login (phase);
        CREATE INDEX login_settled ON login (redacted, settled_at) WHERE settled_at IS NOT NULL;

        -- Finding a login by its key, and a user's live logins: hashes, merged in sorted runs
        -- from the newest rows, which the writer keeps in memory (`TailIndex`).
        CREATE TABLE login_key (
            hash INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (hash, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE live_login (
            hash INTEGER NOT NULL,
            number INTEGER NOT NULL,
            PRIMARY KEY (hash, number)
        ) STRICT, WITHOUT ROWID;

        -- Counts that are kept in the transaction that changes them.
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

        -- One row: the hash's key, up to which number the two tables above are merged, and the
        -- highest number that was ever deleted, so that none is given twice.
        CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            hash_key_low INTEGER NOT NULL,
            hash_key_high INTEGER NOT NULL,
            keys_merged INTEGER NOT NULL DEFAULT 0,
            live_merged INTEGER NOT NULL DEFAULT 0,
            deleted_up_to INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        CREATE TABLE users (
            user_id TEXT PRIMARY KEY,
            active INTEGER NOT NULL CHECK (active IN (0, 1)),
            channels TEXT,
            language TEXT,
            created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let origin = """
        ALTER TABLE login ADD COLUMN origin_trace TEXT;
        ALTER TABLE login ADD COLUMN origin_request INTEGER
            CHECK ((origin_trace IS NULL) = (origin_request IS NULL));
        """
}
