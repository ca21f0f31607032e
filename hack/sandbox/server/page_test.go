package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/contact-operator/contact-operator/hack/sandbox/server"
)

// reply is what a browser gets.
type reply struct {
	status int
	header http.Header
	page   string
}

// browse sends what a browser would, and follows no redirect.
func (s *sandbox) browse(method, path string, form url.Values, header map[string]string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	client := *s.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// nodes returns the elements of one name.
func nodes(t *testing.T, page, name string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestPageShowsWhatAServiceHolds(t *testing.T) {
	s := start(t, server.Options{})
	for i := range 201 {
		s.call(server.CRM, "PUT", fmt.Sprintf("/crm/v1/contacts/p%03d@example.com", i), map[string]any{
			"name": "<b>P</b>", "attributes": map[string]any{"plan": "pro", "seats": 3}, "channels": []string{"blog", "event"},
		})
	}
	tests := map[string]struct {
		query, wantCaption, wantFirst string
		wantRows                      int
		wantLinks                     []string
	}{
		"the first page":                 {"?service=crm", "People: 1 to 200 of 201", "p000@example.com", 200, []string{"next"}},
		"the last page":                  {"?service=crm&page=2", "People: 201 to 201 of 201", "p200@example.com", 1, []string{"prev"}},
		"a page past the end":            {"?service=crm&page=9", "People: 201 to 201 of 201", "p200@example.com", 1, []string{"prev"}},
		"nonsense":                       {"?service=nobody&page=-1&refresh=1", "People: 1 to 200 of 201", "p000@example.com", 200, []string{"next"}},
		"a service that was never asked": {"?service=verifier", "Addresses it was asked about: nothing yet", "", 0, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := s.browse(http.MethodGet, "/"+tc.query, nil, nil)
			if got.status != http.StatusOK {
				t.Fatalf("status %d", got.status)
			}
			page := got.page
			if got := text(nodes(t, page, "caption")[0]); !strings.HasPrefix(got, tc.wantCaption) {
				t.Errorf("the caption is %q, want %q", got, tc.wantCaption)
			}
			rows := nodes(t, page, "tr")
			if got := max(0, len(rows)-1); got != tc.wantRows {
				t.Errorf("%d rows, want %d", got, tc.wantRows)
			}
			if tc.wantRows > 0 {
				want := tc.wantFirst + " crm-"
				if got := text(rows[1]); !strings.HasPrefix(strings.ReplaceAll(got, ".comcrm", ".com crm"), want) {
					t.Errorf("the first row is %q, want it to begin with %q", got, want)
				}
				if got := text(rows[1]); !strings.Contains(got, "<b>P</b>") || !strings.Contains(got, "plan=pro, seats=3") || !strings.Contains(got, "blog, event") {
					t.Errorf("the first row is %q, want name, attributes and channels as text", got)
				}
			}
			var links []string
			for _, a := range nodes(t, page, "a") {
				if rel := attribute(a, "rel"); rel != "" {
					links = append(links, rel)
				}
			}
			if diff := cmp.Diff(tc.wantLinks, links); diff != "" {
				t.Errorf("links to further pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPageNeedsNoScriptAndAllowsNone(t *testing.T) {
	s := start(t, server.Options{})
	got := s.browse(http.MethodGet, "/", nil, nil)
	page, policy := got.page, got.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page holds what its policy forbids")
	}
	if len(nodes(t, page, "meta")) != 2 {
		t.Error("the page refreshes by itself without being asked")
	}
	page = s.browse(http.MethodGet, "/?refresh=10&service=marketing", nil, nil).page
	if !strings.Contains(page, `<meta http-equiv="refresh" content="10; url=/?refresh=10&amp;service=marketing">`) {
		t.Error("the page does not refresh by itself")
	}
	style := s.browse(http.MethodGet, "/_page.css", nil, nil)
	if kind := style.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/css") || style.page == "" {
		t.Errorf("the style is a %s of %d bytes", kind, len(style.page))
	}
	if got := s.browse(http.MethodGet, "/nothing", nil, nil); got.status != http.StatusNotFound {
		t.Errorf("another path has status %d", got.status)
	}
}

// Every button of the page is pressed, as a browser would.
func TestPageSwitchesFaults(t *testing.T) {
	s := start(t, server.Options{})
	page := s.browse(http.MethodGet, "/?service=locator&refresh=2", nil, nil).page
	pressed := 0
	for _, f := range nodes(t, page, "form") {
		action := attribute(f, "action")
		values := url.Values{}
		for d := range f.Descendants() {
			if d.Data == "input" && attribute(d, "type") == "hidden" {
				values.Set(attribute(d, "name"), attribute(d, "value"))
			}
		}
		if len(values) == 0 {
			continue // for typing in, or the reset
		}
		pressed++
		got := s.browse(http.MethodPost, action, values, nil)
		if to := got.header.Get("Location"); got.status != http.StatusSeeOther || to != "/?refresh=2&service=locator" {
			t.Fatalf("%s %v: status %d, leads to %q", action, values, got.status, to)
		}
		after := s.browse(http.MethodGet, "/", nil, nil).page
		on := 0
		for _, b := range nodes(t, after, "button") {
			if attribute(b, "aria-pressed") == "true" {
				on++
			}
		}
		if on != len(server.Services()) {
			t.Errorf("%s %v: %d services show a button as pressed, want each to show one", action, values, on)
		}
	}
	if want := 7 * len(server.Services()); pressed != want {
		t.Errorf("%d buttons, want %d", pressed, want)
	}
}

func TestFaultForm(t *testing.T) {
	tests := map[string]struct {
		service    string
		form       url.Values
		wantStatus int
		wantPage   string // "": leads back
	}{
		"works":              {"crm", url.Values{"mode": {"ok"}}, 303, "works"},
		"blank fields":       {"crm", url.Values{"mode": {"reset"}, "status": {""}, "percent": {""}, "latencyMillis": {""}}, 303, "resets connections"},
		"a share, and slow":  {"crm", url.Values{"mode": {"status"}, "status": {"503"}, "percent": {"12.5"}, "latencyMillis": {"20"}}, 303, "answers 503, slow by 20 ms, 12.5 % of the calls"},
		"every call":         {"crm", url.Values{"mode": {"hang"}, "percent": {"100"}}, 303, "never answers"},
		"too many":           {"crm", url.Values{"mode": {"ok"}, "percent": {"101"}}, 400, "percent must be a number between 0 and 100"},
		"not a number":       {"crm", url.Values{"mode": {"status"}, "status": {"often"}}, 400, "status is no whole number"},
		"an unknown field":   {"crm", url.Values{"mode": {"ok"}, "speed": {"1"}}, 400, "a field that the sandbox does not know"},
		"an unknown mode":    {"crm", url.Values{"mode": {"explode"}}, 400, "mode is none of"},
		"an unknown service": {"cms", url.Values{"mode": {"ok"}}, 404, "no such service"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			got := s.browse(http.MethodPost, "/_faults/"+tc.service, tc.form, nil)
			if got.status != tc.wantStatus {
				t.Errorf("status %d, want %d", got.status, tc.wantStatus)
			}
			if tc.wantStatus == http.StatusSeeOther {
				got = s.browse(http.MethodGet, got.header.Get("Location"), nil, nil)
			}
			if !strings.Contains(got.page, tc.wantPage) {
				t.Errorf("the page does not say %q", tc.wantPage)
			}
		})
	}
}

func TestResetForm(t *testing.T) {
	s := start(t, server.Options{})
	s.call(server.CRM, "PUT", ada, map[string]any{"name": "Ada"})
	got := s.browse(http.MethodPost, "/_reset", url.Values{}, nil)
	if got.status != http.StatusBadRequest || !strings.Contains(got.page, "tick the box") || len(s.Records(server.CRM)) != 1 {
		t.Errorf("without the box: status %d, %d records", got.status, len(s.Records(server.CRM)))
	}
	got = s.browse(http.MethodPost, "/_reset", url.Values{"sure": {"yes"}}, nil)
	if got.status != http.StatusSeeOther || len(s.Records(server.CRM)) != 0 {
		t.Errorf("with the box: status %d, %d records", got.status, len(s.Records(server.CRM)))
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	tests := map[string]struct {
		reason, method, path string
		header               map[string]string
		wantStatus           int
	}{
		"the page's own form":          {"it is what the forms are for", "POST", "/_faults/crm", map[string]string{"Sec-Fetch-Site": "same-origin"}, 303},
		"a program":                    {"curl sends neither header", "POST", "/_faults/crm", nil, 303},
		"a form elsewhere":             {"the browser says so", "POST", "/_faults/crm", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"another port of this machine": {"it is another site of ours, but not this one", "POST", "/_reset", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"an older browser":             {"it sends the origin alone", "POST", "/_reset", map[string]string{"Origin": "https://elsewhere.example"}, 403},
		"a script elsewhere":           {"PUT is no safer", "PUT", "/_faults/crm", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"a link elsewhere":             {"looking does no harm, and the answer is not readable there", "GET", "/", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
		"a name of another site":       {"a page that gives loopback its own name could read everything", "GET", "/_records/crm", map[string]string{"Host": "elsewhere.example:8090"}, 421},
		"localhost":                    {"people type it", "GET", "/_stats", map[string]string{"Host": "localhost:8090"}, 200},
		"another address of this":      {"IPv6", "GET", "/_stats", map[string]string{"Host": "[::1]:8090"}, 200},
		"a service under another name": {"services have their own guard, the token", "PUT", ada, map[string]string{"Host": "crm.example", "Authorization": "Bearer " + server.DefaultToken(server.CRM)}, 400},
		"a service without that token": {"it is refused there", "PUT", ada, map[string]string{"Host": "crm.example"}, 401},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, server.Options{})
			form := url.Values{"mode": {"ok"}}
			if tc.path == "/_reset" {
				form = url.Values{"sure": {"yes"}}
			}
			if got := s.browse(tc.method, tc.path, form, tc.header); got.status != tc.wantStatus {
				t.Errorf("%s: status %d, want %d", tc.reason, got.status, tc.wantStatus)
			}
		})
	}
}
