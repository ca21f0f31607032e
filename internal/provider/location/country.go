package location

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"
)

// countries knows how people write the countries of ISO 3166-1. It is never changed.
type countries struct {
	byName map[string]string // folded name → alpha-2
}

// world is the one index of all providers: about 27,000 names, built in a tenth of a second when the first of them needs it.
var world = sync.OnceValue(newCountries)

// newCountries builds the index from CLDR's names in all its languages and from aliases.
func newCountries() *countries {
	c := &countries{byName: map[string]string{}}
	f := newFolder()
	ambiguous := map[string]bool{}
	enter := func(name, code string) {
		key := f.fold(name)
		// Two letters of Latin script are a code, whatever they mean in a language.
		if key == "" || len(key) <= 2 {
			return
		}
		if other, there := c.byName[key]; there && other != code {
			ambiguous[key] = true
			return
		}
		c.byName[key] = code
	}
	for _, tag := range display.Supported.Tags() {
		namer := display.Regions(tag)
		if namer == nil {
			continue
		}
		german := tag.String() == "de"
		for _, region := range regions() {
			code := alpha2(region)
			name := namer.Name(region)
			enter(name, code)
			if german { // typed without umlauts
				enter(strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue").Replace(name), code)
			}
		}
	}
	for key := range ambiguous {
		delete(c.byName, key)
	}
	// What English speakers mean, and then the aliases, decide what is ambiguous among languages.
	for _, region := range regions() {
		if key := f.fold(display.English.Regions().Name(region)); key != "" {
			c.byName[key] = alpha2(region)
		}
	}
	for code, list := range countryAliases() {
		for alias := range strings.SplitSeq(list, ",") {
			c.byName[f.fold(alias)] = code
		}
	}
	return c
}

// regions lists all that have an alpha-2 code.
func regions() []language.Region {
	var list []language.Region
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if region, err := language.ParseRegion(string([]rune{a, b})); err == nil && alpha2(region) != "" {
				list = append(list, region)
			}
		}
	}
	return list
}

// alpha2 returns the ISO 3166-1 alpha-2 code of a region: the present one for those that changed it, that of the whole for
// the parts that have a code for other purposes, and "" for what is no country. Kosovo is XK, as everywhere.
func alpha2(region language.Region) string {
	code := region.Canonicalize().String()
	switch code {
	case "AC", "TA":
		return "SH"
	case "CP":
		return "FR"
	case "DG":
		return "IO"
	case "EA", "IC":
		return "ES"
	case "AN", "CQ", "CS", "EU", "EZ", "FQ", "NT", "PC", "SU", "UN", "YU", "ZZ":
		return ""
	}
	if !region.IsCountry() || len(code) != 2 {
		return ""
	}
	return code
}

// ParseCode reads a code as systems write it: alpha-2, alpha-3 or numeric, in capitals or not. It returns the
// alpha-2 code, or "".
func ParseCode(code string) string {
	if len(code) != 2 && len(code) != 3 {
		return ""
	}
	for _, r := range code {
		if r > unicode.MaxASCII {
			return ""
		}
	}
	if strings.EqualFold(code, "XKX") { // in wide use; not in CLDR
		return "XK"
	}
	region, err := language.ParseRegion(strings.ToUpper(code))
	if err != nil {
		return ""
	}
	return alpha2(region)
}

// find returns the alpha-2 code of a country as somebody typed it, or "". It rather finds none than a wrong one.
func (c *countries) find(typed string) string {
	if len(typed) > maxCountry {
		return ""
	}
	f := newFolder()
	if code := c.exact(f, typed); code != "" {
		return code
	}
	// "Korea, North" and "Berlin, Germany".
	if before, last, has := cutLast(typed, ","); has {
		if code := c.exact(f, last+" "+before); code != "" {
			return code
		}
		return c.exact(f, last)
	}
	// "Deutschland (Germany)", "DE - Germany": all of it has to mean the same.
	parts := strings.FieldsFunc(strings.ReplaceAll(typed, " - ", "/"), func(r rune) bool { return strings.ContainsRune("()[]/|;", r) })
	found := ""
	for _, part := range parts {
		if strings.TrimSpace(part) == "" {
			continue
		}
		code := c.exact(f, part)
		if code == "" || found != "" && code != found {
			return ""
		}
		found = code
	}
	return found
}

// maxCountry is the length of the longest text that is looked at, in bytes: official names are long, stories are longer.
const maxCountry = 256

func (c *countries) exact(f *folder, typed string) string {
	typed = strings.TrimSpace(typed)
	key := f.fold(typed)
	// The code as it was typed: "N/A" is not Namibia.
	name, code := c.byName[key], ParseCode(typed)
	switch {
	case code == "" && name == "":
		if short, has := strings.CutPrefix(key, "the"); has {
			return c.byName[short]
		}
		return ""
	case name == "" || name == code:
		return code
	case code == "":
		return name
	case typed == strings.ToUpper(typed): // systems write codes so: NGA is Nigeria
		return code
	case typed == strings.ToLower(typed):
		return ""
	default: // people write names so: Nga is Vietnamese for Russia
		return name
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// folder reduces names to what people agree on: letters and digits, without accents and case. It is not safe for use by
// several goroutines.
type folder struct {
	caser cases.Caser
}

func newFolder() *folder { return &folder{caser: cases.Fold()} }

// undecomposed are letters with a stroke or a ligature, which Unicode does not take apart.
var undecomposed = strings.NewReplacer("ø", "o", "ł", "l", "đ", "d", "ð", "d", "æ", "ae", "œ", "oe", "ı", "i", "ħ", "h")

func (f *folder) fold(s string) string {
	s = undecomposed.Replace(f.caser.String(norm.NFKD.String(s)))
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r) {
			return r
		}
		return -1
	}, s)
}
