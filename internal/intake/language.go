package intake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
)

// The intake's own words are in these languages. English sentences are the keys of the other phrase books.
var (
	chromeLanguages = []language.Tag{language.English, language.German}
	chromePhrases   = []map[string]string{nil, german}
	chromeMatcher   = language.NewMatcher(chromeLanguages)
)

// languageParameter of a form's address asks for a language, whatever the browser's settings say.
const languageParameter = "lang"

// maxAcceptLanguage bounds the header that is looked at, in bytes. Browsers send less than a hundred.
const maxAcceptLanguage = 512

// words are what a page shows, with its language where that is not the page's own.
type words struct{ Value, Lang string }

func (w words) String() string { return w.Value }

// locale is the language of a page, and where its words come from.
type locale struct {
	// tag is the page's language.
	tag language.Tag
	// own is the language of the form's own texts, which stand in for those that the translation leaves out.
	own         language.Tag
	translation *v1alpha1.FormTranslation // nil: the form's own texts
	// chrome is the language of the intake's words.
	chrome  language.Tag
	phrases map[string]string // nil: English
	// asked is the language parameter of the request, when it was understood. Links and redirects carry it on.
	asked string
}

// localeFor chooses the language in which a visitor reads a form's pages. A form that has no words of its own is shown
// in any language that the intake speaks.
func localeFor(form *v1alpha1.FormSpec, r *http.Request) locale {
	l := locale{own: parseLanguage(form.Language, language.English)}
	offered := []language.Tag{l.own}
	translations := []*v1alpha1.FormTranslation{nil}
	for i := range form.Translations {
		if tag := parseLanguage(form.Translations[i].Language, language.Und); tag != language.Und {
			offered = append(offered, tag)
			translations = append(translations, &form.Translations[i])
		}
	}
	if !hasWords(form) {
		for _, tag := range chromeLanguages {
			if !slices.Contains(offered, tag) {
				offered, translations = append(offered, tag), append(translations, nil)
			}
		}
	}

	matcher := language.NewMatcher(offered)
	chosen := -1
	if asked := r.URL.Query().Get(languageParameter); asked != "" && len(asked) <= maxLanguageTag {
		if tag, err := language.Parse(asked); err == nil {
			if _, i, confidence := matcher.Match(tag); confidence != language.No {
				chosen, l.asked = i, asked
			}
		}
	}
	if chosen < 0 {
		_, chosen, _ = matcher.Match(acceptedLanguages(r)...)
	}
	l.tag, l.translation = offered[chosen], translations[chosen]

	_, chrome, confidence := chromeMatcher.Match(l.tag)
	if confidence == language.No {
		chrome = 0
	}
	l.chrome, l.phrases = chromeLanguages[chrome], chromePhrases[chrome]
	return l
}

// acceptedLanguages lists what the browser is set to, best first. Languages that nobody has heard of are left out.
func acceptedLanguages(r *http.Request) []language.Tag {
	header := r.Header.Get("Accept-Language")
	if len(header) > maxAcceptLanguage {
		return nil
	}
	var understood []string
	for item := range strings.SplitSeq(header, ",") {
		if _, _, err := language.ParseAcceptLanguage(item); err == nil {
			understood = append(understood, item)
		}
	}
	tags, _, err := language.ParseAcceptLanguage(strings.Join(understood, ","))
	if err != nil {
		return nil
	}
	return tags
}

const maxLanguageTag = 35

func parseLanguage(s string, otherwise language.Tag) language.Tag {
	if tag, err := language.Parse(s); err == nil && s != "" {
		return tag
	}
	return otherwise
}

// hasWords tells whether a form says anything in a language of its own.
func hasWords(form *v1alpha1.FormSpec) bool {
	return form.Title+form.Intro+form.ConsentStatement+form.Button+form.ThankYou != "" ||
		slices.ContainsFunc(form.Fields, func(f v1alpha1.FormField) bool {
			return f.Label+f.Help != "" || f.Type == v1alpha1.FieldChoice
		})
}

// Lang is the page's language for its html element.
func (l locale) Lang() string { return l.tag.String() }

// Dir is the page's writing direction.
func (l locale) Dir() string {
	script, _ := l.tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm", "Rohg":
		return "rtl"
	}
	return "ltr"
}

// Say returns one of the intake's own sentences in the page's language, or in English.
func (l locale) Say(english string, args ...any) words {
	sentence := english
	if translated := l.phrases[english]; translated != "" {
		sentence = translated
	}
	return words{sayWith(sentence, args), l.unlessPage(l.chrome)}
}

// pick returns the first text there is: the translation's, the form's own, the intake's.
func (l locale) pick(translated, own, english string) words {
	switch {
	case translated != "":
		return words{Value: translated}
	case own != "":
		return words{own, l.unlessPage(l.own)}
	case english != "":
		return l.Say(english)
	}
	return words{}
}

// unlessPage names a language that differs from the page's.
func (l locale) unlessPage(tag language.Tag) string {
	page, _ := l.tag.Base()
	if base, _ := tag.Base(); base == page {
		return ""
	}
	return tag.String()
}

// translated returns the translation's texts; all are blank when there is none.
func (l locale) translated() v1alpha1.FormTranslation {
	if l.translation == nil {
		return v1alpha1.FormTranslation{}
	}
	return *l.translation
}

// translatedField returns the translation's texts of one field.
func (l locale) translatedField(name string) v1alpha1.FormFieldTranslation {
	for _, f := range l.translated().Fields {
		if f.Name == name {
			return f
		}
	}
	return v1alpha1.FormFieldTranslation{}
}

// Query carries a language that was asked for from page to page: "" or "?lang=de".
func (l locale) Query() string {
	if l.asked == "" {
		return ""
	}
	return "?" + languageParameter + "=" + strings.ToLower(parseLanguage(l.asked, l.tag).String())
}

// sayWith puts values into a sentence that has places for them.
func sayWith(sentence string, args []any) string {
	if len(args) == 0 {
		return sentence
	}
	return fmt.Sprintf(sentence, args...)
}
