extension Schema {
    /// Enrolled devices, the keys with which users decide, and what protects both.
    static let devices = """
        CREATE TABLE device (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL,
            name TEXT NOT NULL,
            platform TEXT NOT NULL,
            -- JSON lists of texts; of channels and addresses in turn.
            languages TEXT NOT NULL,
            protection TEXT NOT NULL,
            channels TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            last_seen_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX device_user ON device (user_id, id);

        CREATE TABLE credential (
            id TEXT PRIMARY KEY,
            user_id TEXT NOT NULL,
            -- NULL for a passkey.
            device TEXT REFERENCES device (id) ON DELETE CASCADE,
            -- SubjectPublicKeyInfo in DER.
            public_key BLOB NOT NULL,
            algorithm TEXT NOT NULL,
            name TEXT NOT NULL,
            -- The hash of the device's PIN.
            pin TEXT,
            -- Of a passkey.
            raw_id BLOB,
            counter INTEGER CHECK (counter BETWEEN 0 AND 4294967295),
            -- 1: it can be backed up; 2: it is.
            backup INTEGER CHECK (backup BETWEEN 0 AND 3),
            transports TEXT,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER,
            CHECK ((device IS NULL) = (raw_id IS NOT NULL)),
            CHECK (device IS NOT NULL OR pin IS NULL),
            CHECK ((raw_id IS NULL) = (counter IS NULL)),
            CHECK ((raw_id IS NULL) = (backup IS NULL)),
            CHECK ((raw_id IS NULL) = (transports IS NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX credential_user ON credential (user_id, created_at);
        CREATE INDEX credential_device ON credential (device) WHERE device IS NOT NULL;

        -- Codes that were not used yet.
        CREATE TABLE enrolment (
            locator TEXT PRIMARY KEY,
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            user_id TEXT NOT NULL,
            wrong_tries INTEGER NOT NULL CHECK (wrong_tries >= 0),
            created_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX enrolment_ends ON enrolment (ends_at);

        CREATE INDEX enrolment_user ON enrolment (user_id, created_at);

        -- Proofs of users that are being checked: each counts as a failure until it is settled.
        CREATE TABLE proof_attempt (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            user_id TEXT NOT NULL,
            began_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX proof_attempt_user ON proof_attempt (user_id, began_at);
        """
}
