// Enrolled devices as a load. It also plays the authorization server and receives the notifications.
//
// devices enrol ADDRESS PORT COUNT FILE TOKEN CERTIFICATE: COUNT users with a device each, by the admin
// API with an access token. FILE gets the devices.
//
// devices prepare: the same, and a pending login of each user; FILE also gets what a decision needs.
// Beckon calls PORT.
//
// devices decide ADDRESS KIND FILE FIRST LAST: an approval of each login of the file's lines, by `ticket`
// or by `key`; all requests are made and signed before the first is sent. Then prints READY and waits for
// a line; at the end RESULT like wrk.
//
// devices wait ADDRESS PORT FILE: opens the stream of events of each device and prints WAITING with their
// number. Each line of the standard input is a number of logins to start; the microseconds from a start
// until its device has the event are printed, a line for each. It ends with its standard input.
//
// devices logins: see logins.go.
package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const basic = "Authorization: Basic YWNwOm5vdC1hLXNlY3JldC1idXQtbG9uZy1lbm91Z2g=\r\n"

var address string

// For the next proof (RFC 9449 §8); every answer to a device has it.
var nonce atomic.Value

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func random(count int) []byte {
	bytes := make([]byte, count)
	rand.Read(bytes)
	return bytes
}

func encode(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

func text(value interface{}) string {
	bytes, err := json.Marshal(value)
	must(err)
	return string(bytes)
}

// Calls

type caller struct {
	connection net.Conn
	reader     *bufio.Reader
}

func connect(source net.IP) *caller { return dial(address, source) }

func dial(place string, source net.IP) *caller {
	dialer := net.Dialer{Timeout: 20 * time.Second, LocalAddr: &net.TCPAddr{IP: source}}
	connection, err := dialer.Dial("tcp", place)
	must(err)
	return &caller{connection, bufio.NewReaderSize(connection, 1024)}
}

func request(method, path, fields, body string) []byte {
	if body != "" {
		fields += "Content-Type: application/json\r\n"
	}
	return []byte(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		method, path, address, fields, len(body), body))
}

// The status and the length of the body; the body is next.
func (c *caller) head() (int, int) {
	status, length := 0, 0
	for {
		line, err := c.reader.ReadString('\n')
		must(err)
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return status, length
		}
		if status == 0 {
			status, _ = strconv.Atoi(line[9:12])
		}
		if name, value, found := strings.Cut(line, ": "); found {
			switch strings.ToLower(name) {
			case "content-length":
				length, _ = strconv.Atoi(value)
			case "dpop-nonce":
				nonce.Store(value)
			}
		}
	}
}

func (c *caller) call(request []byte) (int, []byte) {
	_, err := c.connection.Write(request)
	must(err)
	status, length := c.head()
	body := make([]byte, length)
	_, err = io.ReadFull(c.reader, body)
	must(err)
	return status, body
}

func (c *caller) expect(wanted int, request []byte) []byte {
	status, body := c.call(request)
	if status != wanted {
		log.Fatalf("%s: %d %s", bytes.SplitN(request, []byte("\r"), 2)[0], status, body)
	}
	return body
}

// All numbers below count, by several callers at once.
func each(count, callers int, body func(*caller, int)) {
	var next int64 = -1
	var group sync.WaitGroup
	for i := 0; i < callers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			caller := connect(net.IPv4(127, 0, 0, 1))
			defer caller.connection.Close()
			for {
				number := int(atomic.AddInt64(&next, 1))
				if number >= count {
					return
				}
				body(caller, number)
			}
		}()
	}
	group.Wait()
}

// Devices

type device struct {
	User, Login, Ticket, Digest, Nonce string
	Scopes                             []string
	Private                            string
	key                                *ecdsa.PrivateKey
}

func newDevice(number int) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return &device{User: fmt.Sprintf("person-%06d", number),
		Private: encode(key.D.FillBytes(make([]byte, 32))), key: key}
}

func (d *device) sign(header map[string]interface{}, payload interface{}) string {
	header["alg"] = "ES256"
	signed := encode([]byte(text(header))) + "." + encode([]byte(text(payload)))
	hash := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, hash[:])
	must(err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + encode(signature)
}

func (d *device) proof(method, path string) string {
	coordinate := func(number *big.Int) string { return encode(number.FillBytes(make([]byte, 32))) }
	claims := map[string]interface{}{"jti": encode(random(16)), "htm": method,
		"htu": "http://" + address + path, "iat": time.Now().Unix()}
	if next, ok := nonce.Load().(string); ok {
		claims["nonce"] = next
	}
	return "DPoP: " + d.sign(map[string]interface{}{"typ": "dpop+jwt", "jwk": map[string]string{
		"kty": "EC", "crv": "P-256", "x": coordinate(d.key.X), "y": coordinate(d.key.Y),
	}}, claims) + "\r\n"
}

func (d *device) path() string { return "/device/v1/logins/" + d.Login }

// The approval of what was shown, as the ticket's holder or as the device.
func (d *device) approval(byKey bool) []byte {
	path := d.path() + "/decision"
	body := map[string]string{"decision": "approve", "digest": d.Digest}
	if !byKey {
		return request("POST", path, "Authorization: Bearer "+d.Ticket+"\r\n", text(body))
	}
	grant := sha256.Sum256([]byte(text(map[string][]string{"accounts": {}, "scopes": d.Scopes})))
	shown, err := base64.RawURLEncoding.DecodeString(d.Digest)
	must(err)
	question, err := base64.RawURLEncoding.DecodeString(d.Nonce)
	must(err)
	challenge := sha256.Sum256(bytes.Join([][]byte{[]byte("beckon-decision-v1"), []byte(d.Login),
		[]byte("approve"), grant[:], shown, question}, nil))
	body["signature"] = d.sign(map[string]interface{}{"typ": "beckon-decision+jwt"}, map[string]string{
		"challenge": encode(challenge[:]), "login": d.Login, "decision": "approve", "digest": d.Digest,
		"server_time": time.Now().UTC().Format(time.RFC3339)})
	return request("POST", path, d.proof("POST", path), text(body))
}

func start(login, user string) []byte {
	return request("POST", "/authentication/start", basic, text(map[string]interface{}{
		"login_id": login, "login_state": hex.EncodeToString(random(16)), "tenant_id": "bank",
		"server_id": "retail", "client_id": "kiosk", "client_info": map[string]string{
			"client_name": "Kiosk 12"}, "user_identifier": user, "requested_scopes": scopes,
		"acr_values": nil, "binding_message": "Kiosk 12 / 84-20-17",
		"expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}))
}

func save(devices []*device, path string) {
	file, err := os.Create(path)
	must(err)
	out := bufio.NewWriter(file)
	for _, device := range devices {
		fmt.Fprintln(out, text(device))
	}
	must(out.Flush())
	must(file.Close())
}

func load(path string) []*device {
	file, err := os.Open(path)
	must(err)
	defer file.Close()
	var devices []*device
	for lines := json.NewDecoder(file); lines.More(); {
		d := &device{}
		must(lines.Decode(d))
		secret, err := base64.RawURLEncoding.DecodeString(d.Private)
		must(err)
		d.key = &ecdsa.PrivateKey{D: new(big.Int).SetBytes(secret)}
		d.key.Curve = elliptic.P256()
		d.key.X, d.key.Y = d.key.ScalarBaseMult(secret)
		devices = append(devices, d)
	}
	return devices
}

// The authorization server and the receiver of notifications

var scopes = []string{"openid", "profile", "email", "offline_access"}

// Where its calls go: a notification with the ticket of its login, and a login that is reported. Each of
// the authorization server's answers about a login takes as long as `delay`.
type receiver struct {
	prompted func(login, ticket string)
	reported func(login string)
	delay    time.Duration
}

func serve(port string, calls receiver) {
	answer := func(w http.ResponseWriter, value interface{}) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(value)
	}
	http.HandleFunc("/bank/system/oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]interface{}{
			"access_token": "a-token", "token_type": "bearer", "expires_in": 3600})
	})
	prefix := "/api/system/bank/scope-grants/"
	http.HandleFunc(prefix, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(calls.delay)
		if r.Method != "GET" {
			if login, _, found := strings.Cut(r.URL.Path[len(prefix):], "/"); found {
				calls.reported(login)
			}
			answer(w, map[string]string{})
			return
		}
		var requested []map[string]string
		for _, name := range scopes {
			requested = append(requested, map[string]string{
				"name": name, "requested_name": name, "display_name": name})
		}
		answer(w, map[string]interface{}{
			"id": r.URL.Path[len(prefix):], "client_info": map[string]string{
				"client_name": "Kiosk 12"}, "requested_scopes": requested,
			"scope_grant_approved": false, "scope_grant_rejected": false})
	})
	http.HandleFunc("/prompts", func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			Data struct {
				Login  string `json:"login_id"`
				Ticket string `json:"ticket"`
			} `json:"data"`
		}
		must(json.NewDecoder(r.Body).Decode(&message))
		calls.prompted(message.Data.Login, message.Data.Ticket)
		w.WriteHeader(204)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	must(err)
	go http.Serve(listener, nil)
}

// The tickets by login.
type tickets struct {
	sync.Mutex
	byLogin map[string]string
}

func (t *tickets) receiver() receiver {
	return receiver{reported: func(string) {}, prompted: func(login, ticket string) {
		t.Lock()
		t.byLogin[login] = ticket
		t.Unlock()
	}}
}

// Commands

func enrol(count int, token, certificate string) []*device {
	devices := make([]*device, count)
	admin := "Client-Cert: " + certificate + "\r\nAuthorization: Bearer " + token + "\r\n"
	each(count, 64, func(c *caller, number int) {
		d := newDevice(number)
		devices[number] = d
		c.expect(201, request("PUT", "/admin/v1/users/"+d.User, admin, "{}"))
		var issued struct{ Code string }
		must(json.Unmarshal(c.expect(201, request(
			"POST", "/admin/v1/users/"+d.User+"/enrolments", admin, "")), &issued))
		enrolments := "/device/v1/enrolments"
		c.expect(201, request("POST", enrolments, d.proof("POST", enrolments),
			text(map[string]string{"code": issued.Code, "name": "Phone", "platform": "android",
				"protection": "software"})))
	})
	return devices
}

func prepare(seen *tickets, devices []*device) {
	count := len(devices)
	each(count, 64, func(c *caller, number int) {
		d := devices[number]
		d.Login = hex.EncodeToString(random(16))
		c.expect(200, start(d.Login, d.User))
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		seen.Lock()
		here := len(seen.byLogin)
		seen.Unlock()
		if here == count {
			break
		}
		if time.Now().After(end) {
			log.Fatalf("%d of %d notifications", here, count)
		}
	}
	each(count, 64, func(c *caller, number int) {
		d := devices[number]
		var shown struct {
			Consent struct {
				Digest string
			}
			Nonce     string `json:"challenge_nonce"`
			Canonical string `json:"consent_canonical"`
		}
		must(json.Unmarshal(c.expect(200, request(
			"GET", d.path(), d.proof("GET", d.path()), "")), &shown))
		var consent struct{ Scopes []struct{ Name string } }
		must(json.Unmarshal([]byte(shown.Canonical), &consent))
		d.Digest, d.Nonce = shown.Consent.Digest, shown.Nonce
		for _, scope := range consent.Scopes {
			d.Scopes = append(d.Scopes, scope.Name)
		}
		d.Ticket = seen.byLogin[d.Login]
	})
}

func decide(byKey bool, path string, first, last int) {
	devices := load(path)[first:last]
	// Whoever decides has read the login before.
	each(len(devices), 64, func(c *caller, number int) {
		d := devices[number]
		fields := "Authorization: Bearer " + d.Ticket + "\r\n"
		if byKey {
			fields = d.proof("GET", d.path())
		}
		c.expect(200, request("GET", d.path(), fields, ""))
	})
	requests := make([][]byte, len(devices))
	for number, device := range devices {
		requests[number] = device.approval(byKey)
	}
	taken := make([]int, len(devices))
	fmt.Println("READY")
	bufio.NewReader(os.Stdin).ReadString('\n')
	var errors int64
	began := time.Now()
	each(len(requests), 64, func(c *caller, number int) {
		sent := time.Now()
		if status, body := c.call(requests[number]); status != 200 {
			if atomic.AddInt64(&errors, 1) == 1 {
				log.Fatalf("%d %s", status, body)
			}
		}
		taken[number] = int(time.Since(sent).Microseconds())
	})
	micros := time.Since(began).Microseconds()
	sort.Ints(taken)
	fmt.Printf("RESULT %d %d %d %d %d\n", len(taken), micros, taken[len(taken)/2],
		taken[len(taken)*99/100], errors)
}

func wait(port, path string) {
	serve(port, (&tickets{byLogin: map[string]string{}}).receiver())
	devices := load(path)
	arrived := make([]chan string, len(devices))
	var opened sync.WaitGroup
	var next int64 = -1
	for i := 0; i < 64; i++ {
		opened.Add(1)
		go func() {
			defer opened.Done()
			for {
				number := int(atomic.AddInt64(&next, 1))
				if number >= len(devices) {
					return
				}
				// One address has too few ports for all.
				c := connect(net.IPv4(127, 0, 0, byte(2+number%8)))
				stream := "/device/v1/events"
				_, err := c.connection.Write(
					request("GET", stream, devices[number].proof("GET", stream), ""))
				must(err)
				if status, _ := c.head(); status != 200 {
					log.Fatalf("device %d: %d", number, status)
				}
				// The time until a browser connects again is the first that is sent.
				for line := ""; !strings.HasPrefix(line, "retry:"); {
					line, err = c.reader.ReadString('\n')
					must(err)
				}
				arrived[number] = make(chan string, 4)
				go func() {
					for {
						line, err := c.reader.ReadString('\n')
						if err != nil {
							return
						}
						if strings.HasPrefix(line, "data:") && strings.Contains(line, "arrived") {
							select {
							case arrived[number] <- line:
							default:
							}
						}
					}
				}()
			}
		}()
	}
	opened.Wait()
	fmt.Println("WAITING", len(devices))
	server := connect(net.IPv4(127, 0, 0, 1))
	number := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		count, err := strconv.Atoi(lines.Text())
		must(err)
		for ; count > 0; count-- {
			// Far apart, so that no two neighbours follow each other.
			number = (number + 7919) % len(devices)
			for len(arrived[number]) > 0 {
				<-arrived[number]
			}
			login := hex.EncodeToString(random(16))
			began := time.Now()
			server.expect(200, start(login, devices[number].User))
			for line := ""; !strings.Contains(line, login); {
				select {
				case line = <-arrived[number]:
				case <-time.After(10 * time.Second):
					log.Fatalf("device %d has no event after 10 s", number)
				}
			}
			fmt.Println(time.Since(began).Microseconds())
		}
	}
}

func main() {
	arguments := os.Args[2:]
	addresses := strings.Split(arguments[0], ",")
	address = addresses[0]
	number := func(at int) int {
		value, err := strconv.Atoi(arguments[at])
		must(err)
		return value
	}
	switch os.Args[1] {
	case "enrol":
		save(enrol(number(2), arguments[4], arguments[5]), arguments[3])
	case "prepare":
		seen := &tickets{byLogin: map[string]string{}}
		serve(arguments[1], seen.receiver())
		devices := enrol(number(2), arguments[4], arguments[5])
		prepare(seen, devices)
		save(devices, arguments[3])
	case "decide":
		decide(arguments[1] == "key", arguments[2], number(3), number(4))
	case "wait":
		wait(arguments[1], arguments[2])
	case "logins":
		delay := time.Duration(number(4)) * time.Millisecond
		logins(addresses, arguments[1], number(2), time.Duration(number(3))*time.Second, delay)
	}
}
