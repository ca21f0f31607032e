package location

import (
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

func TestFindCountry(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"DE": {
			"DE", "de", " De ", "DEU", "deu", "276", "Germany", "GERMANY", "Deutschland", "Allemagne", "Alemania", "Germania", "Duitsland",
			"Niemcy", "Германия", "ドイツ", "德国", "독일", "ألمانيا", "Γερμανία", "Almanya", "Federal Republic of Germany",
			"Deutschland (Germany)", "Germany / Deutschland", "DE - Germany", "Berlin, Germany", "🇩🇪 Germany", "Germany.",
		},
		"GB": {
			"GB", "UK", "uk", "U.K.", "GBR", "United Kingdom", "united-kingdom", "The United Kingdom", "Great Britain", "England",
			"Scotland", "Wales", "Northern Ireland", "Großbritannien", "Grossbritannien", "Vereinigtes Königreich", "Royaume-Uni", "Reino Unido",
		},
		"US": {
			"US", "USA", "usa", "U.S.A.", "U.S.", "United States", "United States of America", "America", "Vereinigte Staaten", "États-Unis",
			"Etats Unis", "EE.UU.", "США", "美国", "Austin, Texas, USA", "Georgia, USA", "840",
		},
		"CI": {"CI", "Côte d'Ivoire", "Côte d’Ivoire", "Cote d'Ivoire", "COTE DIVOIRE", "Ivory Coast", "Elfenbeinküste"},
		"AT": {"Austria", "Österreich", "Osterreich", "Oesterreich", "OESTERREICH", "Rakousko"},
		"CZ": {"Czechia", "Czech Republic", "Česko", "Ceska Republika", "Tschechien"},
		"KR": {"South Korea", "Korea, South", "Korea", "Korea, Republic of", "Republic of Korea", "대한민국"},
		"KP": {"North Korea", "Korea, North", "Korea, Democratic People's Republic of"},
		"CD": {"Congo, Democratic Republic of the", "DR Congo", "Congo (Kinshasa)", "Democratic Republic of the Congo"},
		"CG": {"Congo", "Congo (Brazzaville)", "Republic of the Congo"},
		"VI": {"Virgin Islands, US", "Virgin Islands, U.S.", "U.S. Virgin Islands"},
		"VG": {"Virgin Islands, British", "British Virgin Islands"},
		"GQ": {"Equatorial Guinea", "Guinea, Equatorial"},
		"GE": {"Georgia", "Sakartvelo, Georgia", "საქართველო"},
		"MK": {"North Macedonia", "Macedonia", "Nordmazedonien", "MK"},
		"SZ": {"Eswatini", "Swaziland"},
		"TR": {"Türkiye", "Turkiye", "Turkey", "Türkei", "TÜRKİYE"},
		"NL": {"Netherlands", "The Netherlands", "Holland", "Nederland", "Niederlande"},
		"IN": {"India", "IN", "भारत"},
		"TH": {"Thailand", "ไทย"},
		"MM": {"Burma", "Myanmar", "BU"},
		"XK": {"Kosovo", "XK", "XKX"},
		"HK": {"Hong Kong", "香港"},
		"TW": {"Taiwan", "Taiwan, Province of China"},
		"RU": {"Russia", "Russian Federation", "Россия", "Nga"},
		"NG": {"NGA", "Nigeria"},
		"NO": {"Norway", "Norge", "NO"},
		"PL": {"Polska", "Poland", "Pologne"},
		"SE": {"Sverige", "Sweden"},
		"BO": {"Bolivia, Plurinational State of"},
		"PS": {"Palestine, State of"},
		"NA": {"Namibia", "NA"},
		"SH": {"Saint Helena", "Ascension Island", "AC"},
		"ES": {"Canary Islands", "España", "IC"},
		"VN": {"Viet Nam", "Vietnam", "Việt Nam"},
		"": {
			"", " ", "-", "N/A", "n.a.", "none", "Other", "Narnia", "EU", "ZZ", "XX", "001", "999", "Europe", "European Union", "SU", "Berlin",
			"Germany or France", "Germany / France", "DE/FR", "Guyana, French or not", "nga", "49", "+49", "🏳️", "Neverland, Nowhere",
			string(make([]byte, maxCountry+1)),
		},
	}
	c := newCountries()
	for want, list := range cases {
		for _, typed := range list {
			t.Run(want+" "+typed, func(t *testing.T) {
				t.Parallel()
				if got := c.find(typed); got != want {
					t.Errorf("%q: %q, want %q", typed, got, want)
				}
			})
		}
	}
}

// Every country is found by its codes and its English name, in the languages most forms are filled in, too.
func TestEveryCountryIsFound(t *testing.T) {
	t.Parallel()
	c, found := newCountries(), map[string]bool{}
	for _, region := range regions() {
		code := alpha2(region)
		found[code] = true
		if code != region.String() {
			continue // a former code
		}
		if got := c.find(code); got != code {
			t.Errorf("code %s: %q", code, got)
		}
		if got := c.find(region.ISO3()); got != code && code != "XK" {
			t.Errorf("code %s: %q, want %s", region.ISO3(), got, code)
		}
		for _, tag := range []language.Tag{language.English, language.German, language.French, language.Spanish, language.Portuguese} {
			name := display.Regions(tag).Name(region)
			// Some languages call two countries the same: then neither is meant for certain.
			if got := c.find(name); got != code {
				t.Errorf("%v %q: %q, want %s", tag, name, got, code)
			}
		}
	}
	// ISO 3166-1 has 249, and Kosovo comes on top.
	if len(found) != 250 {
		t.Errorf("%d countries, want 250", len(found))
	}
}

func BenchmarkNewCountries(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newCountries()
	}
}

func FuzzFindCountry(f *testing.F) {
	c := newCountries()
	for _, seed := range []string{"Germany", "Korea, North", "a/b (c) - d", "", ",", "(", "🇩🇪"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if code := c.find(typed); code != "" && (len(code) != 2 || ParseCode(code) != code) {
			t.Errorf("%q is %q", typed, code)
		}
	})
}
