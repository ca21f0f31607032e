package httpjson

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/providertest"
)

func TestRender(t *testing.T) {
	t.Parallel()
	ada := provider.Contact{
		Email: "ada@example.com", Name: `Ada "<&>" Ä`, Company: "Example Ltd", Location: "GB",
		Channels: []string{"event", "trial-download"}, Attributes: map[string]string{"plan": "pro", "a": "1"},
		Consent: provider.Consent{Marketing: "Granted", Time: "2026-11-05T12:00:00Z"},
	}
	cases := map[string]struct {
		body, key   string
		contact     provider.Contact
		want        provider.Request
		wantMessage string // of class Invalid, its beginning
	}{
		"keys are sorted, text stays as it is": {
			body: `{"z": contact.name, "a": contact.company, "m": {"y": 1, "b": 2u}}`,
			want: provider.Request{Key: "ada@example.com", Payload: []byte("PUT https://crm.example/people/ada@example.com\n" +
				`{"a":"Example Ltd","m":{"b":2,"y":1},"z":"Ada \"<&>\" Ä"}`)},
		},
		"blanks are left out": {
			body: `{?"name": optional.ofNonZeroValue(contact.name), ?"phone": optional.ofNonZeroValue(contact.phone), ?"plan": contact.attributes[?"plan"], ?"size": contact.?attributes.?size}`,
			want: provider.Request{Key: "ada@example.com", Payload: []byte("PUT https://crm.example/people/ada@example.com\n" +
				`{"name":"Ada \"<&>\" Ä","plan":"pro"}`)},
		},
		"optionals without the mark": {
			body: `{"phone": optional.ofNonZeroValue(contact.phone), "name": optional.of("x"), "l": [optional.of(1), optional.none()]}`,
			want: provider.Request{Key: "ada@example.com", Payload: []byte("PUT https://crm.example/people/ada@example.com\n" + `{"l":[1],"name":"x"}`)},
		},
		"kinds of values": {
			body: `[timestamp(contact.consent.time), duration("90s"), b"ab", 1.5, 2.0, 1e21, 9223372036854775807, true, null, contact.channels, {1: "a", true: "b", 2u: "c"}]`,
			want: provider.Request{Key: "ada@example.com", Payload: []byte("PUT https://crm.example/people/ada@example.com\n" +
				`["2026-11-05T12:00:00Z","90s","YWI=",1.5,2,1e+21,9223372036854775807,true,null,["event","trial-download"],{"1":"a","2":"c","true":"b"}]`)},
		},
		"our own structures": {
			body: `{"consent": contact.consent, "attributes": contact.attributes}`,
			want: provider.Request{Key: "ada@example.com", Payload: []byte("PUT https://crm.example/people/ada@example.com\n" +
				`{"attributes":{"a":"1","plan":"pro"},"consent":{"marketing":"Granted","statement":"","time":"2026-11-05T12:00:00Z"}}`)},
		},
		"a key of its own": {
			key: `contact.attributes.plan + "/" + contact.email`, body: `1`,
			want: provider.Request{Key: "pro/ada@example.com", Payload: []byte("PUT https://crm.example/people/pro%2Fada@example.com\n1")},
		},
		"an attribute that is not there": {body: `{"size": contact.attributes.size}`, wantMessage: "spec.http.upsert.body:1:28 can't be evaluated for this record"},
		"a date that is none": {
			contact: provider.Contact{Email: "ada@example.com", Consent: provider.Consent{Time: "secret-date"}},
			body:    `{"t": timestamp(contact.consent.time)}`, wantMessage: "spec.http.upsert.body:1:16 can't be evaluated for this record",
		},
		"no number":            {body: `{"n": double("NaN") * double(size(contact.email))}`, wantMessage: "spec.http.upsert.body gives a value for this record that has no form in JSON"},
		"one key, twice":       {body: `{1: contact.email, "1": contact.name}`, wantMessage: "spec.http.upsert.body gives a value for this record that has no form in JSON"},
		"a type":               {body: `[type(contact.email)]`, wantMessage: "spec.http.upsert.body gives a value for this record that has no form in JSON"},
		"an empty key":         {key: `contact.phone`, body: `1`, wantMessage: "spec.http.upsert.key gives this record a key that is empty"},
		"a key of dots":        {key: `contact.email.substring(0, 0) + ".."`, body: `1`, wantMessage: "spec.http.upsert.url: the key of this record is . or .."},
		"a key that can't be":  {key: `contact.attributes.size`, body: `1`, wantMessage: "spec.http.upsert.key:1:19 can't be evaluated for this record"},
		"no address":           {contact: provider.Contact{Name: "x"}, body: `1`, wantMessage: "the address gives this record a key that is empty"},
		"costs too much":       {body: `contact.channels.map(a, contact.channels.map(b, (a + b).replace("e", contact.attributes.long).replace("e", contact.attributes.long)))`, contact: long(), wantMessage: "spec.http.upsert.body takes too long"},
		"no longer than we do": {key: `contact.attributes.long`, body: `1`, contact: long(), wantMessage: "spec.http.upsert.key gives this record a key that is empty or longer"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Factory().New(provider.Settings{Spec: spec(t, "https://crm.example", func(c *Config) {
				c.Upsert.Body, c.Upsert.Key = tc.body, tc.key
			})})
			if err != nil {
				t.Fatal(err)
			}
			c := tc.contact
			if c.Email == "" && c.Name == "" {
				c = ada
			}
			got, err := p.Upserter.Render(c)
			if diff := cmp.Diff(text(tc.want), text(got)); diff != "" {
				t.Error(diff)
			}
			if tc.wantMessage == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := provider.AsError(err)
			if err == nil || e.Class != provider.Invalid || !strings.HasPrefix(e.Message, tc.wantMessage) || e.Err != nil {
				t.Errorf("got %v, want Invalid: %s", err, tc.wantMessage)
			}
		})
	}
}

// long has more text than an expression can multiply.
func long() provider.Contact {
	return provider.Contact{
		Email: "ada@example.com", Channels: []string{"eee", "eeee"}, Attributes: map[string]string{"long": strings.Repeat("e", 4000)},
	}
}

// text makes a Request readable in a difference.
func text(r provider.Request) [3]string { return [3]string{r.Key, string(r.Payload), r.RemoteID} }

func TestUpsertRefusesAnothersRequest(t *testing.T) {
	t.Parallel()
	p := against(t, reply{body: `{"id":"1","unsubscribed":false}`})
	r, err := p.Upserter.Render(provider.Contact{Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	other := against(t, reply{}, func(c *Config) { c.Upsert.Method = "POST" })
	if _, err := other.Upserter.Upsert(t.Context(), r); providertest.Failure(err) == nil || providertest.Failure(err).Class != provider.Transient {
		t.Errorf("a request of an earlier configuration: got %v", err)
	}
	r.Key = "bob@example.com"
	if _, err := p.Upserter.Upsert(t.Context(), r); providertest.Failure(err) == nil {
		t.Error("a request under another key was sent")
	}
}
