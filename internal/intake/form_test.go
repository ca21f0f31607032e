package intake

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// browser reads a page the way a browser does and returns its elements.
func browser(t *testing.T, page string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var elements []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			elements = append(elements, n)
		}
	}
	return elements
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// send returns the body that pressing the button would send.
func send(elements []*html.Node) string {
	values := url.Values{}
	for _, n := range elements {
		name, named := attr(n, "name")
		if !named || (n.Data != "input" && n.Data != "textarea") {
			continue
		}
		value, _ := attr(n, "value")
		if n.Data == "textarea" && n.FirstChild != nil {
			value = n.FirstChild.Data
		}
		kind, _ := attr(n, "type")
		if _, ticked := attr(n, "checked"); kind == "checkbox" && !ticked {
			continue
		}
		values.Add(name, strings.ReplaceAll(value, "\n", "\r\n"))
	}
	return values.Encode()
}

const question = "Send me the newsletter"

// TestSendingAgainIsTheSameSubmission: a browser whose post was answered with 503 shows the form again; pressing its
// button must give the same name, because the first try may have been committed after all.
func TestSendingAgainIsTheSameSubmission(t *testing.T) {
	cases := map[string]struct{ body, question string }{
		"our own form, ticked":          {"idempotencyKey=k&name=Ada&email=ada@example.com&company=&phone=&country=GB&consent.marketing=true&consent.statement=" + url.QueryEscape(question), question},
		"our own form, not ticked":      {"idempotencyKey=k&name=Ada&email=ada@example.com&consent.statement=" + url.QueryEscape(question), question},
		"another form, without a key":   {"email=ada@example.com&channel=blog&page=https://example.com/x&attributes.b=1%0D%0A2&attributes.a=%3C%22%26", ""},
		"another form, another wording": {"email=not-an-address&consent.marketing=yes&consent.statement=Other", question},
		"another form, no wording":      {"email=ada@example.com&consent.marketing=yes", question},
		"another form, declined":        {"email=ada@example.com&consent.marketing=no&consent.statement=" + url.QueryEscape(question), question},
		"a question that we don't ask":  {"email=ada@example.com&consent.marketing=on&consent.statement=Other", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			pipelines := fakePipelines{form: v1alpha1.FormSpec{ConsentStatement: tc.question}}
			var names []string
			body := tc.body
			for range 3 {
				committer := &capture{}
				w := httptest.NewRecorder()
				testHandler(pipelines, committer).ServeHTTP(w, request(body, contentTy, asForm, "Accept", aBrowser, "Referer", "https://example.com/r"))
				if w.Code != 503 {
					t.Fatalf("code %d, want 503", w.Code)
				}
				names = append(names, committer.name)
				body = send(browser(t, w.Body.String()))
			}
			if names[0] == "" || names[0] != names[1] || names[1] != names[2] {
				t.Errorf("names %v: want one and the same; last sent: %s", names, body)
			}
		})
	}
}

// capture refuses everything and remembers its name.
type capture struct{ name string }

func (c *capture) Commit(_ context.Context, s *v1alpha1.ContactSubmission) error {
	c.name = s.Name
	return &Uncommitted{RetryAfter: time.Second}
}

func TestFormIsAccessible(t *testing.T) {
	texts := v1alpha1.FormSpec{Title: "Try <it>", Intro: "For 30 days.", ConsentStatement: question}
	cases := map[string]struct {
		body      string // "" asks for the empty form
		wantWrong []string
		wantLinks []string
	}{
		"the empty form": {},
		"with errors": {
			body:      "name=" + strings.Repeat("x", 257) + "&attributes.note=" + strings.Repeat("y", 1025) + "&attributes.plan=pro",
			wantWrong: []string{"name", "email", "extra-0"},
			wantLinks: []string{"#name", "#email", "#extra-0"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := testHandler(fakePipelines{form: texts}, &fakeCommitter{})
			w := httptest.NewRecorder()
			if tc.body == "" {
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form", nil))
			} else {
				h.ServeHTTP(w, request(tc.body, contentTy, asForm, "Accept", aBrowser))
			}
			elements := browser(t, w.Body.String())
			ids, labels := map[string]bool{}, map[string]bool{}
			var wrong, links []string
			focused := 0
			for _, n := range elements {
				if id, ok := attr(n, "id"); ok {
					if ids[id] {
						t.Errorf("the id %q is given twice", id)
					}
					ids[id] = true
				}
				if target, ok := attr(n, "for"); ok {
					labels[target] = true
				}
				if href, ok := attr(n, "href"); ok {
					links = append(links, href)
				}
				if _, ok := attr(n, "autofocus"); ok {
					focused++
				}
				if _, ok := attr(n, "style"); ok || n.Data == "script" {
					t.Errorf("<%s> holds what the security policy forbids", n.Data)
				}
			}
			for _, n := range elements {
				kind, _ := attr(n, "type")
				if (n.Data != "input" && n.Data != "textarea") || kind == "hidden" {
					continue
				}
				id, _ := attr(n, "id")
				if !labels[id] {
					t.Errorf("%q has no label", id)
				}
				if _, bad := attr(n, "aria-invalid"); bad {
					wrong = append(wrong, id)
					if by, _ := attr(n, "aria-describedby"); !ids[by] {
						t.Errorf("%q is described by %q, which is not there", id, by)
					}
				}
			}
			if !slices.Equal(wrong, tc.wantWrong) || !slices.Equal(links, tc.wantLinks) {
				t.Errorf("wrong %v, links %v; want %v and %v", wrong, links, tc.wantWrong, tc.wantLinks)
			}
			if focused != min(len(wrong), 1) {
				t.Errorf("%d elements have the focus", focused)
			}
			if !strings.Contains(w.Body.String(), "Try &lt;it&gt;") || !strings.Contains(w.Body.String(), question) {
				t.Error("the pipeline's texts are missing")
			}
		})
	}
}

func TestFormWithoutQuestionDoesNotAsk(t *testing.T) {
	w := httptest.NewRecorder()
	testHandler(fakePipelines{}, &fakeCommitter{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form", nil))
	if w.Code != 200 || strings.Contains(w.Body.String(), "consent") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
