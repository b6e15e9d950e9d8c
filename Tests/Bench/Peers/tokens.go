// tokens PORT FILE KEY ISSUER CLIENT: POST /oauth2/token for one client, the way a plain Go program does
// it: net/http, go-jose, database/sql on SQLite, one durable transaction for each assertion.
//
// tokens sign KEY ISSUER CLIENT COUNT FILE: forms of token requests with assertions of the client, one
// a line, each with a jti of its own, for the load.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3"
	jose "gopkg.in/square/go-jose.v2"
	"gopkg.in/square/go-jose.v2/jwt"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func privateKey(path string) *ecdsa.PrivateKey {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		log.Fatal(err)
	}
	return key.(*ecdsa.PrivateKey)
}

func random() string {
	bytes := make([]byte, 16)
	rand.Read(bytes)
	return base64.RawURLEncoding.EncodeToString(bytes)
}

func signer(key *ecdsa.PrivateKey, id, kind string) jose.Signer {
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(kind))
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: id},
	}, options)
	if err != nil {
		log.Fatal(err)
	}
	return signer
}

func sign(key *ecdsa.PrivateKey, issuer, client string, count int, path string) {
	file, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriter(file)
	signer := signer(key, "k1", "JWT")
	for i := 0; i < count; i++ {
		now := time.Now()
		text, err := jwt.Signed(signer).Claims(jwt.Claims{
			Issuer: client, Subject: client, Audience: jwt.Audience{issuer}, ID: random(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(590 * time.Second)),
		}).CompactSerialize()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(out, "grant_type=client_credentials&scope=admin%%3Aread&client_assertion_type=%s&client_assertion=%s\n",
			strings.ReplaceAll(assertionType, ":", "%3A"), text)
	}
	if out.Flush() != nil || file.Close() != nil {
		log.Fatal("cannot write ", path)
	}
}

func main() {
	if os.Args[1] == "sign" {
		count, _ := strconv.Atoi(os.Args[5])
		sign(privateKey(os.Args[2]), os.Args[3], os.Args[4], count, os.Args[6])
		return
	}
	issuer, client := os.Args[4], os.Args[5]
	registered := &privateKey(os.Args[3]).PublicKey
	db, err := sql.Open("sqlite3", "file:"+os.Args[2]+
		"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate")
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	if _, err := db.Exec("CREATE TABLE used_once (key BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID"); err != nil {
		log.Fatal(err)
	}
	insert, err := db.Prepare("INSERT INTO used_once (key, until) VALUES (?, ?)")
	if err != nil {
		log.Fatal(err)
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	signer := signer(own, "s1", "at+jwt")
	http.HandleFunc("/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		refuse := func(status int, code string) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]string{"error": code})
		}
		der, err := base64.StdEncoding.DecodeString(strings.Trim(r.Header.Get("Client-Cert"), ":"))
		if err != nil || len(der) == 0 {
			refuse(400, "invalid_request")
			return
		}
		thumbprint := sha256.Sum256(der)
		if r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("scope") != "admin:read" ||
			r.PostFormValue("client_assertion_type") != assertionType {
			refuse(400, "invalid_request")
			return
		}
		assertion, err := jwt.ParseSigned(r.PostFormValue("client_assertion"))
		if err != nil || len(assertion.Headers) != 1 || assertion.Headers[0].Algorithm != "ES256" {
			refuse(401, "invalid_client")
			return
		}
		var claims jwt.Claims
		now := time.Now()
		expected := jwt.Expected{Issuer: client, Subject: client, Audience: jwt.Audience{issuer}, Time: now}
		if assertion.Claims(registered, &claims) != nil || claims.Validate(expected) != nil ||
			claims.ID == "" || claims.Expiry == nil {
			refuse(401, "invalid_client")
			return
		}
		used := sha256.Sum256([]byte(client + "\n" + claims.ID))
		if _, err := insert.Exec(used[:], claims.Expiry.Time().UnixMilli()); err != nil {
			refuse(401, "invalid_client")
			return
		}
		token, err := jwt.Signed(signer).Claims(jwt.Claims{
			Issuer: issuer, Subject: client, Audience: jwt.Audience{issuer + "/admin"}, ID: random(),
			IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(10 * time.Minute)),
		}).Claims(map[string]interface{}{
			"client_id": client, "scope": "admin:read",
			"cnf": map[string]string{"x5t#S256": base64.RawURLEncoding.EncodeToString(thumbprint[:])},
		}).CompactSerialize()
		if err != nil {
			refuse(503, "temporarily_unavailable")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(map[string]interface{}{
			"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": "admin:read",
		})
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
