package intake

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	keyA = []byte(strings.Repeat("a", minKey))
	keyB = []byte(strings.Repeat("b", minKey))
)

func someClaims() claims {
	return claims{
		Namespace: "ns", Pipeline: "trial", Contact: "abc", Expires: receivedAt.Add(time.Hour).Unix(),
		Sent: []sent{{ID: "one", At: 1, Fields: "en"}, {ID: "two", At: 2, Fields: "cm"}},
	}
}

func TestTokens(t *testing.T) {
	c := someClaims()
	token := keyring{keyA}.sign(c)
	changed := []byte(token)
	changed[len(tokenPrefix)+5] ^= 1
	cases := map[string]struct {
		token  string
		ring   keyring
		later  time.Duration
		wantOK bool
	}{
		"as signed":                  {token: token, ring: keyring{keyA}, wantOK: true},
		"after the keys were turned": {token: token, ring: keyring{keyB, keyA}, wantOK: true},
		"until the end":              {token: token, ring: keyring{keyA}, later: time.Hour - time.Second, wantOK: true},
		"expired":                    {token: token, ring: keyring{keyA}, later: time.Hour},
		"another key":                {token: token, ring: keyring{keyB}},
		"no key":                     {token: token},
		"changed":                    {token: string(changed), ring: keyring{keyA}},
		"without its signature":      {token: token[:strings.LastIndexByte(token, '.')], ring: keyring{keyA}},
		"an empty signature":         {token: token[:strings.LastIndexByte(token, '.')+1], ring: keyring{keyA}},
		"another version":            {token: "v2" + token[2:], ring: keyring{keyA}},
		"the prefix alone":           {token: tokenPrefix, ring: keyring{keyA}},
		"nothing":                    {ring: keyring{keyA}},
		"too long":                   {token: token + strings.Repeat("A", maxToken), ring: keyring{keyA}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := tc.ring.verify(tc.token, receivedAt.Add(tc.later))
			if ok != tc.wantOK || (got != nil) != tc.wantOK {
				t.Fatalf("accepted: %v, want %v", ok, tc.wantOK)
			}
			if ok {
				if diff := cmp.Diff(&c, got); diff != "" {
					t.Errorf("claims (-want +got):\n%s", diff)
				}
			}
		})
	}
	if token := (keyring{}).sign(c); token != "" {
		t.Errorf("signed without a key: %s", token)
	}
}

func TestTokenHoldsNothingThatWasTyped(t *testing.T) {
	s := &Submission{Email: "ada@example.com", Name: "Ada", Company: "Ltd", Phone: "1", Country: "GB"}
	if got := sentFields(s); got != "necpl" {
		t.Errorf("fields %q, want necpl", got)
	}
	longest := claims{Namespace: strings.Repeat("n", 63), Pipeline: strings.Repeat("p", 63), Contact: newKey(), Expires: 1 << 40}
	for _, f := range tokenFields {
		longest = longest.add(sent{ID: newKey(), At: 1 << 52, Fields: string(f.letter)})
	}
	if token := (keyring{keyA}).sign(longest); len(token) > 1000 {
		t.Errorf("the longest token has %d bytes", len(token))
	}
}

func TestClaimsAdd(t *testing.T) {
	cases := map[string]struct {
		before []sent
		next   sent
		want   []sent
	}{
		"the first": {next: sent{"a", 1, "en"}, want: []sent{{"a", 1, "en"}}},
		"a newer answer counts, the address counts from the first": {
			before: []sent{{"a", 1, "enc"}}, next: sent{"b", 2, "enp"},
			want: []sent{{"a", 1, "ec"}, {"b", 2, "np"}},
		},
		"what says nothing any more goes": {
			before: []sent{{"a", 1, "e"}, {"b", 2, "n"}}, next: sent{"c", 3, "n"},
			want: []sent{{"a", 1, "e"}, {"c", 3, "n"}},
		},
		"a click": {before: []sent{{"a", 1, "en"}}, next: sent{"b", 2, "e"}, want: []sent{{"a", 1, "en"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := claims{Sent: tc.before}
			if diff := cmp.Diff(tc.want, before.add(tc.next).Sent); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzToken: nothing but a token that was signed with the key is believed, and nothing makes reading it fail.
func FuzzToken(f *testing.F) {
	c := someClaims()
	good := keyring{keyA}.sign(c)
	for _, seed := range []string{good, good + "=", strings.ToUpper(good), tokenPrefix + ".", "v1.e30." + good[len(good)-43:], keyring{keyB}.sign(c)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, ok := (keyring{keyA}).verify(token, receivedAt); ok && token != good {
			t.Errorf("believed %q", token)
		}
	})
}

// FuzzClaims: whatever is signed is read back as it was.
func FuzzClaims(f *testing.F) {
	f.Add("ns", "trial", "abc", "id", int64(1), "en")
	f.Fuzz(func(t *testing.T, namespace, pipeline, contact, id string, at int64, fields string) {
		for _, s := range []*string{&namespace, &pipeline, &contact, &id, &fields} {
			*s = strings.ToValidUTF8(*s, "?") // names of objects, and letters of ours
		}
		c := claims{Namespace: namespace, Pipeline: pipeline, Contact: contact, Expires: receivedAt.Unix() + 1}.add(sent{id, at, fields})
		token := keyring{keyA}.sign(c)
		got, ok := keyring{keyB, keyA}.verify(token, receivedAt)
		if !ok {
			if len(token) <= maxToken {
				t.Fatalf("not believed: %q", token)
			}
			return
		}
		_ = got.of("name")
		if again := (keyring{keyA}).sign(*got); again != token {
			t.Errorf("signed again it is another token: %q, %q", token, again)
		}
	})
}
