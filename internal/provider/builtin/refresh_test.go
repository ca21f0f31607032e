package builtin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// answer is what a transport answers to one call.
type answer struct {
	status int
	body   string
	header http.Header
	// err instead of an answer.
	err error
	// ifNoneMatch is what the call has to ask with.
	ifNoneMatch string
}

// answers is a transport that answers each call with the next of a list, and with the last one for ever.
type answers struct {
	t     testing.TB
	list  []answer
	calls atomic.Int64
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(a.calls.Add(1))
	next := a.list[min(n, len(a.list))-1]
	if got := r.Header.Get("If-None-Match"); got != next.ifNoneMatch {
		a.t.Errorf("call %d: If-None-Match %q, want %q", n, got, next.ifNoneMatch)
	}
	if next.err != nil {
		return nil, next.err
	}
	return &http.Response{StatusCode: next.status, Header: next.header, Body: io.NopCloser(strings.NewReader(next.body)), Request: r}, nil
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &answers{t: t, list: []answer{
			{status: 503},
			{status: 503},
			{status: 200, body: "one.example\n", header: http.Header{"Etag": {`"1"`}}},
			{status: 304, ifNoneMatch: `"1"`},
			{status: 200, body: "<html>we moved</html>", ifNoneMatch: `"1"`},
			{err: errors.New("reset"), ifNoneMatch: `"1"`},
			{status: 200, body: "two.example\n", ifNoneMatch: `"1"`},
		}}
		load, err := fromURL(&http.Client{Transport: transport}, "https://host.example/list")
		if err != nil {
			t.Fatal(err)
		}
		r := newRefresh(load, time.Hour)
		synctest.Wait()
		if transport.calls.Load() != 0 {
			t.Fatalf("%d calls before anybody asked", transport.calls.Load())
		}
		step := func(wait time.Duration, wantCalls int, want string) {
			t.Helper()
			<-time.After(wait) // of the bubble's clock
			synctest.Wait()
			list := r.get(t.Context())
			synctest.Wait()
			if transport.calls.Load() != int64(wantCalls) {
				t.Errorf("%d calls, want %d", transport.calls.Load(), wantCalls)
			}
			switch {
			case want == "" && list != nil:
				t.Errorf("list %v, want none", list)
			case want != "" && !list.covers(want):
				t.Errorf("list %v, want %s", list, want)
			}
		}
		step(0, 1, "")
		step(retryFirst, 2, "")
		step(2*retryFirst-time.Second, 2, "")
		step(time.Second, 3, "one.example")
		step(time.Hour, 4, "one.example")
		step(time.Hour, 5, "one.example")  // an error page: the last good copy stays
		step(retryFirst, 6, "one.example") // a reset: so it does
		step(2*retryFirst, 7, "two.example")
		r.close()
		<-time.After(24 * time.Hour)
		if transport.calls.Load() != 7 {
			t.Errorf("%d calls after close, want 7", transport.calls.Load())
		}
	})
}

// Callers wait for the first look, not longer than is reasonable, and not longer than they can.
func TestFirstLook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRefresh(func(ctx context.Context) (domains, error) {
			select {
			case <-time.After(10 * time.Second):
				return setOf("one.example"), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}, time.Hour)
		defer r.close()
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if list := r.get(ctx); list != nil || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", list, time.Since(begin))
		}
		if list := r.get(t.Context()); list != nil || time.Since(begin) != time.Second+firstPatience {
			t.Errorf("%v after %v", list, time.Since(begin))
		}
		<-time.After(10 * time.Second)
		if list := r.get(t.Context()); !list.covers("one.example") {
			t.Errorf("%v", list)
		}
	})
}

func TestPauseAfter(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		failures    int
		every, want time.Duration
	}{
		"a success":         {0, time.Hour, time.Hour},
		"one failure":       {1, time.Hour, 10 * time.Second},
		"four failures":     {4, time.Hour, 80 * time.Second},
		"many failures":     {1000, time.Hour, time.Hour},
		"often anyway":      {1, 5 * time.Second, 5 * time.Second},
		"no overflow":       {64, 30 * 24 * time.Hour, 30 * 24 * time.Hour},
		"still not so long": {10, 30 * 24 * time.Hour, 10 * time.Second << 9},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := pauseAfter(tc.failures, tc.every); got != tc.want {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	redirect := func(to string) answer { return answer{status: 302, header: http.Header{"Location": {to}}} }
	list := answer{status: 200, body: "one.example\n"}
	cases := map[string]struct {
		answers   []answer
		want      string // "" for an error
		wantCalls int
	}{
		"a list":               {[]answer{list}, "one.example", 1},
		"elsewhere":            {[]answer{redirect("https://other.example/"), list}, "one.example", 2},
		"elsewhere, in clear":  {[]answer{redirect("http://other.example/"), list}, "", 1},
		"round and round":      {[]answer{redirect("https://host.example/")}, "", maxRedirects + 1},
		"not there":            {[]answer{{status: 404, body: "one.example\n"}}, "", 1},
		"nothing has changed?": {[]answer{{status: 304}}, "", 1},
		"empty":                {[]answer{{status: 200}}, "", 1},
		"too large":            {[]answer{{status: 200, body: strings.Repeat("one.example\n", maxList/12+1)}}, "", 1},
		"as large as it may": {
			[]answer{{status: 200, body: strings.Repeat("one.example\n", maxList/12)}}, "one.example", 1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := &answers{t: t, list: tc.answers}
			load, err := fromURL(&http.Client{Transport: transport}, "https://host.example/list")
			if err != nil {
				t.Fatal(err)
			}
			got, err := load(t.Context())
			if (err == nil) != (tc.want != "") || tc.want != "" && !got.covers(tc.want) {
				t.Errorf("%d domains, %v; want %q", len(got), err, tc.want)
			}
			if transport.calls.Load() != int64(tc.wantCalls) {
				t.Errorf("%d calls, want %d", transport.calls.Load(), tc.wantCalls)
			}
		})
	}
}

func TestFromFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "list.txt")
	load := fromFile(path)
	if _, err := load(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for i := range 2 { // read anew each time
		domain := fmt.Sprintf("trash%d.example", i)
		writeFile(t, path, []byte(domain+"\n"))
		if list, err := load(t.Context()); err != nil || !list.covers(domain) {
			t.Errorf("%v, %v", list, err)
		}
	}
	if _, err := fromFile(dir)(t.Context()); err == nil {
		t.Error("a folder was read")
	}
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
