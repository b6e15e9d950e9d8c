#include <stddef.h>

/* The functions of libpq that are called, declared here so that building needs no header of it. They
   are part of its version 5, which PostgreSQL 14 (pipelines) and all later versions have. */

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;
typedef unsigned int Oid;

/* What a NOTIFY brings; more members follow. */
typedef struct {
    char *channel;
    int process;
    char *payload;
} PGnotify;

/* Loads the library of that name. Null when it is there with every function below, else why it is
   not; to be called once, before all else here. */
const char *beckon_pq_load(const char *library);

#define BECKON_PQ_CONNECTION_BAD 1

#define BECKON_PQ_POLLING_FAILED 0
#define BECKON_PQ_POLLING_READING 1
#define BECKON_PQ_POLLING_WRITING 2
#define BECKON_PQ_POLLING_OK 3

#define BECKON_PQ_COMMAND_OK 1
#define BECKON_PQ_TUPLES_OK 2
#define BECKON_PQ_PIPELINE_SYNC 10
#define BECKON_PQ_PIPELINE_ABORTED 11

#define BECKON_PQ_IDLE 0

/* Types of parameters, from PostgreSQL's pg_type.dat, where they never change. */
#define BECKON_PQ_BYTEA 17
#define BECKON_PQ_INT8 20
#define BECKON_PQ_TEXT 25

PGconn *PQconnectStart(const char *settings);
int PQconnectPoll(PGconn *connection);
void PQfinish(PGconn *connection);
int PQstatus(const PGconn *connection);
int PQtransactionStatus(const PGconn *connection);
int PQserverVersion(const PGconn *connection);
int PQsocket(const PGconn *connection);
int PQbackendPID(const PGconn *connection);
int PQsslInUse(PGconn *connection);
char *PQerrorMessage(const PGconn *connection);
int PQsetnonblocking(PGconn *connection, int flag);
int PQenterPipelineMode(PGconn *connection);
int PQpipelineSync(PGconn *connection);
int PQsendPrepare(PGconn *connection, const char *name, const char *query, int count,
                  const Oid *types);
int PQsendQueryPrepared(PGconn *connection, const char *name, int count,
                        const char *const *values, const int *lengths, const int *formats,
                        int result_format);
int PQsendQueryParams(PGconn *connection, const char *query, int count, const Oid *types,
                      const char *const *values, const int *lengths, const int *formats,
                      int result_format);
int PQflush(PGconn *connection);
int PQconsumeInput(PGconn *connection);
int PQisBusy(PGconn *connection);
PGresult *PQgetResult(PGconn *connection);
int PQresultStatus(const PGresult *result);
char *PQresStatus(int status);
char *PQresultErrorField(const PGresult *result, int field);
char *PQcmdStatus(PGresult *result);
char *PQcmdTuples(PGresult *result);
int PQntuples(const PGresult *result);
int PQnfields(const PGresult *result);
char *PQgetvalue(const PGresult *result, int row, int column);
int PQgetlength(const PGresult *result, int row, int column);
int PQgetisnull(const PGresult *result, int row, int column);
void PQclear(PGresult *result);
PGnotify *PQnotifies(PGconn *connection);
void PQfreemem(void *memory);
