package intake

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/contact"
)

// site is an intake with a key, one pipeline and the Contacts that its submissions were merged into.
type site struct {
	*Handler
	committer *fakeCommitter
	contacts  fakeContacts
	now       time.Time
	cookies   []string // of the browser that asks next
}

func newSite(form v1alpha1.FormSpec) *site {
	s := &site{committer: &fakeCommitter{}, contacts: fakeContacts{records: map[string]*v1alpha1.Contact{}}, now: receivedAt}
	s.Handler = testHandler(fakePipelines{form: form}, s.committer)
	s.Handler.contacts = s.contacts
	s.Handler.now = func() time.Time { return s.now }
	s.keys = &tokenKeys{log: logr.Discard()}
	s.keys.ring.Store(&keyring{keyA})
	return s
}

// do sends a request and returns the answer; a second passes.
func (s *site) do(r *http.Request, headers ...string) *httptest.ResponseRecorder {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	s.now = s.now.Add(time.Second)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// send posts JSON and returns the token that follows.
func (s *site) send(t *testing.T, body string, headers ...string) string {
	t.Helper()
	w := s.do(request(body, contentTy, asJSON), headers...)
	var answer accepted
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusAccepted || answer.Token == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return answer.Token
}

// merge does what the operator does with the submissions that arrived since.
func (s *site) merge() {
	for _, submission := range s.committer.kept {
		address := contact.NormaliseAddress(submission.Spec.Contact.Email)
		name := contact.Name(address)
		if s.contacts.records[name] == nil {
			s.contacts.records[name] = contact.New("ns", address)
		}
		contact.Merge(s.contacts.records[name], submission)
	}
	s.committer.kept = nil
}

func (s *site) me(t *testing.T, token string) knownAnswer {
	t.Helper()
	w := s.do(httptest.NewRequest(http.MethodGet, "/v1/ns/trial/me", nil), "Authorization", "Bearer "+token)
	var answer knownAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return answer
}

func TestWhatIsKnown(t *testing.T) {
	show := v1alpha1.FormSpec{KnownValues: v1alpha1.KnownValuesShow}
	const whole = `{"email":"Ada@Example.com","name":"Ada","company":"Ltd","phone":"1","country":"GB"}`
	cases := map[string]struct {
		reason string
		form   v1alpha1.FormSpec
		do     func(t *testing.T, s *site) (token string)
		want   knownAnswer
	}{
		"what was sent": {
			reason: "once the submission has been processed",
			do: func(t *testing.T, s *site) string {
				token := s.send(t, `{"email":"ada@example.com","name":"Ada","country":"GB"}`)
				s.merge()
				return token
			},
			want: knownAnswer{Known: []string{"name", "email", "country"}},
		},
		"not before it was processed": {
			reason: "a submission that may yet be rejected makes nothing known",
			do:     func(t *testing.T, s *site) string { return s.send(t, whole) },
			want:   knownAnswer{Known: []string{}},
		},
		"values, where the pipeline shows them": {
			form: show,
			do: func(t *testing.T, s *site) string {
				token := s.send(t, `{"email":"Ada@Example.com","name":"Ada"}`)
				s.merge()
				return token
			},
			want: knownAnswer{Known: []string{"name", "email"}, Values: map[string]string{"name": "Ada", "email": "ada@example.com"}},
		},
		"somebody types another person's address": {
			reason: "a token that anybody can get tells nothing of what the real person sent, not even whether there is one",
			form:   show,
			do: func(t *testing.T, s *site) string {
				s.send(t, whole)
				s.merge()
				return s.send(t, `{"email":"ada@example.com","name":"Mallory"}`)
			},
			want: knownAnswer{Known: []string{}},
		},
		"somebody types another person's address, and it is processed": {
			reason: "the one field that was sent is known, and none of the real person's",
			form:   show,
			do: func(t *testing.T, s *site) string {
				s.send(t, whole)
				s.merge()
				token := s.send(t, `{"email":"ada@example.com","name":"Mallory"}`)
				s.merge()
				return token
			},
			want: knownAnswer{Known: []string{"name", "email"}, Values: map[string]string{"name": "Mallory", "email": "ada@example.com"}},
		},
		"the real person answers later": {
			reason: "the new value is not shown to whoever sent the old one, and that it changed is not told",
			form:   show,
			do: func(t *testing.T, s *site) string {
				token := s.send(t, `{"email":"ada@example.com","name":"Mallory"}`)
				s.merge()
				s.send(t, whole)
				s.merge()
				return token
			},
			want: knownAnswer{Known: []string{"name", "email"}, Values: map[string]string{"email": "ada@example.com"}},
		},
		"bit by bit": {
			reason: "a token carries on what its browser sent before",
			form:   show,
			do: func(t *testing.T, s *site) string {
				token := s.send(t, `{"email":"ada@example.com","name":"Ada"}`)
				s.merge()
				token = s.send(t, `{"company":"Ltd"}`, "Authorization", "Bearer "+token)
				s.merge()
				return token
			},
			want: knownAnswer{Known: []string{"name", "email", "company"}, Values: map[string]string{"name": "Ada", "email": "ada@example.com", "company": "Ltd"}},
		},
		"another address": {
			reason: "what one person sent is not carried over to another",
			do: func(t *testing.T, s *site) string {
				token := s.send(t, whole)
				token = s.send(t, `{"email":"b@example.com","name":"B"}`, "Authorization", "Bearer "+token)
				s.merge()
				return token
			},
			want: knownAnswer{Known: []string{"name", "email"}},
		},
		"erased": {
			reason: "the person is asked again",
			do: func(t *testing.T, s *site) string {
				token := s.send(t, whole)
				s.merge()
				clear(s.contacts.records)
				return token
			},
			want: knownAnswer{Known: []string{}},
		},
		"the API server is away": {
			do: func(t *testing.T, s *site) string {
				token := s.send(t, whole)
				s.merge()
				s.Handler.contacts = fakeContacts{unreachable: errors.New("away")}
				return token
			},
			want: knownAnswer{Known: []string{}},
		},
		"expired": {
			do: func(t *testing.T, s *site) string {
				token := s.send(t, whole)
				s.merge()
				s.now = s.now.Add(s.tokenLifetime)
				return token
			},
			want: knownAnswer{Known: []string{}},
		},
		"another pipeline's token": {
			do: func(t *testing.T, s *site) string {
				token := s.send(t, whole)
				s.merge()
				c, _ := keyring{keyA}.verify(token, s.now)
				c.Pipeline = "newsletter"
				return keyring{keyA}.sign(*c)
			},
			want: knownAnswer{Known: []string{}},
		},
		"no token": {do: func(*testing.T, *site) string { return "" }, want: knownAnswer{Known: []string{}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(tc.form)
			if diff := cmp.Diff(tc.want, s.me(t, tc.do(t, s))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// visit is a browser: it keeps the cookie, reads the form and presses the button.
type visit struct {
	*site
	cookie string
}

func (v *visit) open(t *testing.T, query string) string {
	t.Helper()
	w := v.do(httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form"+query, nil), "Accept", aBrowser, "Cookie", v.cookie)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func (v *visit) press(t *testing.T, page string, filledIn ...string) *httptest.ResponseRecorder {
	t.Helper()
	body := send(browser(t, page))
	for _, field := range filledIn {
		name, _, _ := strings.Cut(field, "=")
		if !strings.Contains(page, `name="`+name+`"`) {
			t.Fatalf("the form does not ask for %s: %s", name, page)
		}
		body += "&" + field
	}
	w := v.do(request(body, contentTy, asForm, "Accept", aBrowser, "Cookie", v.cookie))
	for _, c := range w.Result().Cookies() {
		v.cookie = c.Name + "=" + c.Value
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "" || c.Domain != "" || c.MaxAge != 3600 {
			t.Errorf("the cookie is open to others: %+v", c)
		}
	}
	return w
}

func TestKnownPeopleAreNotAskedAgain(t *testing.T) {
	v := &visit{site: newSite(v1alpha1.FormSpec{
		ConsentStatement: question, RedirectURL: "https://www.example.com/download",
		Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "name"}, {Name: "company", Answer: v1alpha1.AnswerRequired}, {Name: "attributes.plan"}},
	})}
	w := v.press(t, v.open(t, ""), "email=ada@example.com", "company=Ltd")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://www.example.com/download" || v.cookie == "" {
		t.Fatalf("%d to %q, cookie %q", w.Code, w.Header().Get("Location"), v.cookie)
	}
	first := *v.committer.kept[0]
	v.merge()

	page := v.open(t, "")
	for _, gone := range []string{`name="email"`, `name="company"`, "ada@", "Ltd"} {
		if strings.Contains(page, gone) {
			t.Errorf("the form asks or shows what is known: %s", gone)
		}
	}
	for _, left := range []string{`name="name"`, `name="attributes.plan"`, "consent.marketing", "Welcome back", "new=1"} {
		if !strings.Contains(page, left) {
			t.Errorf("the form lacks %s", left)
		}
	}

	// The API server is away for the write: the page comes back, with what was typed, and still without the address.
	v.committer.err = &Uncommitted{RetryAfter: time.Second}
	w = v.press(t, page, "name=Ada")
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "ada@") || !strings.Contains(w.Body.String(), `value="Ada"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	v.committer.err = nil
	if w = v.press(t, w.Body.String(), "consent.marketing=true"); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	second := v.committer.kept[0].Spec.Contact
	if diff := cmp.Diff(v1alpha1.ContactFields{Email: "ada@example.com", Name: "Ada"}, second); diff != "" || v.committer.kept[0].Name == first.Name {
		t.Errorf("the second submission (-want +got):\n%s", diff)
	}
	v.merge()

	page = v.open(t, "")
	if strings.Contains(page, "consent") || strings.Contains(page, `name="name"`) {
		t.Errorf("asked again: %s", page)
	}
	if whole := v.open(t, "?new=1"); !strings.Contains(whole, `name="email"`) || strings.Contains(whole, "Welcome back") {
		t.Error("somebody else can't have the whole form")
	}

	// The person is erased while the page is open: everything is asked, nothing is lost.
	clear(v.contacts.records)
	w = v.press(t, page, "attributes.plan=pro")
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), noAddress) || !strings.Contains(w.Body.String(), `value="pro"`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w = v.press(t, w.Body.String(), "email=ada@example.com", "company=Ltd"); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestNothingLeftToAsk(t *testing.T) {
	form := v1alpha1.FormSpec{Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "name"}}, KnownValues: v1alpha1.KnownValuesShow}
	v := &visit{site: newSite(form)}
	v.press(t, v.open(t, ""), "email=ada@example.com", "name=Ada")
	v.merge()
	page := v.open(t, "")
	for _, shown := range []string{"There is nothing to fill in.", "<dd>Ada</dd>", "<dd>ada@example.com</dd>"} {
		if !strings.Contains(page, shown) {
			t.Errorf("the page lacks %s: %s", shown, page)
		}
	}
	if w := v.press(t, page); w.Code != http.StatusSeeOther || v.committer.kept[0].Spec.Contact.Email != "ada@example.com" {
		t.Errorf("a click is not enough: %d %s", w.Code, w.Body)
	}
}

// TestBlankAddressIsNobodys: a blank address that comes along with a cookie must not become the submission of whoever
// used the browser, or the cookie jar, before.
func TestBlankAddressIsNobodys(t *testing.T) {
	s := newSite(v1alpha1.FormSpec{})
	token := s.send(t, `{"email":"ada@example.com"}`)
	s.merge()
	cookie := []string{"Cookie", tokenCookie + "=" + token}
	for name, r := range map[string]*http.Request{
		"JSON with a cookie":       request(`{"email":" ","name":"B"}`, append(cookie, contentTy, asJSON)...),
		"a whole form, left blank": request("email=&name=B", append(cookie, contentTy, asForm, "Accept", aBrowser)...),
		"a program's form":         request("name=B", append(cookie, contentTy, asForm)...),
		"a bad token":              request(`{"name":"B"}`, contentTy, asJSON, "Authorization", "Bearer "+token+"x"),
	} {
		if w := s.do(r); w.Code != http.StatusUnprocessableEntity || len(s.committer.kept) != 0 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestWithoutAKeyNobodyIsKnown(t *testing.T) {
	w := httptest.NewRecorder()
	testHandler(fakePipelines{}, &fakeCommitter{}).ServeHTTP(w, request(aName, contentTy, asJSON))
	if w.Header().Get("Set-Cookie") != "" || strings.Contains(w.Body.String(), "token") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

// fakeReader holds one Contact.
type fakeReader struct{ contact *v1alpha1.Contact }

func (f fakeReader) Get(_ context.Context, _ client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	f.contact.DeepCopyInto(into.(*v1alpha1.Contact))
	return nil
}

func (fakeReader) List(context.Context, client.ObjectList, ...client.ListOption) error {
	return errors.New("the intake lists no Contacts")
}

func TestErasureInProgressIsNotKnown(t *testing.T) {
	// apiContacts hides Contacts that are being erased; this is what it looks at.
	now := metav1.Now()
	c := contact.New("ns", "ada@example.com")
	c.DeletionTimestamp = &now
	got, err := newAPIContacts(fakeReader{c}).Get(t.Context(), "ns", c.Name)
	if got != nil || err != nil {
		t.Errorf("got %v, error %v", got, err)
	}
}
