package intake

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// wholeForm uses everything that a form may have.
var wholeForm = v1alpha1.FormSpec{
	Title:            "Download the trial",
	Intro:            "Thirty days, all features, no credit card. Tell us where to send the download link.",
	ConsentStatement: "Send me news about the product, about once a month. I can unsubscribe at any time.",
	Button:           "Get the download link",
	ThankYou:         "The download link is on its way to you. It may take a minute or two.",
	Fields: []v1alpha1.FormField{
		{Name: "name", Answer: v1alpha1.AnswerRequired},
		{Name: "email", Help: "The download link goes to this address."},
		{Name: "company"},
		{Name: "phone", Help: "With the country code, please."},
		{Name: "country"},
		{Name: "attributes.plan", Label: "Plan", Type: v1alpha1.FieldChoice, Choices: []v1alpha1.FormChoice{{Value: "free", Label: "Free, for one person"}, {Value: "pro", Label: "Pro, for teams"}}},
		{Name: "attributes.note", Label: "Anything else?", Type: v1alpha1.FieldLines},
	},
	Translations: []v1alpha1.FormTranslation{{
		Language: "de", Title: "Testversion herunterladen", Intro: "Dreißig Tage, alle Funktionen, ohne Kreditkarte.",
		ConsentStatement: "Ich möchte etwa einmal im Monat Neuigkeiten erhalten und kann das jederzeit abbestellen.",
		Button:           "Link anfordern", ThankYou: "Der Link ist unterwegs.",
		Fields: []v1alpha1.FormFieldTranslation{
			{Name: "email", Help: "An diese Adresse geht der Link."},
			{Name: "phone", Help: "Bitte mit Landesvorwahl."},
			{Name: "attributes.plan", Label: "Tarif", Choices: []v1alpha1.FormChoice{{Value: "free", Label: "Frei, für eine Person"}, {Value: "pro", Label: "Pro, für Teams"}}},
			{Name: "attributes.note", Label: "Noch etwas?"},
		},
	}},
}

// serveSite makes an intake that a browser can reach.
func serveSite(t *testing.T, form v1alpha1.FormSpec) (*site, string) {
	t.Helper()
	s := newSite(form)
	s.Handler.now = time.Now // browsers have clocks, too
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL + "/v1/ns/trial/"
}

// TestBrowserKeyboard goes through the whole form on a desktop with nothing but a keyboard.
func TestBrowserKeyboard(t *testing.T) {
	b := openTab(t, desktop, "en")
	s, base := serveSite(t, wholeForm)
	b.open(base + "form")
	b.picture("form")
	b.fits()

	typed := map[string]string{
		"name": "Ada Example", "email": "ada@example.com", "company": "Example Ltd", "phone": "+44 20 7946 0958", "country": "GB",
		"attributes.plan": "P", "attributes.note": "one" + kb.Enter + "two", "consent.marketing": " ",
	}
	var order []string
	for range 20 {
		b.run(chromedp.KeyEvent(kb.Tab))
		at := b.focused()
		order = append(order, at)
		if at == "button" {
			break
		}
		b.run(chromedp.KeyEvent(typed[at]))
	}
	b.picture("form-filled-in")
	want := []string{"name", "email", "company", "phone", "country", "attributes.plan", "attributes.note", "consent.marketing", "button"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("the order of the Tab key (-want +got):\n%s", diff)
	}
	b.run(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(".done")))
	b.picture("thanks")
	if text := b.text(); !strings.Contains(text, wholeForm.ThankYou) {
		t.Errorf("the last page says %s", text)
	}
	if len(s.committer.kept) != 1 {
		t.Fatalf("%d submissions, want 1", len(s.committer.kept))
	}
	spec := s.committer.kept[0].Spec
	if diff := cmp.Diff(v1alpha1.ContactFields{Name: "Ada Example", Email: "ada@example.com", Company: "Example Ltd", Phone: "+44 20 7946 0958", Country: "GB"}, spec.Contact); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]v1alpha1.AttributeValue{"plan": "pro", "note": "one\ntwo"}, spec.Attributes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if spec.Consent == nil || spec.Consent.Marketing != v1alpha1.ConsentGranted || spec.Consent.Statement != wholeForm.ConsentStatement {
		t.Errorf("consent %+v", spec.Consent)
	}
}

// TestBrowserScreens looks at the form, and at the form with errors, on every kind of screen.
func TestBrowserScreens(t *testing.T) {
	for _, s := range []screen{desktop, desktopDark, phone, smallest} {
		t.Run(s.name, func(t *testing.T) {
			b := openTab(t, s, "de")
			_, base := serveSite(t, wholeForm)
			b.open(base + "form")
			b.picture("form")
			b.fits()
			page := ask[struct{ Lang, Title, Trap string }](b, `(() => {
				const trap = document.getElementById('leave-empty').getBoundingClientRect();
				return {Lang: document.documentElement.lang, Title: document.title, Trap: String(document.elementFromPoint(trap.x, trap.y)?.id)};
			})()`)
			if page.Lang != "de" || page.Title != "Testversion herunterladen" || page.Trap == "leave-empty" {
				t.Errorf("%+v", page)
			}

			// The browser's own checks are passed by, as by a browser that has none.
			b.fill("#email", strings.Repeat("x", 321)+"@example.com")
			b.fill("#company", "Ein sehr langer Firmenname mit Gesellschaft-mit-beschränkter-Haftung-und-Compagnie-Kommanditgesellschaft")
			ask[bool](b, `document.forms[0].noValidate = true`)
			b.click("button", ".summary")
			b.picture("errors")
			b.fits()
			if !ask[bool](b, `document.activeElement.matches(':focus-visible')`) {
				t.Error("the field with the focus does not look so")
			}
			if at := b.focused(); at != "name" {
				t.Errorf("%s has the focus, want the first field to mend", at)
			}
			described := ask[string](b, `document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText`)
			if described != german[answerWanted] {
				t.Errorf("the field is described as %q", described)
			}
			b.click(`.summary a[href="#email"]`, "#email")
			if at := b.focused(); at != "email" {
				t.Errorf("the link in the summary leads to %s", at)
			}
			b.run(chromedp.SetValue(chromedp.CSS("#email"), "ada@example.com"))
			b.fill("#name", "Ada")
			b.click("button", ".done")
			b.picture("thanks")
			b.fits()
		})
	}
}

// TestBrowserKnownPerson comes back to a form, without anything to fill in, and goes on to the pipeline's own page.
func TestBrowserKnownPerson(t *testing.T) {
	resource := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(contentTy, "text/html")
		_, _ = w.Write([]byte(`<link rel="icon" href="data:,"><h1 id="resource">The download</h1>`))
	}))
	t.Cleanup(resource.Close)
	b := openTab(t, phone, "en")
	s, base := serveSite(t, v1alpha1.FormSpec{
		Title: "Download the trial", RedirectURL: resource.URL + "/download", KnownValues: v1alpha1.KnownValuesShow,
		Fields: []v1alpha1.FormField{{Name: "email"}, {Name: "name"}, {Name: "company"}},
		Colors: &v1alpha1.FormColors{Main: "#00796b", Background: "#e0f2f1"},
	})
	b.open(base + "form")
	b.fill("#email", "ada@example.com")
	b.fill("#name", "Ada Example")
	b.click("button", "#resource")
	s.merge()
	b.open(base + "form")
	b.picture("one-question-left")
	if text := b.text(); !strings.Contains(text, "Only these questions are left") || strings.Contains(text, "E-mail address optional") {
		t.Errorf("the page says %s", text)
	}
	b.fill("#company", "Example Ltd")
	b.click("button", "#resource")
	s.merge()
	b.open(base + "form")
	b.picture("nothing-left")
	b.fits()
	if text := b.text(); !strings.Contains(text, "There is nothing to fill in") || !strings.Contains(text, "Example Ltd") {
		t.Errorf("the page says %s", text)
	}
	b.click("button", "#resource")
	if last := s.committer.kept; len(last) != 1 || last[0].Spec.Contact.Email != "ada@example.com" {
		t.Errorf("the click sent %v", last)
	}
	b.open(base + "form")
	b.click(".known a", "#email")
}

// TestBrowserTrapAndRefusals shows what a person sees whose browser filled in the hidden field, and the plain pages.
func TestBrowserTrapAndRefusals(t *testing.T) {
	b := openTab(t, desktop, "en")
	s, base := serveSite(t, v1alpha1.FormSpec{Colors: &v1alpha1.FormColors{Main: "#ffd54f", Background: "#263238"}})
	b.open(base + "form")
	b.fill("#email", "ada@example.com")
	ask[string](b, `document.getElementById('leave-empty').value = 'https://autofill.example'`)
	b.click("button", ".summary")
	if at := b.focused(); at != trapField {
		t.Errorf("%s has the focus, want the field to empty", at)
	}
	b.picture("trap")
	if len(s.committer.kept) != 0 {
		t.Error("what a program filled in was taken")
	}
	b.click("button", ".done")
	if len(s.committer.kept) != 1 {
		t.Error("a person whose browser fills in too much can't send the form")
	}
	b.open(base + "submissions")
	b.picture("problem")
	if text := b.text(); !strings.Contains(text, "This address takes POST only.") {
		t.Errorf("the page says %s", text)
	}
}
