package verification

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestObject(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"a":"b"}`: true, " \n{\"a\":\"b\"}\n": true, `{}`: true, `{"x":1}`: true,
		``: false, `null`: false, `[]`: false, `"a"`: false, `{"a":1}`: false, `{"a":"b"`: false, `{"a":"b"} {}`: false, `<a>`: false,
	} {
		var into struct{ A string }
		if got := Object([]byte(body), &into); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}

func TestSuggestion(t *testing.T) {
	t.Parallel()
	const asked = "ada@gmial.com"
	for meant, want := range map[string]string{
		"ada@gmail.com": "ada@gmail.com", " ada@gmail.com ": "ada@gmail.com", "": "", "gmail.com": "", "ADA@gmial.com": "",
		"Ada <ada@gmail.com>": "", "ada@gmail.com, eve@gmail.com": "", "<script>": "", strings.Repeat("a", 320) + "@gmail.com": "",
	} {
		if got := Suggestion(meant, asked); got != want {
			t.Errorf("%q: got %q, want %q", meant, got, want)
		}
	}
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	for want, free := range map[string]*bool{"": nil, "Free": new(true), "Own": new(false)} {
		if got := Mailbox(free); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if got := Patience(t.Context(), time.Second, time.Minute); got != 0 {
			t.Errorf("without a deadline: %v", got)
		}
		for left, want := range map[time.Duration]time.Duration{
			time.Second: 3 * time.Second, 10 * time.Second: 8 * time.Second, time.Hour: time.Minute,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			if got := Patience(ctx, 3*time.Second, time.Minute); got != want {
				t.Errorf("%v left: got %v, want %v", left, got, want)
			}
			cancel()
		}
	})
}

func TestCovers(t *testing.T) {
	t.Parallel()
	set := map[string]struct{}{"trash.example": {}, "com": {}}
	for domain, want := range map[string]bool{
		"trash.example": true, "a.b.trash.example": true, "xtrash.example": false, "example": false, "good.com": false, "": false,
	} {
		if got := Covers(set, domain); got != want {
			t.Errorf("%q: %v", domain, got)
		}
	}
	if Covers(nil, "trash.example") {
		t.Error("no set covers something")
	}
}
