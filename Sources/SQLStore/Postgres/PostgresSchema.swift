/// The tables of `Schema` in PostgreSQL, and those that only many processes need.
extension Schema {
    /// The steps of a database in PostgreSQL. What holds for `steps` holds for these.
    static let postgresSteps: [String] = [
        inPostgres(tables) + shares + standingVersion,
        """
        -- In the order in which `PostgresQueues` reads them.
        DROP INDEX login_due;
        CREATE INDEX login_due ON login (server, phase, due_at, number) WHERE due_at IS NOT NULL;
        DROP INDEX login_report_ends;
        CREATE INDEX login_report_ends ON login (server, report_ends, number)
            WHERE phase = 'reporting';
        -- Devices that were revoked or have another key.
        ALTER TABLE change_log ADD COLUMN ended_devices text NOT NULL DEFAULT '';

        """ + checksByTrigger,
    ]

    private static let tables = [shared, usedOnce, sessions, tokens, devices].joined(
        separator: "\n"
    )

    private static let usedOnce = """
        -- What was used and must not be used again, until then.
        CREATE TABLE used_once (
            key BLOB PRIMARY KEY CHECK (length(key) = 32),
            until INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX used_once_until ON used_once (until);
        """

    /// Types and clauses that are spelled otherwise. Texts compare by their bytes, whatever the
    /// database's own collation.
    private static let spellings: [(String, String)] = [
        ("INTEGER PRIMARY KEY AUTOINCREMENT", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
        ("INTEGER", "bigint"), ("TEXT", "text COLLATE \"C\""), ("BLOB", "bytea"),
        (") STRICT, WITHOUT ROWID;", ");"), (") STRICT;", ");"),
        (" IS NOT '", " IS DISTINCT FROM '"), (" IS '", " IS NOT DISTINCT FROM '"),
        ("(zeroblob(32))", "decode(repeat('00', 32), 'hex')"),
        ("max(prompted_at,", "greatest(prompted_at,"),
        (
            "CREATE INDEX login_phase ON login (phase);",
            "CREATE INDEX login_phase ON login (phase, number);"
        ),
    ]

    private static func inPostgres(_ tables: String) -> String {
        spellings.reduce(tables) { $0.replacing($1.0, with: $1.1) }
    }

    /// What many processes share.
    private static let shares = """

        -- One row, which each transaction that writes locks first: the highest number of a login and how
        -- many transactions there were.
        CREATE TABLE writer (
            id bigint PRIMARY KEY CHECK (id = 1),
            highest bigint NOT NULL DEFAULT 0,
            commits bigint NOT NULL DEFAULT 0
        ) WITH (fillfactor = 10);
        INSERT INTO writer (id) VALUES (1);

        -- The processes: until when each is taken for alive, and its last transaction, which tells
        -- whether one whose answer was lost was committed.
        CREATE TABLE replica (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text NOT NULL,
            serves boolean NOT NULL,
            until timestamptz NOT NULL,
            committed bigint NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50);

        -- Who works on which login. Lost in a crash of the server: then whoever worked on a login may not
        -- write to it any more.
        CREATE UNLOGGED TABLE claim (
            number bigint PRIMARY KEY,
            replica bigint NOT NULL REFERENCES replica (id) ON DELETE CASCADE
        );
        CREATE INDEX claim_replica ON claim (replica);

        -- What the last transactions changed, by their number, for the other processes.
        CREATE UNLOGGED TABLE change_log (
            number bigint PRIMARY KEY,
            replica bigint NOT NULL,
            logins text NOT NULL,
            ended_sessions boolean NOT NULL,
            audited boolean NOT NULL
        );

        -- Starts of logins by user or client, in steps of ten seconds, and by client and user.
        CREATE TABLE start_count (
            starter bytea NOT NULL,
            step bigint NOT NULL,
            count bigint NOT NULL,
            PRIMARY KEY (starter, step)
        );
        CREATE INDEX start_count_step ON start_count (step);
        CREATE TABLE start_user (
            client bytea NOT NULL,
            "user" bytea NOT NULL,
            at bigint NOT NULL,
            PRIMARY KEY (client, "user")
        );
        CREATE INDEX start_user_at ON start_user (at);
        CREATE TABLE start_told (client bytea PRIMARY KEY, at bigint NOT NULL);

        -- Keys that all processes use.
        CREATE TABLE shared_secret (name text PRIMARY KEY, value bytea NOT NULL);

        CREATE TABLE meta (
            id bigint PRIMARY KEY CHECK (id = 1),
            deleted_up_to bigint NOT NULL DEFAULT 0,
            swept_at bigint
        );
        INSERT INTO meta (id) VALUES (1);

        CREATE INDEX login_key ON login (login_id, server);
        CREATE INDEX login_live ON login (user_id) WHERE phase IN ('preparing', 'waiting');
        CREATE INDEX login_user ON login (user_id, number);

        """

    /// The checks of the table `login` as a trigger. PostgreSQL reads and plans each check of a table anew
    /// for each statement, which took three quarters of the time of an update; a trigger's condition it
    /// keeps.
    private static let checksByTrigger: String = {
        let table = definition(of: "login", in: inPostgres(shared))
        let checks = SchemaText.checks(in: table)
        let columns = Set(LoginColumn.names.split(separator: ", "))
        let broken = checks.map { "(\(SchemaText.qualified($0, columns, by: "NEW"))) IS FALSE" }
        return """
            DO $$ DECLARE name text; BEGIN FOR name IN SELECT conname FROM pg_constraint \
            WHERE conrelid = 'login'::regclass AND contype = 'c' LOOP \
            EXECUTE format('ALTER TABLE login DROP CONSTRAINT %I', name); END LOOP; END $$;
            CREATE FUNCTION login_checked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            IF \(broken.joined(separator: " OR ")) THEN \
            RAISE EXCEPTION 'the login % breaks a rule of its phase', NEW.number \
            USING ERRCODE = 'check_violation', TABLE = 'login', CONSTRAINT = 'login_checked'; \
            END IF; RETURN NEW; END $$;
            CREATE TRIGGER login_checked BEFORE INSERT OR UPDATE ON login
            FOR EACH ROW EXECUTE FUNCTION login_checked();

            """
    }()

    private static func definition(of table: String, in text: String) -> Substring {
        let rest = text.split(separator: "CREATE TABLE \(table) (", maxSplits: 1).last ?? ""
        return rest.split(separator: "\n);", maxSplits: 1).first ?? ""
    }

    private static let standingVersion: String = {
        let triggers = judged(of: tables).flatMap { table in
            ["INSERT", "DELETE", "UPDATE"].map { change in
                """
                CREATE TRIGGER \(table)_\(change.lowercased())
                AFTER \(change)\(change == "UPDATE" ? judgedColumns[table] ?? "" : "") ON \(table)
                FOR EACH STATEMENT EXECUTE FUNCTION standing_changed();
                """
            }
        }
        return """
            CREATE TABLE standing_version (
                id bigint PRIMARY KEY CHECK (id = 1),
                version bigint NOT NULL DEFAULT 0
            ) WITH (fillfactor = 10);
            INSERT INTO standing_version (id) VALUES (1);
            CREATE FUNCTION standing_changed() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN UPDATE standing_version SET version = version + 1; RETURN NULL; END';

            """ + triggers.joined(separator: "\n")
    }()
}
