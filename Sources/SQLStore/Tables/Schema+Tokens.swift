extension Schema {
    /// Codes that were not exchanged yet, and the families of users' tokens that are in force. What has
    /// ended is deleted.
    static let tokens = """
        CREATE TABLE authorization_code (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            client TEXT NOT NULL REFERENCES api_client (id),
            user_id TEXT NOT NULL,
            redirect_uri TEXT NOT NULL,
            challenge TEXT NOT NULL,
            scope TEXT NOT NULL,
            proof_key TEXT,
            ends_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX authorization_code_ends ON authorization_code (ends_at);

        CREATE TABLE token_family (
            id TEXT PRIMARY KEY,
            client TEXT NOT NULL REFERENCES api_client (id),
            user_id TEXT NOT NULL,
            scope TEXT NOT NULL,
            -- What its tokens are bound to: a certificate and its key, or the key of proofs.
            thumbprint BLOB CHECK (length(thumbprint) = 32),
            key_digest BLOB CHECK (length(key_digest) = 32),
            proof_key TEXT,
            -- SHA-256 of the refresh token in force.
            current BLOB CHECK (length(current) = 32),
            rotated_at INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            CHECK ((thumbprint IS NULL) = (key_digest IS NULL)),
            CHECK (thumbprint IS NULL OR proof_key IS NULL)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX token_family_ends ON token_family (ends_at);
        """
}
