package source

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

const (
	goldenBody = `{"email":"ada@example.com"}`
	standard   = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	token      = "0123456789abcdef01234567"
)

var signedAt = time.Unix(1700000000, 0)

// golden posts carry signatures that were computed apart from this code, from each tool's own description; that of Standard
// Webhooks was made by the project's Go library.
var golden = map[v1alpha1.SourceType]struct {
	secret string
	post   Post
}{
	v1alpha1.SourceStandardWebhooks: {standard, Post{Header: http.Header{
		"Webhook-Id": {"msg_1"}, "Webhook-Timestamp": {"1700000000"}, "Webhook-Signature": {"v1,5lusgDBL8v6PVYLi+hE1uAWESCobtQAdVVSdygjku9k="},
	}}},
	v1alpha1.SourceTypeform: {"s3cret", Post{Header: http.Header{"Typeform-Signature": {"sha256=eF0wP1Czq/oBEajsO9uV/UtspM3HBOTin78nGvYZ33E="}}}},
	v1alpha1.SourceTally:    {"s3cret", Post{Header: http.Header{"Tally-Signature": {"eF0wP1Czq/oBEajsO9uV/UtspM3HBOTin78nGvYZ33E="}}}},
	v1alpha1.SourceWebflow: {"s3cret", Post{Header: http.Header{
		"X-Webflow-Timestamp": {"1700000000000"}, "X-Webflow-Signature": {"88fbd557f06939acd00fa8835d6bcb23b24eff24bb0b52ceddada749310310ac"},
	}}},
	v1alpha1.SourceHubSpot: {"s3cret", Post{URL: "https://in.example/hook?x=1", Header: http.Header{
		"X-Hubspot-Request-Timestamp": {"1700000000000"}, "X-Hubspot-Signature-V3": {"EDVMzlrW5FP0GJ9sDcVHsffYCYZZtBtGuZFhhSFNdYs="},
	}}},
	v1alpha1.SourceJotform: {token, Post{Query: url.Values{"token": {token}}}},
}

// goldenPost is a fresh copy.
func goldenPost(tool v1alpha1.SourceType) Post {
	p := golden[tool].post
	p.Body, p.Header = []byte(goldenBody), p.Header.Clone()
	if p.Header == nil {
		p.Header = http.Header{}
	}
	return p
}

func TestEveryToolIsThere(t *testing.T) {
	for tool := range golden {
		if _, known := For(tool); !known {
			t.Errorf("%s is not in the list of tools", tool)
		}
	}
	if len(tools) != len(golden) {
		t.Errorf("%d tools, %d golden posts", len(tools), len(golden))
	}
	if _, known := For("Fax"); known {
		t.Error("a tool that does not exist is known")
	}
}

type verifyCase struct {
	reason  string
	secrets []string
	change  func(p *Post)
	now     time.Time
	want    bool
}

func TestVerify(t *testing.T) {
	timed := []v1alpha1.SourceType{v1alpha1.SourceStandardWebhooks, v1alpha1.SourceWebflow, v1alpha1.SourceHubSpot}
	for tool, g := range golden {
		t.Run(string(tool), func(t *testing.T) {
			source, _ := For(tool)
			wrong := strings.Repeat("x", 32) // for Standard Webhooks: 24 bytes in base64
			cases := map[string]verifyCase{
				"golden":            {reason: "the tool's own signature", want: true},
				"after a change":    {reason: "the new secret is on top, the old one below it is still believed", secrets: []string{wrong, g.secret}, want: true},
				"another secret":    {reason: "somebody else signed it", secrets: []string{wrong}},
				"no secret":         {reason: "nobody is believed without a secret", secrets: []string{}},
				"nothing signed":    {reason: "a signature that is missing is not a good one", change: func(p *Post) { p.Header, p.Query = http.Header{}, nil }},
				"an empty":          {reason: "nor is an empty one", change: func(p *Post) { blank(p, "") }},
				"not in that code":  {reason: "nor one that is no base64 or hex", change: func(p *Post) { blank(p, "v1,%%%") }},
				"a part of a right": {reason: "a signature counts whole", change: shorten},
			}
			if tool != v1alpha1.SourceJotform { // it signs nothing
				cases["another body"] = verifyCase{reason: "a single byte was changed, in what JSON does not care about", change: func(p *Post) { p.Body = append(p.Body, ' ') }}
			}
			for _, name := range timed {
				if name != tool {
					continue
				}
				for title, now := range map[string]time.Time{
					"five minutes old": signedAt.Add(window), "five minutes early": signedAt.Add(-window),
					"too old": signedAt.Add(window + time.Second), "too early": signedAt.Add(-window - time.Second),
				} {
					cases[title] = verifyCase{reason: "what was recorded can't be sent again later", now: now, want: strings.HasPrefix(title, "five")}
				}
			}
			for name, tc := range cases {
				p, secrets, now := goldenPost(tool), []string{g.secret}, signedAt
				if tc.secrets != nil {
					secrets = tc.secrets
				}
				if tc.change != nil {
					tc.change(&p)
				}
				if !tc.now.IsZero() {
					now = tc.now
				}
				err := source.Verify(p, secrets, now)
				if (err == nil) != tc.want || (err != nil && !errors.Is(err, ErrUnverified)) {
					t.Errorf("%s: %v, want it to be taken: %v (%s)", name, err, tc.want, tc.reason)
				}
			}
		})
	}
}

// blank replaces every signature.
func blank(p *Post, with string) {
	for name := range p.Header {
		if strings.Contains(name, "Signature") {
			p.Header.Set(name, with)
		}
	}
	if p.Query != nil {
		p.Query = url.Values{"token": {with}}
	}
}

// shorten leaves out the end of every signature, in whole groups of its encoding.
func shorten(p *Post) {
	for name := range p.Header {
		if v := p.Header.Get(name); strings.Contains(name, "Signature") {
			p.Header.Set(name, v[:len(v)-4])
		}
	}
	if v := p.Query.Get("token"); v != "" {
		p.Query = url.Values{"token": {v[:len(v)-4]}}
	}
}

func TestVerifyTraps(t *testing.T) {
	cases := map[string]struct {
		reason   string
		tool     v1alpha1.SourceType
		secret   string
		change   func(p *Post)
		want     bool
		unusable bool
	}{
		"Standard: without the prefix": {reason: "the secret works either way", tool: v1alpha1.SourceStandardWebhooks, secret: strings.TrimPrefix(standard, "whsec_"), want: true},
		"Standard: a plain text":       {reason: "it would be another key: nobody may be let in or kept out by mistake", tool: v1alpha1.SourceStandardWebhooks, secret: "a plain text of my own!", unusable: true},
		"Standard: a short key":        {reason: "the specification wants 24 bytes", tool: v1alpha1.SourceStandardWebhooks, secret: "whsec_c2hvcnQ=", unusable: true},
		"Standard: several signatures": {
			reason: "the sender changes its secret: one that is right is enough, and other versions are passed over",
			tool:   v1alpha1.SourceStandardWebhooks, want: true,
			change: func(p *Post) {
				p.Header.Set("Webhook-Signature", "v1a,AAAA v1,AAAA "+p.Header.Get("Webhook-Signature"))
			},
		},
		"Standard: as another version": {
			reason: "a right code under another version is not right",
			tool:   v1alpha1.SourceStandardWebhooks,
			change: func(p *Post) {
				p.Header.Set("Webhook-Signature", strings.Replace(p.Header.Get("Webhook-Signature"), "v1,", "v2,", 1))
			},
		},
		"Standard: another id": {
			reason: "the id is signed: a recorded post does not become a new one",
			tool:   v1alpha1.SourceStandardWebhooks, change: func(p *Post) { p.Header.Set("Webhook-Id", "msg_2") },
		},
		"Standard: a dot in the id": {
			reason: "id and time could be cut at another dot",
			tool:   v1alpha1.SourceStandardWebhooks, change: func(p *Post) { p.Header.Set("Webhook-Id", "msg_1.1700000000") },
		},
		"Standard: Svix": {
			reason: "the same signature under other names",
			tool:   v1alpha1.SourceStandardWebhooks, want: true,
			change: func(p *Post) {
				p.Header = http.Header{
					"Svix-Id": p.Header["Webhook-Id"], "Svix-Timestamp": p.Header["Webhook-Timestamp"], "Svix-Signature": p.Header["Webhook-Signature"],
				}
			},
		},
		"Typeform: without the prefix": {
			reason: "sha256= is part of the header; without it, this is not Typeform's",
			tool:   v1alpha1.SourceTypeform, change: func(p *Post) {
				p.Header.Set("Typeform-Signature", strings.TrimPrefix(p.Header.Get("Typeform-Signature"), "sha256="))
			},
		},
		"Tally: with a prefix": {
			reason: "Tally has none", tool: v1alpha1.SourceTally,
			change: func(p *Post) { p.Header.Set("Tally-Signature", "sha256="+p.Header.Get("Tally-Signature")) },
		},
		"Webflow: capital letters": {
			reason: "hex is hex", tool: v1alpha1.SourceWebflow, want: true,
			change: func(p *Post) {
				p.Header.Set("X-Webflow-Signature", strings.ToUpper(p.Header.Get("X-Webflow-Signature")))
			},
		},
		"Webflow: another time": {
			reason: "the time is signed", tool: v1alpha1.SourceWebflow,
			change: func(p *Post) { p.Header.Set("X-Webflow-Timestamp", "1700000000001") },
		},
		"HubSpot: another time": {
			reason: "the time is signed", tool: v1alpha1.SourceHubSpot,
			change: func(p *Post) { p.Header.Set("X-HubSpot-Request-Timestamp", "1700000000001") },
		},
		"HubSpot: another address": {
			reason: "the address is signed", tool: v1alpha1.SourceHubSpot,
			change: func(p *Post) { p.URL = "https://in.example/hook?x=2" },
		},
		"HubSpot: an escaped address": {
			reason: "HubSpot signs some characters as themselves", tool: v1alpha1.SourceHubSpot, want: true,
			change: func(p *Post) { p.URL = "https://in.example%2Fhook%3fx=1" },
		},
		"HubSpot: no address": {
			reason: "nothing can be checked", tool: v1alpha1.SourceHubSpot, unusable: true,
			change: func(p *Post) { p.URL = "" },
		},
		"Jotform: a short token": {reason: "it could be guessed", tool: v1alpha1.SourceJotform, secret: "guessable", unusable: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			source, _ := For(tc.tool)
			p, secret := goldenPost(tc.tool), golden[tc.tool].secret
			if tc.secret != "" {
				secret = tc.secret
			}
			if tc.change != nil {
				tc.change(&p)
			}
			err := source.Verify(p, []string{secret}, signedAt)
			var unusable *UnusableSecret
			if (err == nil) != tc.want || errors.As(err, &unusable) != tc.unusable || (err != nil && !tc.unusable && !errors.Is(err, ErrUnverified)) {
				t.Errorf("%v; want taken %v, unusable %v: %s", err, tc.want, tc.unusable, tc.reason)
			}
		})
	}
}

// TestSignedTimeMustBeATime: what is signed with a good key is still not taken without a time.
func TestSignedTimeMustBeATime(t *testing.T) {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(standard, "whsec_"))
	for _, at := range []string{"", "soon", "-1700000000", "0", "99999999999999999999", "1700000000.5"} {
		p := goldenPost(v1alpha1.SourceStandardWebhooks)
		h := hmac.New(sha256.New, key)
		h.Write([]byte("msg_1." + at + "." + goldenBody))
		p.Header.Set("Webhook-Timestamp", at)
		p.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))
		if err := (standardWebhooks{}).Verify(p, []string{standard}, signedAt); !errors.Is(err, ErrUnverified) {
			t.Errorf("%q: %v", at, err)
		}
	}
}

func multipartPost(t *testing.T, fields ...string) Post {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return Post{Header: http.Header{"Content-Type": {w.FormDataContentType()}}, Body: body.Bytes()}
}

func TestDecode(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 15, 2, 0, time.UTC)
	cases := map[string]struct {
		reason string
		tool   v1alpha1.SourceType
		post   Post
		want   Delivery
	}{
		"Standard Webhooks": {
			reason: "data is spelled as a submission is",
			tool:   v1alpha1.SourceStandardWebhooks,
			post: Post{Header: http.Header{"Webhook-Id": {"msg_1"}}, Body: []byte(`{"type":"contact.submitted","timestamp":"2026-11-02T09:15:02Z",
				"data":{"email":"ada@example.com","attributes":{"plan":"pro"},"consent":{"marketing":true},"seats":12345678901234567890,"none":null}}`)},
			want: Delivery{Key: "msg_1", SubmittedAt: at, Answers: []Answer{
				{Names: []string{"attributes.plan"}, Label: "attributes.plan", Values: []string{"pro"}},
				{Names: []string{"consent.marketing"}, Label: "consent.marketing", Values: []string{"true"}},
				{Names: []string{"email"}, Label: "email", Values: []string{"ada@example.com"}},
				{Names: []string{"seats"}, Label: "seats", Values: []string{"12345678901234567890"}},
			}},
		},
		"Typeform": {
			reason: "the value is under the key that the answer's own type names; ref, then id, then title",
			tool:   v1alpha1.SourceTypeform,
			post: Post{Body: []byte(`{"event_id":"01HE","event_type":"form_response","form_response":{"form_id":"lT4Z3j","token":"a3a12ec67a1365927098a606107fac15",
				"submitted_at":"2026-11-02T09:15:02Z","hidden":{"campaign":"autumn","empty":""},
				"definition":{"fields":[{"id":"SMEU","title":"Your e-mail?","type":"email","ref":"email"},
					{"id":"block","title":"You","properties":{"fields":[{"id":"inner","title":"First name"}]}}]},
				"answers":[{"type":"email","email":"ada@example.com","field":{"id":"SMEU","type":"email","ref":"email"}},
					{"type":"text","text":"Ada","field":{"id":"inner","type":"short_text","ref":"first"}},
					{"type":"phone_number","phone_number":"+493012345","field":{"id":"p","ref":"tel"}},
					{"type":"choice","choice":{"id":"c1","label":"Pro","ref":"r1"},"field":{"id":"c","ref":"plan"}},
					{"type":"choices","choices":{"ids":["1"],"labels":["A","B"],"other":"C"},"field":{"id":"m","ref":"topics"}},
					{"type":"boolean","boolean":false,"field":{"id":"l","type":"legal","ref":"consent"}},
					{"type":"number","number":7,"field":{"id":"n","ref":"seats"}},
					{"type":"new_kind","new_kind":{"a":"x"},"field":{"id":"u","ref":"unheard"}}]}}`)},
			want: Delivery{Key: "a3a12ec67a1365927098a606107fac15", SubmittedAt: at, Answers: []Answer{
				{Names: []string{"email", "SMEU", "Your e-mail?"}, Label: "Your e-mail?", Hint: HintEmail, Values: []string{"ada@example.com"}},
				{Names: []string{"first", "inner", "First name"}, Label: "First name", Values: []string{"Ada"}},
				{Names: []string{"tel", "p"}, Label: "tel", Hint: HintPhone, Values: []string{"+493012345"}},
				{Names: []string{"plan", "c"}, Label: "plan", Values: []string{"Pro"}},
				{Names: []string{"topics", "m"}, Label: "topics", Values: []string{"A", "B", "C"}},
				{Names: []string{"consent", "l"}, Label: "consent", Values: []string{"false"}},
				{Names: []string{"seats", "n"}, Label: "seats", Values: []string{"7"}},
				{Names: []string{"unheard", "u"}, Label: "unheard", Values: []string{"a: x"}},
				{Names: []string{"campaign", "hidden.campaign"}, Label: "campaign", Values: []string{"autumn"}},
			}},
		},
		"Typeform, nothing answered":    {reason: "a form of optional questions has no answers at all", tool: v1alpha1.SourceTypeform, post: Post{Body: []byte(`{"event_id":"01HE","event_type":"form_response","form_response":{}}`)}, want: Delivery{Key: "01HE"}},
		"Typeform, not finished":        {reason: "a partial response is posted whole later", tool: v1alpha1.SourceTypeform, post: Post{Body: []byte(`{"event_type":"form_response_partial"}`)}, want: Delivery{NoSubmission: true}},
		"Typeform, in an unknown shape": {reason: "it was signed: it is kept", tool: v1alpha1.SourceTypeform, post: Post{Body: []byte(goldenBody)}, want: Delivery{Key: bodyKey([]byte(goldenBody)), Answers: []Answer{{Names: []string{"email"}, Label: "email", Values: []string{"ada@example.com"}}}}},
		"Tally": {
			reason: "ids of options become what the person read; boxes come twice; a box that is not ticked is no answer",
			tool:   v1alpha1.SourceTally,
			post: Post{Body: []byte(`{"eventId":"a4cb511e","eventType":"FORM_RESPONSE","createdAt":"2026-11-02T09:15:03.000Z","data":{"submissionId":"2wgx4n","createdAt":"2026-11-02T09:15:02.000Z",
				"fields":[{"key":"question_m","label":"E-mail","type":"INPUT_EMAIL","value":"ada@example.com"},
					{"key":"question_t","label":"Topic","type":"MULTIPLE_CHOICE","value":["id1"],"options":[{"id":"id1","text":"Sales"},{"id":"id2","text":"Help"}]},
					{"key":"question_b","label":"Boxes","type":"CHECKBOXES","value":["o1"],"options":[{"id":"o1","text":"News"},{"id":"o2","text":"More"}]},
					{"key":"question_b_o1","label":"Boxes (News)","type":"CHECKBOXES","value":true},
					{"key":"question_b_o2","label":"Boxes (More)","type":"CHECKBOXES","value":false},
					{"key":"question_n","label":"Name","type":"INPUT_TEXT","value":null},
					{"key":"question_f","label":"File","type":"FILE_UPLOAD","value":[{"id":"1","name":"cv.pdf","url":"https://files.example/cv.pdf"}]}]}}`)},
			want: Delivery{Key: "2wgx4n", SubmittedAt: at, Answers: []Answer{
				{Names: []string{"question_m", "E-mail"}, Label: "E-mail", Hint: HintEmail, Values: []string{"ada@example.com"}},
				{Names: []string{"question_t", "Topic"}, Label: "Topic", Values: []string{"Sales"}},
				{Names: []string{"question_b", "Boxes"}, Label: "Boxes", Values: []string{"News"}},
				{Names: []string{"question_b_o1", "Boxes (News)"}, Label: "Boxes (News)", Values: []string{"true"}, Secondary: true},
				{Names: []string{"question_f", "File"}, Label: "File", Values: []string{"https://files.example/cv.pdf"}},
			}},
		},
		"Webflow": {
			reason: "fields are named by their labels",
			tool:   v1alpha1.SourceWebflow,
			post: Post{Body: []byte(`{"triggerType":"form_submission","payload":{"name":"Contact Us Form","siteId":"s","id":"65a5","submittedAt":"2026-11-02T09:15:02.000Z",
				"data":{"First Name":"Ada","email":"ada@example.com","blank":""}}}`)},
			want: Delivery{Key: "65a5", SubmittedAt: at, Answers: []Answer{
				{Names: []string{"First Name"}, Label: "First Name", Values: []string{"Ada"}},
				{Names: []string{"email"}, Label: "email", Values: []string{"ada@example.com"}},
			}},
		},
		"Webflow, another trigger": {reason: "nothing was sent by a person", tool: v1alpha1.SourceWebflow, post: Post{Body: []byte(`{"triggerType":"site_publish","payload":{}}`)}, want: Delivery{NoSubmission: true}},
		"HubSpot, all properties": {
			reason: "each has its earlier versions beside it; HubSpot's own are no attributes",
			tool:   v1alpha1.SourceHubSpot,
			post: Post{Body: []byte(`{"vid":51,"properties":{"email":{"value":"ada@example.com","versions":[{"value":"old@example.com"}]},"firstname":{"value":"Ada"},
				"lastname":{"value":"Example"},"hs_object_id":{"value":"51"},"plan":{"value":"pro"}}}`)},
			want: Delivery{Answers: []Answer{
				{Names: []string{"email"}, Label: "email", Hint: HintEmail, Values: []string{"ada@example.com"}},
				{Names: []string{"firstname"}, Label: "firstname", Values: []string{"Ada"}, Secondary: true},
				{Names: []string{"hs_object_id"}, Label: "hs_object_id", Values: []string{"51"}, Secondary: true},
				{Names: []string{"lastname"}, Label: "lastname", Values: []string{"Example"}, Secondary: true},
				{Names: []string{"plan"}, Label: "plan", Values: []string{"pro"}},
				{Label: "name", Values: []string{"Ada Example"}, Hint: HintName, Secondary: true},
			}},
		},
		"HubSpot, chosen properties": {
			reason: "a flat body", tool: v1alpha1.SourceHubSpot, post: Post{Body: []byte(goldenBody)},
			want: Delivery{Answers: []Answer{{Names: []string{"email"}, Label: "email", Hint: HintEmail, Values: []string{"ada@example.com"}}}},
		},
		"Jotform": {
			reason: "answers are in a JSON text inside a form; the address with the token in it is not kept",
			tool:   v1alpha1.SourceJotform,
			post: multipartPost(t, "formID", "1", "submissionID", "5501", "ip", "198.51.100.7", "webhookURL", "https://in.example/x?token="+token, "pretty", "E-mail:ada@example.com",
				"rawRequest", `{"slug":"submit/231/","q10_topics":["A","B"],"q3_name":{"first":"Ada","last":"Example"},"q4_email":"ada@example.com","q5_phone":{"full":"(030) 123"},
					"q6_call":{"area":"030","phone":"456"},"q7_empty":{"first":"","last":""},"q8_day":{"day":"2","month":"11"},"event_id":"e","path":"/submit?token=`+token+`"}`),
			want: Delivery{Key: "5501", RemoteIP: "198.51.100.7", Answers: []Answer{
				{Names: []string{"q3_name", "name"}, Label: "name", Hint: HintName, Values: []string{"Ada Example"}},
				{Names: []string{"q4_email", "email"}, Label: "email", Values: []string{"ada@example.com"}},
				{Names: []string{"q5_phone", "phone"}, Label: "phone", Hint: HintPhone, Values: []string{"(030) 123"}},
				{Names: []string{"q6_call", "call"}, Label: "call", Hint: HintPhone, Values: []string{"030 456"}},
				{Names: []string{"q8_day", "day"}, Label: "day", Values: []string{"day: 2", "month: 11"}},
				{Names: []string{"q10_topics", "topics"}, Label: "topics", Values: []string{"A", "B"}},
			}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			source, _ := For(tc.tool)
			got, err := source.Decode(tc.post)
			if err != nil {
				t.Fatal(err)
			}
			if tc.tool == v1alpha1.SourceHubSpot {
				tc.want.Key = bodyKey(tc.post.Body)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	cases := map[string]struct {
		tool v1alpha1.SourceType
		post Post
	}{
		"no JSON":                     {v1alpha1.SourceTypeform, Post{Body: []byte("email=ada@example.com")}},
		"nothing":                     {v1alpha1.SourceTally, Post{}},
		"a list":                      {v1alpha1.SourceStandardWebhooks, Post{Body: []byte(`[1]`)}},
		"two documents":               {v1alpha1.SourceWebflow, Post{Body: []byte(`{} {}`)}},
		"events of HubSpot":           {v1alpha1.SourceHubSpot, Post{Body: []byte(`[{"eventId":1,"subscriptionType":"contact.creation","objectId":51}]`)}},
		"Jotform without answers":     {v1alpha1.SourceJotform, multipartPost(t, "submissionID", "1")},
		"Jotform with broken answers": {v1alpha1.SourceJotform, multipartPost(t, "rawRequest", "{")},
		"Jotform cut off":             {v1alpha1.SourceJotform, Post{Header: http.Header{"Content-Type": {"multipart/form-data; boundary=b"}}, Body: []byte("--b\r\nContent-Disposition: form-data; name=\"rawRequest\"\r\n\r\n{}")}},
		"Jotform that is no form":     {v1alpha1.SourceJotform, Post{Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{}`)}},
		"Jotform with too many parts": {v1alpha1.SourceJotform, multipartPost(t, strings.Split(strings.Repeat("a,b,", maxParts+1), ",")[:2*(maxParts+1)]...)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			source, _ := For(tc.tool)
			_, err := source.Decode(tc.post)
			var unreadable *Unreadable
			if !errors.As(err, &unreadable) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(unreadable.Problem, "ada") {
				t.Errorf("the error repeats the body: %s", unreadable.Problem)
			}
		})
	}
}

// FuzzDecode: whatever a tool sends, decoding ends with an error of its own kind or with answers that say something.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(goldenBody))
	f.Add([]byte(`{"form_response":{"answers":[{"type":"x","x":[[{}]],"field":3}],"definition":{"fields":[[]]}}}`))
	f.Add([]byte(`{"data":{"fields":[{"value":[{"url":1}],"options":[1],"key":null}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for name, source := range tools {
			d, err := source.Decode(Post{Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: body})
			var unreadable *Unreadable
			if err != nil && !errors.As(err, &unreadable) {
				t.Errorf("%s: %v", name, err)
			}
			for _, a := range d.Answers {
				if len(a.Values) == 0 {
					t.Errorf("%s: an answer without a value: %+v", name, a)
				}
			}
		}
	})
}
