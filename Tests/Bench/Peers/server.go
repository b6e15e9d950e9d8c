// server PORT [pg CONNINFO | sqlite FILE]: /user/verify and a durable /authentication/start the way
// a plain Go program does them: net/http, encoding/json, database/sql, one transaction a login.
package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	_ "github.com/lib/pq"
	_ "github.com/mattn/go-sqlite3"
)

var secret = sha256.Sum256([]byte("not-a-secret-but-long-enough"))

func authorized(w http.ResponseWriter, r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	digest := sha256.Sum256([]byte(password))
	if ok && user == "acp" && subtle.ConstantTimeCompare(digest[:], secret[:]) == 1 {
		return true
	}
	w.WriteHeader(401)
	return false
}

func verify(w http.ResponseWriter, r *http.Request) {
	if !authorized(w, r) {
		return
	}
	var body struct {
		User string `json:"user_identifier"`
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(400)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]bool{"valid": strings.HasPrefix(body.User, "customer-")})
}

type start struct {
	LoginID   string            `json:"login_id"`
	State     string            `json:"login_state"`
	Tenant    string            `json:"tenant_id"`
	Server    string            `json:"server_id"`
	Client    string            `json:"client_id"`
	Info      map[string]string `json:"client_info"`
	User      string            `json:"user_identifier"`
	Scopes    []string          `json:"requested_scopes"`
	Message   string            `json:"binding_message"`
	ExpiresAt time.Time         `json:"expires_at"`
}

const table = `CREATE TABLE IF NOT EXISTS login(number %s PRIMARY KEY, tenant TEXT NOT NULL,
	login_id TEXT NOT NULL, user_id TEXT NOT NULL, phase TEXT NOT NULL, due_at BIGINT,
	expires_at BIGINT NOT NULL, body %s NOT NULL, UNIQUE(tenant, login_id))`

func open(kind, place string) *sql.DB {
	driver, number, blob := "sqlite3", "INTEGER", "BLOB"
	if kind == "pg" {
		driver, number, blob = "postgres", "BIGSERIAL", "BYTEA"
	} else {
		place = "file:" + place + "?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate"
	}
	db, err := sql.Open(driver, place)
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	for _, statement := range []string{
		strings.Replace(strings.Replace(table, "%s", number, 1), "%s", blob, 1),
		"CREATE INDEX IF NOT EXISTS due ON login(due_at) WHERE due_at IS NOT NULL",
	} {
		if _, err := db.Exec(statement); err != nil {
			log.Fatal(err)
		}
	}
	return db
}

func main() {
	http.HandleFunc("/user/verify", verify)
	if len(os.Args) > 3 {
		insert, err := open(os.Args[2], os.Args[3]).Prepare(`INSERT INTO login(tenant, login_id,
			user_id, phase, due_at, expires_at, body) VALUES($1, $2, $3, 'preparing', $4, $5, $6)
			ON CONFLICT DO NOTHING`)
		if err != nil {
			log.Fatal(err)
		}
		http.HandleFunc("/authentication/start", func(w http.ResponseWriter, r *http.Request) {
			if !authorized(w, r) {
				return
			}
			bytes, _ := io.ReadAll(r.Body)
			var body start
			if json.Unmarshal(bytes, &body) != nil || body.LoginID == "" || body.User == "" {
				w.WriteHeader(400)
				return
			}
			_, err := insert.Exec(body.Tenant, body.LoginID, body.User, time.Now().UnixMilli(),
				body.ExpiresAt.UnixMilli(), bytes)
			if err != nil {
				w.WriteHeader(503)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{"acknowledged":true}`))
		})
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
