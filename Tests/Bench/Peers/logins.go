package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// devices logins ADDRESS,... PORT CALLERS SECONDS DELAY: whole logins over several replicas, one after
// another by each of the callers: start, notification, a look at the login, approval by ticket, report.
// The start goes to one replica and the rest to the next. Beckon calls PORT, where an answer about a login
// takes DELAY milliseconds. Prints MEASURING after a second of warming up, and after SECONDS more what it
// has measured, in microseconds, as JSON. The users are people of the store, person-000000 and so on.

const people = 1000

// What a caller waits for.
type flow struct {
	prompt chan string
	report chan struct{}
}

// The samples of a part of the login.
type part []int

func (p part) at(percent int) int {
	if len(p) == 0 {
		return 0
	}
	sort.Ints(p)
	return p[len(p)*percent/100]
}

func micros(since time.Time) int { return int(time.Since(since).Microseconds()) }

func logins(addresses []string, port string, callers int, span, delay time.Duration) {
	var flows sync.Map
	find := func(login string) *flow {
		if found, ok := flows.Load(login); ok {
			return found.(*flow)
		}
		return nil
	}
	serve(port, receiver{delay: delay, prompted: func(login, ticket string) {
		if flow := find(login); flow != nil {
			select {
			case flow.prompt <- ticket:
			default:
			}
		}
	}, reported: func(login string) {
		if flow := find(login); flow != nil {
			select {
			case flow.report <- struct{}{}:
			default:
			}
		}
	}})

	var lock sync.Mutex
	measuring := false
	parts := map[string]part{}
	var next, isOver int64
	var group sync.WaitGroup
	for i := 0; i < callers; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			var replicas []*caller
			for _, place := range addresses {
				replicas = append(replicas, dial(place, net.IPv4(127, 0, 0, 1)))
			}
			for atomic.LoadInt64(&isOver) == 0 {
				number := int(atomic.AddInt64(&next, 1))
				login := hex.EncodeToString(random(16))
				mine := &flow{make(chan string, 1), make(chan struct{}, 1)}
				flows.Store(login, mine)
				user := fmt.Sprintf("person-%06d", number%people)
				began := time.Now()
				replicas[number%len(replicas)].expect(200, start(login, user))
				started := micros(began)
				var ticket string
				select {
				case ticket = <-mine.prompt:
				case <-time.After(20 * time.Second):
					log.Fatalf("no notification of %s", login)
				}
				notified := micros(began)
				replica := replicas[(number+1)%len(replicas)]
				path := "/device/v1/logins/" + login
				bearer := "Authorization: Bearer " + ticket + "\r\n"
				var shown struct{ Consent struct{ Digest string } }
				must(json.Unmarshal(replica.expect(200, request("GET", path, bearer, "")), &shown))
				body := text(map[string]string{"decision": "approve", "digest": shown.Consent.Digest})
				approved := time.Now()
				replica.expect(200, request("POST", path+"/decision", bearer, body))
				decided := micros(approved)
				select {
				case <-mine.report:
				case <-time.After(20 * time.Second):
					log.Fatalf("no report of %s", login)
				}
				reported, whole := micros(approved), micros(began)
				flows.Delete(login)
				lock.Lock()
				if measuring {
					for name, taken := range map[string]int{"start": started, "phone": notified,
						"decision": decided, "report": reported, "login": whole} {
						parts[name] = append(parts[name], taken)
					}
				}
				lock.Unlock()
			}
		}()
	}
	switchTo := func(on bool) {
		lock.Lock()
		measuring = on
		lock.Unlock()
	}
	time.Sleep(time.Second + 4*delay)
	before, began := cpu(), time.Now()
	switchTo(true)
	fmt.Println("MEASURING")
	time.Sleep(span)
	switchTo(false)
	result := map[string]int{"micros": micros(began), "cpu": cpu() - before,
		"count": len(parts["login"])}
	for name, samples := range parts {
		result[name], result[name+"99"] = samples.at(50), samples.at(99)
	}
	fmt.Println(text(result))
	atomic.StoreInt64(&isOver, 1)
	group.Wait()
}

// What this program has used, in microseconds.
func cpu() int {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return int(usage.Utime.Nano()+usage.Stime.Nano()) / 1000
}
