package entry

import "strings"

// Guard puts an apostrophe in front of a text that a spreadsheet would run as a formula. Unguard takes it away, also from
// a text that had one of its own.
func Guard(text string) string {
	if runs(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// Unguard undoes Guard. Other texts stay as they are.
func Unguard(text string) string {
	if bare := strings.TrimLeft(text, "'"); len(bare) < len(text) && runs(bare) {
		return text[1:]
	}
	return text
}

func runs(text string) bool {
	return text != "" && strings.IndexByte("=+-@\t\r", text[0]) >= 0
}
