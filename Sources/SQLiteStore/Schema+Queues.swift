extension Schema {
    /// What is due is found by queue, and a report by its login's end too, so that those of a server
    /// that takes none need not be walked through.
    ///
    /// The second index has rows in one phase only: an insert, which is what many callers wait for,
    /// never touches it.
    static let queues = """
        DROP INDEX login_due;
        CREATE INDEX login_due ON login (server, phase, due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX login_report_ends ON login (server, report_ends) WHERE phase = 'reporting';
        """
}
