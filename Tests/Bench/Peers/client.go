// client CONCURRENCY SECONDS URL: reports a second that Go's own client makes. Prints one number.
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	concurrency, _ := strconv.Atoi(os.Args[1])
	seconds, _ := strconv.ParseFloat(os.Args[2], 64)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency,
		// The other end is the bench's own nginx with a certificate of its own making.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	body := []byte(`{"granted_scopes":["openid","profile"],"id":"5f0c2f6be1f04c0f9a5d0b8f2f7d6a11","login_state":"0a9d7c55b2b14b8f8f3ce0d0c3f1e2aa"}`)
	var calls int64
	var group sync.WaitGroup
	end := time.Now().Add(time.Duration(seconds * 1e9))
	for i := 0; i < concurrency; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(end) {
				request, _ := http.NewRequest("POST", os.Args[3], bytes.NewReader(body))
				request.Header.Set("Content-Type", "application/json")
				request.Header.Set("Authorization", "Bearer 8d67dc78-7faa-4d41-aabd-67707b374255")
				answer, err := client.Do(request)
				if err != nil {
					panic(err)
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				atomic.AddInt64(&calls, 1)
			}
		}()
	}
	group.Wait()
	fmt.Println(int(float64(calls) / seconds))
}
