package location

// countryAliases are names that CLDR does not have: short forms, official ones, parts that people take for the whole, and
// the changes of the last years. Separated by commas; case, accents, blanks and punctuation don't matter.
func countryAliases() map[string]string {
	return map[string]string{
		"AE": "UAE,Emirates,U.A.E.",
		"BA": "Bosnia,BiH,Bosna",
		"BN": "Brunei Darussalam",
		"BO": "Plurinational State of Bolivia,Bolivia Plurinational State of",
		"BS": "Bahamas,The Bahamas",
		"BY": "Weißrussland,Biélorussie,Byelorussia,Белоруссия",
		"CD": "DR Congo,DRC,Democratic Republic of the Congo,Congo Democratic Republic of the,Congo The Democratic Republic of the,Congo Kinshasa,Zaire",
		"CG": "Congo,Republic of the Congo,Congo Republic of the,Congo Brazzaville",
		"CH": "Swiss,Confoederatio Helvetica",
		"CI": "Ivory Coast,Elfenbeinküste,Costa de Marfil,Costa d'Avorio,Costa do Marfim",
		"CN": "PRC,PR China,P.R. China,People's Republic of China,Mainland China",
		"CV": "Cabo Verde,Cape Verde",
		"CZ": "Czech Republic,Ceska republika",
		"DE": "Federal Republic of Germany,Bundesrepublik Deutschland,BRD,FRG",
		"FK": "Falkland Islands Malvinas",
		"FM": "Federated States of Micronesia,Micronesia Federated States of",
		"GB": "UK,Great Britain,Britain,England,Scotland,Wales,Northern Ireland,United Kingdom of Great Britain and Northern Ireland," +
			"Großbritannien,Grossbritannien,Gran Bretaña,Grande-Bretagne,Gran Bretagna,Grã-Bretanha,Groot-Brittannië,Storbritannien," +
			"Wielka Brytania,Великобритания,Inglaterra,Angleterre,Inghilterra",
		"GE": "Georgia,Republic of Georgia",
		"GM": "Gambia,The Gambia",
		"GR": "Hellas,Hellenic Republic",
		"HK": "Hong Kong,Hongkong,HKSAR,香港,中国香港",
		"IE": "Republic of Ireland,Eire",
		"IR": "Islamic Republic of Iran,Iran Islamic Republic of",
		"KP": "North Korea,Democratic People's Republic of Korea,Korea Democratic People's Republic of,DPRK",
		"KR": "South Korea,Republic of Korea,Korea Republic of,Korea South,ROK,Korea",
		"LA": "Lao PDR,Lao People's Democratic Republic,Lao",
		"LY": "Libyan Arab Jamahiriya,State of Libya",
		"MD": "Republic of Moldova,Moldova Republic of,Moldavia",
		"MK": "North Macedonia,Macedonia,Republic of North Macedonia,FYROM,Macedonia the former Yugoslav Republic of," +
			"Nordmazedonien,Macédoine du Nord,Macedonia del Norte,Macedonia del Nord,Северна Македонија",
		"MM": "Burma,Myanmar,Birma,Birmanie",
		"MO": "Macao,Macau,澳门,澳門",
		"NL": "Holland,The Netherlands,Kingdom of the Netherlands,Netherlands Kingdom of the,Hollande,Olanda,Holanda",
		"PS": "Palestine,State of Palestine,Palestine State of,Palestinian Territory,Occupied Palestinian Territory",
		"RU": "Russian Federation",
		"SH": "Saint Helena Ascension and Tristan da Cunha",
		"ST": "Sao Tome",
		"SY": "Syrian Arab Republic",
		"SZ": "Eswatini,Swaziland,Kingdom of Eswatini",
		"TL": "East Timor,Timor Leste",
		"TR": "Türkiye,Turkey,Republic of Türkiye",
		"TT": "Trinidad,Tobago",
		"TW": "Taiwan,Taiwan Province of China,Taiwan ROC,Chinese Taipei",
		"TZ": "United Republic of Tanzania,Tanzania United Republic of",
		"UA": "The Ukraine",
		"US": "USA,U.S.A.,U.S.,United States of America,America,The States,Estados Unidos de América,États-Unis d'Amérique," +
			"Vereinigte Staaten von Amerika,Stati Uniti d'America,Verenigde Staten van Amerika,EEUU,EE.UU.,США,Amerika",
		"VA": "Holy See,Vatican",
		"VC": "Saint Vincent",
		"VE": "Bolivarian Republic of Venezuela,Venezuela Bolivarian Republic of",
		"VG": "Virgin Islands British",
		"VI": "Virgin Islands US,Virgin Islands U.S.,US Virgin Islands",
		"VN": "Viet Nam",
	}
}
