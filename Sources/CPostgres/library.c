// libpq, loaded when a store in PostgreSQL is opened, so that nobody else needs it.
//
// The functions that are called stand here under their own names, and hand each call on.

#include <dlfcn.h>

// Else libpq's own calls would come through here.
#pragma GCC visibility push(hidden)
#include "shim.h"

#define EACH(DO)                                                                                  \
    DO(PQconnectStart) DO(PQconnectPoll) DO(PQfinish) DO(PQstatus) DO(PQtransactionStatus)        \
    DO(PQserverVersion) DO(PQsocket) DO(PQsslInUse) DO(PQerrorMessage) DO(PQsetnonblocking)       \
    DO(PQenterPipelineMode) DO(PQpipelineSync) DO(PQsendPrepare) DO(PQsendQueryPrepared)          \
    DO(PQsendQueryParams) DO(PQflush) DO(PQconsumeInput) DO(PQisBusy) DO(PQgetResult)             \
    DO(PQresultStatus) DO(PQresStatus) DO(PQresultErrorField) DO(PQcmdStatus) DO(PQcmdTuples)     \
    DO(PQntuples) DO(PQnfields) DO(PQgetvalue) DO(PQgetlength) DO(PQgetisnull) DO(PQclear)           \
    DO(PQnotifies) DO(PQfreemem) DO(PQbackendPID)

#define MEMBER(name) __typeof__(&name) name;
static struct functions { EACH(MEMBER) } library;

const char *beckon_pq_load(const char *name) {
    void *opened = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!opened) return dlerror();
    // All or none: what is loaded already may be in use.
    struct functions found;
#define FIND(function)                                                                            \
    if (!(*(void **)&found.function = dlsym(opened, #function))) return dlerror();
    EACH(FIND)
    library = found;
    return NULL;
}

#define FORWARD(result, name, parameters, ...)                                                    \
    result name parameters { return library.name(__VA_ARGS__); }

FORWARD(PGconn *, PQconnectStart, (const char *settings), settings)
FORWARD(int, PQconnectPoll, (PGconn *connection), connection)
FORWARD(void, PQfinish, (PGconn *connection), connection)
FORWARD(int, PQstatus, (const PGconn *connection), connection)
FORWARD(int, PQtransactionStatus, (const PGconn *connection), connection)
FORWARD(int, PQserverVersion, (const PGconn *connection), connection)
FORWARD(int, PQsocket, (const PGconn *connection), connection)
FORWARD(int, PQbackendPID, (const PGconn *connection), connection)
FORWARD(int, PQsslInUse, (PGconn *connection), connection)
FORWARD(char *, PQerrorMessage, (const PGconn *connection), connection)
FORWARD(int, PQsetnonblocking, (PGconn *connection, int flag), connection, flag)
FORWARD(int, PQenterPipelineMode, (PGconn *connection), connection)
FORWARD(int, PQpipelineSync, (PGconn *connection), connection)
FORWARD(int, PQsendPrepare,
        (PGconn *connection, const char *name, const char *query, int count, const Oid *types),
        connection, name, query, count, types)
FORWARD(int, PQsendQueryPrepared,
        (PGconn *connection, const char *name, int count, const char *const *values,
         const int *lengths, const int *formats, int result_format),
        connection, name, count, values, lengths, formats, result_format)
FORWARD(int, PQsendQueryParams,
        (PGconn *connection, const char *query, int count, const Oid *types,
         const char *const *values, const int *lengths, const int *formats, int result_format),
        connection, query, count, types, values, lengths, formats, result_format)
FORWARD(int, PQflush, (PGconn *connection), connection)
FORWARD(int, PQconsumeInput, (PGconn *connection), connection)
FORWARD(int, PQisBusy, (PGconn *connection), connection)
FORWARD(PGresult *, PQgetResult, (PGconn *connection), connection)
FORWARD(int, PQresultStatus, (const PGresult *result), result)
FORWARD(char *, PQresStatus, (int status), status)
FORWARD(char *, PQresultErrorField, (const PGresult *result, int field), result, field)
FORWARD(char *, PQcmdStatus, (PGresult *result), result)
FORWARD(char *, PQcmdTuples, (PGresult *result), result)
FORWARD(int, PQntuples, (const PGresult *result), result)
FORWARD(int, PQnfields, (const PGresult *result), result)
FORWARD(char *, PQgetvalue, (const PGresult *result, int row, int column), result, row, column)
FORWARD(int, PQgetlength, (const PGresult *result, int row, int column), result, row, column)
FORWARD(int, PQgetisnull, (const PGresult *result, int row, int column), result, row, column)
FORWARD(void, PQclear, (PGresult *result), result)
FORWARD(PGnotify *, PQnotifies, (PGconn *connection), connection)
FORWARD(void, PQfreemem, (void *memory), memory)
