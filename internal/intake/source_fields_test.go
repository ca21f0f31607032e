package intake

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/intake/source"
)

func said(name string, values ...string) source.Answer {
	return source.Answer{Names: []string{name}, Label: name, Values: values}
}

func TestSubmissionOf(t *testing.T) {
	yes, no := true, false
	hinted := func(a source.Answer, hint string) source.Answer { a.Hint = hint; return a }
	secondary := func(a source.Answer) source.Answer { a.Secondary = true; return a }
	labelled := func(a source.Answer, label string) source.Answer { a.Label = label; return a }
	consent := v1alpha1.SourceField{From: "c", To: fieldConsentMarketing}
	cases := map[string]struct {
		reason string
		fields []v1alpha1.SourceField
		given  []source.Answer
		want   Submission
	}{
		"nothing": {reason: "an empty form is a form"},
		"plain names": {
			reason: "what is called as a submission calls it needs no mapping",
			given:  []source.Answer{said("Email", " ada@example.com "), said("company", "Example\nLtd"), said("attributes.plan", "pro"), said("consent.marketing", "false"), said("page", "https://example.com/x#y")},
			want:   Submission{Email: "ada@example.com", Company: "Example Ltd", Page: "https://example.com/x", Attributes: map[string]string{"plan": "pro", "page": "https://example.com/x#y"}, Consent: &no},
		},
		"the mapping first": {
			reason: "a name that is plain is not taken when the mapping says otherwise",
			fields: []v1alpha1.SourceField{{From: "work", To: "email"}, {From: "email", To: "attributes.private"}},
			given:  []source.Answer{said("email", "home@example.com"), said("work", "ada@example.com")},
			want:   Submission{Email: "ada@example.com", Attributes: map[string]string{"private": "home@example.com"}},
		},
		"exactly first": {
			reason: "case counts where both are there",
			fields: []v1alpha1.SourceField{{From: "Plan", To: "company"}},
			given:  []source.Answer{said("plan", "a"), said("Plan", "b")},
			want:   Submission{Company: "b", Attributes: map[string]string{"plan": "a"}},
		},
		"else but for case": {
			reason: "labels are typed by people",
			fields: []v1alpha1.SourceField{{From: "first name", To: "name"}},
			given:  []source.Answer{said("First Name ", "Ada")},
			want:   Submission{Name: "Ada"},
		},
		"a hint": {
			reason: "a field that was renamed at the tool is still known by its kind",
			fields: []v1alpha1.SourceField{{From: "old", To: "email"}},
			given:  []source.Answer{hinted(said("new", "ada@example.com"), "email"), hinted(said("other", "b@example.com"), "email")},
			want:   Submission{Email: "ada@example.com", Attributes: map[string]string{"other": "b@example.com"}},
		},
		"consent with words of its own": {
			reason: "the person's answer and the words that were read",
			fields: []v1alpha1.SourceField{{From: "c", To: fieldConsentMarketing, Granted: []string{"Yes please"}, Denied: []string{"no thanks"}}},
			given:  []source.Answer{labelled(said("c", "YES PLEASE "), "May we write?")},
			want:   Submission{Consent: &yes, ConsentStatement: "May we write?"},
		},
		"consent, the statement given": {
			reason: "the mapping's words stand",
			fields: []v1alpha1.SourceField{{From: "c", To: fieldConsentMarketing, Statement: "Send me news"}},
			given:  []source.Answer{labelled(said("c", "true"), "May we write?")},
			want:   Submission{Consent: &yes, ConsentStatement: "Send me news"},
		},
		"no clear consent": {
			reason: "nobody agrees by an answer that nobody has foreseen; it is kept",
			fields: []v1alpha1.SourceField{consent},
			given:  []source.Answer{said("c", "perhaps")},
			want:   Submission{Attributes: map[string]string{"c": "perhaps"}},
		},
		"both at once": {
			reason: "nor by saying yes and no",
			fields: []v1alpha1.SourceField{consent},
			given:  []source.Answer{said("c", "yes", "no")},
			want:   Submission{Attributes: map[string]string{"c": "yes, no"}},
		},
		"another word than granted": {
			reason: "with words of one's own, a plain no is no refusal that was foreseen",
			fields: []v1alpha1.SourceField{{From: "c", To: fieldConsentMarketing, Granted: []string{"News"}}},
			given:  []source.Answer{said("c", "no")},
			want:   Submission{Attributes: map[string]string{"c": "no"}},
		},
		"a statement without an answer": {
			reason: "it is kept apart",
			given:  []source.Answer{said("consent.statement", "Send me news")},
			want:   Submission{Attributes: map[string]string{"consent.statement": "Send me news"}},
		},
		"said again": {
			reason: "what says again what was said counts where it is asked for, and is no attribute",
			fields: []v1alpha1.SourceField{{From: "b1", To: fieldConsentMarketing}},
			given:  []source.Answer{said("Boxes", "News"), secondary(said("b1", "true")), secondary(said("b2", "true"))},
			want:   Submission{Consent: &yes, Attributes: map[string]string{"Boxes": "News"}},
		},
		"too long for its field": {
			reason: "the whole is kept beside it; a part of an address is nobody's address",
			given:  []source.Answer{said("name", strings.Repeat("é", 300)), said("email", strings.Repeat("e", 321))},
			want: Submission{Name: strings.Repeat("é", 256), Attributes: map[string]string{
				"name": strings.Repeat("é", 300), "email": strings.Repeat("e", 321),
			}},
		},
		"unreadable characters": {
			reason: "what can't be stored is replaced, the rest stays",
			given:  []source.Answer{said("name", "A\x00da\xff"), said("note\x07", "one\r\ntwo"), said("\x07", "x")},
			want:   Submission{Name: "Ada\uFFFD", Attributes: map[string]string{"note": "one\ntwo", "answer": "x"}},
		},
		"several of one name": {
			reason: "none covers another",
			given:  []source.Answer{said("note", "a"), said("note", "b"), said("note 2", "c")},
			want:   Submission{Attributes: map[string]string{"note": "a", "note 2": "b", "note 2 2": "c"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, cut := submissionOf(&v1alpha1.FormSource{Fields: tc.fields}, tc.given)
			if diff := cmp.Diff(&tc.want, got); diff != "" || cut {
				t.Errorf("cut %v; %s (-want +got):\n%s", cut, tc.reason, diff)
			}
		})
	}
}

// TestAnyFormFits: as many answers as there are, as long as they are: a submission holds them, and the API server takes it.
func TestAnyFormFits(t *testing.T) {
	cases := map[string]struct {
		count, length int
		wantCut       bool
	}{
		"few":               {3, 10, false},
		"as many as fit":    {maxAttributes, 10, false},
		"one more":          {maxAttributes + 1, 10, false},
		"a hundred":         {100, 60, false},
		"a long one":        {1, 20 * maxAttributeValue, false},
		"an endless one":    {1, 100 * maxAttributeValue, true},
		"hundreds of pages": {300, 2000, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var given []source.Answer
			for i := range tc.count {
				given = append(given, said(fmt.Sprintf("question %d %s", i, strings.Repeat("é", 60)), strings.Repeat("é", tc.length-4)+fmt.Sprintf("%04d", i)))
			}
			s, cut := submissionOf(&v1alpha1.FormSource{}, given)
			if cut != tc.wantCut {
				t.Errorf("cut %v, want %v", cut, tc.wantCut)
			}
			if len(s.Attributes) > maxAttributes {
				t.Errorf("%d attributes", len(s.Attributes))
			}
			var all strings.Builder
			for name, value := range s.Attributes {
				if utf8.RuneCountInString(name) > maxAttributeName || utf8.RuneCountInString(value) > maxAttributeValue || value == "" || name == "" {
					t.Errorf("%d characters under a name of %d", utf8.RuneCountInString(value), utf8.RuneCountInString(name))
				}
				all.WriteString(value)
			}
			if got, least := strings.Count(all.String(), "é"), tc.count*(tc.length-4); !cut && got < least {
				t.Errorf("%d of %d characters are there", got, least)
			}
		})
	}
}
