package server

import (
	"net/netip"
	"strings"
)

// countries maps an ISO 3166-1 alpha-2 code to the names that people type, the English one first. It covers what a trial
// needs, not the world.
var countries = map[string][]string{
	"AE": {"United Arab Emirates", "UAE"},
	"AR": {"Argentina"},
	"AT": {"Austria", "Österreich"},
	"AU": {"Australia"},
	"BE": {"Belgium", "Belgique", "België"},
	"BR": {"Brazil", "Brasil"},
	"CA": {"Canada"},
	"CH": {"Switzerland", "Schweiz", "Suisse", "Svizzera"},
	"CL": {"Chile"},
	"CN": {"China", "中国"},
	"CO": {"Colombia"},
	"CZ": {"Czechia", "Czech Republic", "Česko"},
	"DE": {"Germany", "Deutschland"},
	"DK": {"Denmark", "Danmark"},
	"EG": {"Egypt"},
	"ES": {"Spain", "España"},
	"FI": {"Finland", "Suomi"},
	"FR": {"France"},
	"GB": {"United Kingdom", "UK", "Great Britain", "England", "Scotland", "Wales"},
	"GR": {"Greece", "Ελλάδα"},
	"HU": {"Hungary", "Magyarország"},
	"ID": {"Indonesia"},
	"IE": {"Ireland", "Éire"},
	"IL": {"Israel"},
	"IN": {"India"},
	"IS": {"Iceland", "Ísland"},
	"IT": {"Italy", "Italia"},
	"JP": {"Japan", "日本"},
	"KE": {"Kenya"},
	"KR": {"South Korea", "Korea", "대한민국"},
	"MX": {"Mexico", "México"},
	"NG": {"Nigeria"},
	"NL": {"Netherlands", "The Netherlands", "Nederland"},
	"NO": {"Norway", "Norge"},
	"NZ": {"New Zealand"},
	"PE": {"Peru", "Perú"},
	"PL": {"Poland", "Polska"},
	"PT": {"Portugal"},
	"RO": {"Romania", "România"},
	"RS": {"Serbia", "Srbija"},
	"SE": {"Sweden", "Sverige"},
	"SG": {"Singapore"},
	"TR": {"Türkiye", "Turkey"},
	"TW": {"Taiwan", "台灣"},
	"UA": {"Ukraine", "Україна"},
	"US": {"United States", "USA", "United States of America"},
	"VN": {"Vietnam", "Việt Nam"},
	"ZA": {"South Africa"},
}

// countryNames finds a code by what was typed, in lower case: a name or the code itself.
var countryNames = func() map[string]string {
	index := map[string]string{}
	for code, names := range countries {
		index[strings.ToLower(code)] = code
		for _, name := range names {
			index[strings.ToLower(name)] = code
		}
	}
	return index
}()

// callingCodes are the beginnings of international numbers. Where countries share one, the longer beginnings tell.
var callingCodes = map[string]string{
	"1": "US", "1204": "CA", "1416": "CA", "1514": "CA", "1604": "CA", "1613": "CA",
	"20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR", "34": "ES", "351": "PT", "353": "IE",
	"354": "IS", "358": "FI", "36": "HU", "380": "UA", "381": "RS", "39": "IT", "40": "RO", "41": "CH", "420": "CZ",
	"43": "AT", "44": "GB", "45": "DK", "46": "SE", "47": "NO", "48": "PL", "49": "DE", "51": "PE", "52": "MX",
	"54": "AR", "55": "BR", "56": "CL", "57": "CO", "61": "AU", "62": "ID", "64": "NZ", "65": "SG", "81": "JP",
	"82": "KR", "84": "VN", "86": "CN", "886": "TW", "90": "TR", "91": "IN", "234": "NG", "254": "KE", "971": "AE",
	"972": "IL",
}

// maxCallingCode is the length of the longest key above.
const maxCallingCode = 4

// networks are the ranges reserved for documentation (RFC 5737 and RFC 3849); no visitor comes from them.
var networks = map[netip.Prefix]string{
	netip.MustParsePrefix("192.0.2.0/24"):    "GB",
	netip.MustParsePrefix("198.51.100.0/24"): "US",
	netip.MustParsePrefix("203.0.113.0/24"):  "JP",
	netip.MustParsePrefix("2001:db8::/32"):   "DE",
}
