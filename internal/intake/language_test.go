package intake

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

func TestLanguages(t *testing.T) {
	plainForm := v1alpha1.FormSpec{}
	english := v1alpha1.FormSpec{Title: "Trial"}
	four := v1alpha1.FormSpec{
		Language: "en-GB", Title: "Trial", Intro: "For 30 days.",
		Translations: []v1alpha1.FormTranslation{
			{Language: "de", Title: "Testversion", Fields: []v1alpha1.FormFieldTranslation{{Name: "company", Label: "Betrieb"}}},
			{Language: "fr", Title: "Essai"},
			{Language: "ar", Title: "تجربة"},
			{Language: "no such tag", Title: "x"},
		},
	}
	cases := map[string]struct {
		form         v1alpha1.FormSpec
		accept, path string
		want         string // of the html element
		wantHolds    []string
		wantNot      []string
	}{
		"nothing said":                     {form: plainForm, want: `lang="en" dir="ltr"`, wantHolds: []string{"Contact us", ">Send<"}},
		"German, the intake's own words":   {form: plainForm, accept: "de-AT,de;q=0.9,en;q=0.5", want: `lang="de"`, wantHolds: []string{"Kontakt", ">Absenden<", "E-Mail-Adresse"}},
		"a form in English stays English":  {form: english, accept: "de", want: `lang="en"`, wantHolds: []string{"Trial", ">Send<"}, wantNot: []string{"Absenden"}},
		"a translation":                    {form: four, accept: "de", want: `lang="de"`, wantHolds: []string{"<h1>Testversion</h1>", `<p class="intro" lang="en-GB">For 30 days.`, ">Betrieb<", ">Land<", ">Absenden<"}},
		"the nearest":                      {form: four, accept: "fr-CA;q=0.8, xx", want: `lang="fr"`, wantHolds: []string{"<h1>Essai</h1>", `<button type="submit" lang="en">Send`, `<span lang="en">Company</span>`}},
		"from right to left":               {form: four, accept: "ar", want: `lang="ar" dir="rtl"`, wantHolds: []string{"تجربة"}},
		"one that is not there":            {form: four, accept: "ja", want: `lang="en-GB"`, wantHolds: []string{"<h1>Trial</h1>", "For 30 days.", ">Send<"}, wantNot: []string{`lang="en"`}},
		"the address asks":                 {form: four, accept: "fr", path: "?lang=de", want: `lang="de"`, wantHolds: []string{`action="submissions?lang=de"`}},
		"the address asks for what is not": {form: four, accept: "fr", path: "?lang=ja", want: `lang="fr"`, wantHolds: []string{`action="submissions"`}},
		"the address asks for nonsense":    {form: four, path: `?lang="><script>`, want: `lang="en-GB"`, wantNot: []string{"<script"}},
		"a header that is no list":         {form: four, accept: "\x00;;q=,,;" + strings.Repeat("de-", 400), want: `lang="en-GB"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/v1/ns/trial/form"+strings.ReplaceAll(tc.path, `"><`, "%22%3E%3C"), nil)
			r.Header.Set("Accept-Language", tc.accept)
			w := httptest.NewRecorder()
			testHandler(fakePipelines{form: tc.form}, &fakeCommitter{}).ServeHTTP(w, r)
			page := w.Body.String()
			for _, want := range append(tc.wantHolds, "<html "+tc.want) {
				if !strings.Contains(page, want) {
					t.Errorf("want the page to hold %s", want)
				}
			}
			for _, not := range tc.wantNot {
				if strings.Contains(page, not) {
					t.Errorf("want the page not to hold %s", not)
				}
			}
			if t.Failed() {
				t.Log(page)
			}
		})
	}
}

func TestTheLanguageIsCarriedOn(t *testing.T) {
	r := request(minForm, contentTy, asForm, "Accept", aBrowser)
	r.URL.RawQuery = "lang=de"
	w := httptest.NewRecorder()
	testHandler(fakePipelines{}, &fakeCommitter{}).ServeHTTP(w, r)
	if got := w.Header().Get("Location"); got != "/v1/ns/trial/thanks?lang=de" {
		t.Errorf("goes on to %s", got)
	}
}

// TestPhraseBooksAreComplete finds every sentence that a page may show, in the code and in the templates, and looks for
// its translation. Its placeholders must be the same.
func TestPhraseBooksAreComplete(t *testing.T) {
	english := map[string]bool{}
	for _, f := range builtinFields {
		english[f.label] = true
	}
	inTemplates := regexp.MustCompile(`\.Say "([^"]+)"`)
	templates, err := filepath.Glob("pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range templates {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range inTemplates.FindAllStringSubmatch(string(page), -1) {
			english[m[1]] = true
		}
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range sources {
		// What is wrong with JSON is read by programs alone.
		if !strings.HasSuffix(path, "_test.go") && path != "decode_json.go" {
			collectSentences(t, path, english)
		}
	}
	if len(english) < 40 {
		t.Fatalf("only %d sentences found: does the code say them in another way now?", len(english))
	}
	verbs := regexp.MustCompile(`%[ds]`)
	for i, phrases := range chromePhrases {
		if phrases == nil {
			continue
		}
		for sentence := range english {
			translated := phrases[sentence]
			if translated == "" {
				t.Errorf("%s: no translation of %q", chromeLanguages[i], sentence)
			} else if a, b := verbs.FindAllString(sentence, -1), verbs.FindAllString(translated, -1); strings.Join(a, "") != strings.Join(b, "") {
				t.Errorf("%s: %q has other placeholders than %q", chromeLanguages[i], translated, sentence)
			}
		}
		for sentence := range phrases {
			if !english[sentence] {
				t.Errorf("%s: %q is said nowhere", chromeLanguages[i], sentence)
			}
		}
	}
}

// collectSentences finds the literals and constants in a file that become words on a page: the second argument of add,
// the argument of Say, the last of pick, the detail of a problem, and what is malformed.
func collectSentences(t *testing.T, path string, into map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	take := func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BasicLit:
			if sentence, err := strconv.Unquote(e.Value); err == nil && sentence != "" {
				into[sentence] = true
			}
		case *ast.Ident:
			if sentence, ok := sentenceConstants[e.Name]; ok {
				into[sentence] = true
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok {
				switch {
				case f.Sel.Name == "add" && len(n.Args) >= 2:
					take(n.Args[1])
				case f.Sel.Name == "Say", f.Sel.Name == "pick":
					take(n.Args[len(n.Args)-1])
				}
			}
		case *ast.CompositeLit:
			if name, ok := n.Type.(*ast.Ident); ok && name.Name == "malformed" && len(n.Elts) == 1 {
				take(n.Elts[0])
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Detail" {
				take(n.Value)
			}
		case *ast.AssignStmt:
			for i := range n.Lhs {
				if name, ok := n.Lhs[i].(*ast.Ident); ok && name.Name == "detail" {
					take(n.Rhs[i])
				}
			}
		}
		return true
	})
}

var sentenceConstants = map[string]string{
	"tryAgain": tryAgain, "someFields": someFields, "tooMany": tooMany, "veryBusy": veryBusy, "leaveEmpty": leaveEmpty,
	"answerWanted": answerWanted, "noAddress": noAddress, "otherSite": otherSite, "brokenParts": brokenParts,
}
