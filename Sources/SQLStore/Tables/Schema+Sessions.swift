extension Schema {
    /// The sessions of people, and who manages an account in the console.
    static let sessions = """
        CREATE TABLE session (
            -- SHA-256 of the secret in the browser's cookie.
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            id TEXT NOT NULL UNIQUE,
            application TEXT NOT NULL,
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL,
            -- The provider's own identifier of its session (sid).
            provider_session TEXT,
            user_id TEXT,
            account TEXT NOT NULL,
            role TEXT,
            name TEXT NOT NULL,
            email TEXT NOT NULL,
            address TEXT NOT NULL,
            agent TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            last_used_at INTEGER NOT NULL,
            CHECK (CASE application
                WHEN 'inbox' THEN user_id IS NOT NULL AND role IS NULL
                WHEN 'console' THEN user_id IS NULL AND (role IS 'admin' OR role IS 'moderator')
                ELSE FALSE END)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX session_person ON session (issuer, subject);
        CREATE INDEX session_provider ON session (issuer, provider_session)
            WHERE provider_session IS NOT NULL;
        CREATE INDEX session_started ON session (started_at);

        -- Who accepted which terms, when and from where.
        CREATE TABLE terms_acceptance (
            application TEXT NOT NULL,
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL,
            version TEXT NOT NULL,
            -- SHA-256 of the text that was shown, and its language.
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            language TEXT NOT NULL,
            accepted_at INTEGER NOT NULL,
            address TEXT NOT NULL,
            PRIMARY KEY (application, issuer, subject, version)
        ) STRICT, WITHOUT ROWID;

        -- One row for each account that has an administrator.
        CREATE TABLE administrator (
            account TEXT PRIMARY KEY,
            issuer TEXT NOT NULL,
            subject TEXT NOT NULL,
            since INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
